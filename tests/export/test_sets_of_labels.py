"""Sets of labels: the files, the report and the pages say how their outputs are to be read."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from keras import layers

import export
from zoo.artifacts.opening.origin import task_of_artifact

X = np.random.default_rng(0).normal(size=(120, 8)).astype(np.float32)
LABELS = ("red", "round", "ripe")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    keras.utils.set_random_seed(0)
    features = keras.Input((8,))
    model = keras.Model(features, layers.Dense(3, activation="sigmoid")(features))
    truth = (model.predict(X, verbose=0) > 0.4).astype(int)
    samples = export.Samples(X, X, truth)
    folder = tmp_path_factory.mktemp("sets") / "out"
    report = export.export_model(model, folder, samples=samples, labels=LABELS, targets=("cpu",))
    assert report.thresholds == (0.5,) * 3
    assert "F1" in report.summary()[0]
    assert "accuracy" not in report.summary()[0]
    return folder


def test_files_hold_the_thresholds_that_the_page_names(folder):
    assert export.file_inside(folder / "cpu.tflite", "thresholds.txt") == "0.5\n" * 3
    assert "on: red 0.5, round 0.5, ripe 0.5" in (folder / "INTEGRATION.md").read_text()
    said = {"kind": "probabilities", "thresholds": [0.5] * 3}
    identity = json.loads(export.file_inside(folder / "cpu.tflite", export.IDENTITY))
    assert identity["outputs"] == said
    outputs = json.loads((folder / "report.json").read_text())["outputs"]
    assert outputs == {**said, "decided": "the last activation is a sigmoid"}


def test_the_report_calls_their_figure_f1(folder):
    page = (folder / "report.html").read_text()
    assert "<dt>Keras F1</dt>" in page
    assert "<th>F1</th>" in page
    assert "Top-1" not in page


@pytest.mark.parametrize("artifact", ["cpu.tflite", "saved_model"])
def test_clients_read_sets_and_no_single_class(folder, artifact):
    task = task_of_artifact(str(folder / artifact))
    assert (task.learns, task.thresholds) == ("sets", (0.5,) * 3)
