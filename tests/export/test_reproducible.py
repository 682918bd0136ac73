"""Same input, same bytes: two processes that share nothing export the same files."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import export

EXPORT = """
import sys
import keras
import numpy as np
from keras import layers
import export

keras.utils.set_random_seed(1)
image = keras.Input((8, 8, 3))
x = layers.Rescaling(1 / 255)(image)
x = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
x = layers.ReLU()(layers.BatchNormalization(beta_initializer="random_normal")(x))
x = layers.Add()([x, layers.Conv2D(4, 1)(x)])
model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)), name="small")
pictures = np.random.default_rng(2).integers(0, 256, (30, 8, 8, 3)).astype(np.uint8)
export.export_model(
    model,
    sys.argv[1],
    samples=export.Samples(pictures, pictures),
    labels=("a", "b", "c"),
    outputs="logits",
    provers=(),  # What other software says is not written inside.
    identity={"checkpoint": "small.noise", "model": "small"},
)
"""
# They tell how long things took.
REPORTS = {"report.json", "report.html"}


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in REPORTS
    }


@pytest.mark.slow
def test_two_processes_export_the_same_bytes(tmp_path):
    root = Path(export.__file__).parent.parent
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", EXPORT, tmp_path / seed],
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": seed},
            stderr=subprocess.DEVNULL,
        )
        for seed in ("1", "2")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    first, second = digests(tmp_path / "1"), digests(tmp_path / "2")
    assert {"cpu.tflite", "gpu.tflite", "edge.tflite", "INTEGRATION.md", "labels.txt"} < set(first)
    assert "saved_model/1/saved_model.pb" in first
    assert first == second
