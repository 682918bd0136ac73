"""Each precision gives a file of its kind, which its gates accept; wrong ones are caught."""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest
from keras import layers

import export
from export.checks.gates import judge
from export.precisions import PRECISIONS
from export.targets import TARGETS
from export.tflite.flatbuffer import Node, Tensor, read_graph
from tests.export.checks.test_gates import evidence

X = np.random.default_rng(0).normal(size=(120, 64)).astype(np.float32)


def exported(folder, **options):
    keras.utils.set_random_seed(0)
    features = keras.Input((64,))
    x = layers.Dense(64, activation="relu", name="wide")(features)
    model = keras.Model(features, layers.Dense(3, name="last")(x))
    samples = export.Samples(calibration=X, test_x=X)
    wanted = {"targets": ("cpu",), "labels": ("a", "b", "c"), "outputs": "logits", "provers": ()}
    return export.export_model(model, folder, samples=samples, **{**wanted, **options})


@pytest.mark.parametrize(
    ("precision", "dtype", "gate"),
    [("float16", "float16", "max_rel_error"), ("int8-dynamic", "int8", "int8_weights")],
)
def test_weights_of_cpu_may_be_smaller(tmp_path, in_process, precision, dtype, gate):
    report = exported(tmp_path / "out", cpu_precision=precision, gates={"cpu.sqnr_db": 29})
    cpu = report.artifacts["cpu"]
    assert (cpu.precision, cpu.verdict) == (precision, "pass")
    assert gate in {check.name for check in cpu.checks}
    assert "float16_range" not in {check.name for check in cpu.checks}  # A CPU widens them.
    assert (cpu.input.dtype, cpu.output.dtype) == ("float32", "float32")
    kernels = {
        tensor.dtype
        for tensor in read_graph(tmp_path / "out" / "cpu.tflite").tensors
        if tensor.shape == (64, 64)
    }
    assert dtype in kernels
    kept = json.loads((tmp_path / "out" / "report.json").read_text())["artifacts"]
    before = PRECISIONS[precision].gates.sqnr_db
    assert kept["cpu"]["moved"] == {"sqnr_db": {"from": before, "to": 29}}
    assert "moved" not in kept["saved_model"]
    page = (tmp_path / "out" / "report.html").read_text()
    said = "none" if before is None else f"{before:g}"
    assert f"Gates moved for this export: <code>sqnr_db</code> from {said} to 29." in page
    assert precision in (tmp_path / "out" / "INTEGRATION.md").read_text()


DYNAMIC = dataclasses.replace(TARGETS["cpu"], precision="int8-dynamic")
LARGE, SMALL = (64, 3, 3, 8), (3, 64)


@pytest.mark.parametrize(
    ("kernels", "status"),
    [
        ([("int8", LARGE), ("float32", SMALL)], "pass"),
        ([("float32", SMALL)], "pass"),
        ([("float32", LARGE), ("int8", LARGE)], "warning"),
        ([("float32", LARGE)], "fail"),
        ([("float16", LARGE), ("float32", LARGE)], "fail"),
    ],
)
def test_a_file_of_int8_weights_has_such(kernels, status):
    tensors = tuple(Tensor("k", dtype, shape) for dtype, shape in kernels)
    nodes = tuple(Node("CONV_2D", "conv", ("float32",), inputs=(0, i)) for i in range(len(tensors)))
    graph = {"nodes": nodes, "tensors": tensors}
    checks = {
        check.name: check
        for check in judge(dataclasses.replace(evidence("cpu", graph=graph), target=DYNAMIC))
    }
    assert checks["int8_weights"].status == status


@pytest.mark.slow
def test_where_float16_is_too_coarse_the_gpu_file_is_float32(tmp_path, in_process):
    strict = {"gpu.max_rel_error": 1e-5}
    report = exported(tmp_path / "out", targets=("gpu",), gates=strict)
    gpu = report.artifacts["gpu"]
    assert (gpu.precision, gpu.verdict, gpu.rescue.precision) == ("float32", "pass", "float16")
    assert any("float16 was refused (max_rel_error" in line for line in report.warnings())
