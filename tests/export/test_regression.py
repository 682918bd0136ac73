"""Regressions whose ranges do not suit integers or float16: useless files are refused by name."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import export

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 6)).astype(np.float32)


def network(last, *more, shift=0.0, scale=1.0):
    """Two dense layers and what comes after; its answers are spread by `scale` around `shift`."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    h = layers.Dense(16, activation="tanh")(inputs)
    outputs = layers.Dense(last, name="last")(h)
    for layer in more:
        outputs = layer(outputs)
    model = keras.Model(inputs, outputs)
    kernel, bias = model.get_layer("last").get_weights()
    model.get_layer("last").set_weights([kernel * scale, bias + np.float32(shift)])
    return model


def failed(model, targets, folder, calibration=X[:200]):
    samples = export.Samples(calibration, X[200:])
    try:
        report = export.export_model(
            model,
            folder,
            samples=samples,
            targets=targets,
            outputs="values",
            rescue="none",
            provers=(),
        )
    except export.GateFailure as failure:
        report = failure.report
    return report, {check.name: check.detail for _, check in report.failures()}


def with_outlier():
    x = X[:200].copy()
    x[3, 2] = 5000.0  # In another unit.
    return x


def test_one_row_in_another_unit_is_left_out_and_said(in_process, tmp_path):
    report, wrong = failed(network(1), ("edge",), tmp_path / "out", with_outlier())
    assert wrong == {}
    assert (report.outputs, report.decided) == ("values", "as asked")
    assert report.artifacts["edge"].parity.r2 > 0.98
    assert any("1 calibration sample lies" in line for line in report.warnings())


@pytest.mark.parametrize(
    ("model", "gates"),
    [
        # Targets over many orders of magnitude: nearly all answers are exactly 0.
        (
            lambda: network(1, *[layers.Lambda(lambda x: x * x) for _ in range(4)], shift=3),
            {"distinct_answers"},
        ),
        # A sigmoid that says 3e-4, give or take a third.
        (lambda: network(1, layers.Activation("sigmoid"), shift=-8.1, scale=0.2), {"r2"}),
        # Two outputs of 1e5 and of 1.
        (lambda: network(2, layers.Rescaling([1e5, 1.0])), {"r2"}),
    ],
)
def test_integers_that_lose_what_is_small_are_refused(in_process, tmp_path, model, gates):
    _, wrong = failed(model(), ("edge",), tmp_path / "out")
    assert gates <= set(wrong)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5])
def test_the_unit_of_a_regression_does_not_matter(in_process, tmp_path, scale):
    model = network(1, scale=scale)
    _, wrong = failed(model, ("cpu", "edge"), tmp_path / "out")
    assert wrong == {}


@pytest.mark.parametrize(
    ("model", "reached"),
    [
        (lambda: network(1, shift=1e6), "weight 'last/bias' holds 1e+06"),
        (
            lambda: network(1, layers.Rescaling(1e6), layers.ReLU(), layers.Rescaling(1e-6)),
            "in layer",
        ),
    ],
)
def test_what_float16_does_not_hold_is_named(in_process, tmp_path, model, reached):
    _, wrong = failed(model(), ("gpu",), tmp_path / "out")
    assert reached in wrong["float16_range"]
    assert "gpu_precision='float32'" in wrong["float16_range"]
