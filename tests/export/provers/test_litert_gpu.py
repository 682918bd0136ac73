"""LiteRT's GPU accelerator on every family, and on files broken on purpose: `make test-provers`."""

from __future__ import annotations

import dataclasses
import os

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import export
import zoo
from export.checks.prove import prove
from export.checks.provers import litert_gpu
from export.checks.provers.prover import Subject
from export.tflite import convert
from export.tflite.runtime import LiteModel
from tests.export.tflite.test_for_gpu import File
from zoo.data.sources import load_dataset

pytestmark = pytest.mark.provers

LABELS = ("a", "b", "c")
FAMILIES = {
    "resnet8": ((32, 32, 3), {}),
    "residual_mlp": ((8,), {"depth": 2}),
    "residual_lstm": ((6, 4), {}),
    "residual_encoder": ((6, 4), {"depth": 1}),
    "residual_vit": ((32, 32, 3), {"depth": 1}),
}


@pytest.fixture(autouse=True)
def _a_device(monkeypatch):
    if os.environ["VK_DRIVER_FILES"] == "none":  # tests/conftest.py
        monkeypatch.delenv("VK_DRIVER_FILES")
    if missing := litert_gpu.absent():
        pytest.skip(missing)


def inputs(shape):
    noise = np.random.default_rng(0).normal(size=(60, *shape)).astype(np.float32)
    return (40 * noise + 128).clip(0, 255) if len(shape) == 3 else noise


def exported(model, x, folder, targets=("gpu", "edge")):
    """Exports, and gives the report whatever the gates of integers say of random weights."""
    labels = tuple("abcdefghij"[: model.output_shape[-1]])
    samples = export.Samples(calibration=x, test_x=x)
    try:
        return export.export_model(
            model,
            folder,
            samples=samples,
            labels=labels,
            targets=targets,
            outputs="logits",
            edge_precision="int8",
            rescue="none",
            provers=("litert_gpu",),
        )
    except export.GateFailure as failure:
        return failure.report


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_keeps_its_answers_on_the_gpu(name, tmp_path):
    shape, config = FAMILIES[name]
    keras.utils.set_random_seed(1)
    model = zoo.create_model(name, input_shape=shape, num_classes=len(LABELS), **config)
    report = exported(model, inputs(shape), tmp_path / "out")
    for target in ("gpu", "edge"):
        checks = {check.name: check for check in report.artifacts[target].checks}
        assert checks["litert_gpu"].status == "pass", checks["litert_gpu"].detail
        figures = report.artifacts[target].proofs["litert_gpu"]
        assert figures["device"] != "an unnamed device"
        assert figures["whole_graph"]


def test_without_the_forms_for_gpus_a_resnet_is_wrong(tmp_path, monkeypatch, in_process, shipped):
    """Trained weights, since the labels of random ones hardly depend on the input."""
    monkeypatch.setattr(convert, "for_gpu", lambda content: content)
    report = exported(
        shipped.model, load_dataset("digits").test.x[:60], tmp_path / "out", ("edge",)
    )
    _is_not_for_a_gpu(report)


def test_without_the_forms_for_gpus_an_encoder_is_wrong(tmp_path, monkeypatch, in_process):
    monkeypatch.setattr(convert, "for_gpu", lambda content: content)
    shape, config = FAMILIES["residual_encoder"]
    keras.utils.set_random_seed(1)
    model = zoo.create_model(
        "residual_encoder", input_shape=shape, num_classes=len(LABELS), **config
    )
    _is_not_for_a_gpu(exported(model, inputs(shape), tmp_path / "out", ("edge",)))


def _is_not_for_a_gpu(report):
    checks = {check.name: check for check in report.artifacts["edge"].checks}
    assert checks["litert_gpu"].status == "warning"  # It is right on what edge is for.
    assert "not for a GPU" in checks["litert_gpu"].detail


def test_an_operator_that_no_gpu_has_is_named(tmp_path):
    file = File()
    x, y = file.tensor((1, 4)), file.tensor((1, 4, 4))
    file.does("MATRIX_DIAG", [x], y, schema.MatrixDiagOptionsT())
    path = tmp_path / "gpu.tflite"
    path.write_bytes(file.bytes([x], [y]))
    np.savez(tmp_path / "x.npz", x=inputs((4,)))
    model = LiteModel(path)
    target = dataclasses.replace(export.TARGETS["gpu"], provers=("litert_gpu",))
    facts = (path, target, model.input, model.output, "features", False, LABELS)
    (proof,) = prove(Subject(*facts, tmp_path / "x.npz"), tmp_path)
    assert proof.check.status == "fail"
    assert "MATRIX_DIAG: Operation is not supported" in proof.check.detail


def test_a_sum_beyond_float16_is_named_with_layer_and_value(tmp_path):
    features = keras.Input((8,))
    x = keras.layers.Dense(64, activation="relu", name="wide")(features)
    large = keras.initializers.Constant(1e4)
    # The ReLU keeps the converter from joining the two layers into one of usual weights.
    x = keras.layers.Dense(2, kernel_initializer=large, activation="relu", name="total")(x)
    small = keras.initializers.RandomNormal(stddev=1e-6, seed=0)
    model = keras.Model(features, keras.layers.Dense(3, kernel_initializer=small)(x))
    report = exported(model, inputs((8,)), tmp_path / "out", ("gpu",))
    details = {check.name: check for check in report.artifacts["gpu"].checks}
    assert details["float16_range"].status == "fail", details["float16_range"].detail
    assert "in layer 'total" in details["float16_range"].detail
