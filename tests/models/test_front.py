"""Which first layers stay in float32, and what integers then hold."""

import numpy as np
import pytest

import export
from zoo.models import build
from zoo.models.front import front_names

# Deviations of six channels: those of an accelerometer in g, and of angles in degrees.
ALIKE, FAR = [1.0] * 6, [0.5, 0.5, 0.7, 100.0, 60.0, 100.0]


def small(name, **config):
    return build(name, **{"depth": 1, "width": 8, "num_classes": 3, **config})


@pytest.mark.parametrize(
    ("config", "coarse"),
    [
        ({"std": ALIKE}, False),
        ({"mean": [3.0] * 6, "std": ALIKE}, False),
        ({"std": [1.0, 1.0, 1.0, 3.5, 3.5, 3.5]}, False),
        ({"std": FAR}, True),
        ({"mean": [0, 0, 0, 0, 0, 300.0], "std": ALIKE}, True),  # Far from zero, which is held too.
        ({"mean": [-300.0] * 6, "std": ALIKE}, True),
        ({}, False),
    ],
)
@pytest.mark.parametrize("name", ["residual_lstm", "residual_encoder"])
def test_channels_that_share_no_step_are_normalised_in_float32(name, config, coarse):
    model = small(name, input_shape=(16, 6), **config)
    assert front_names(model) == (("normalization",) if coarse else ())


def test_what_looks_for_padding_reads_raw_input_itself():
    model = small("residual_encoder", input_shape=(None, 6), std=FAR)
    assert front_names(model) == ()


def test_one_step_of_a_stream_is_not_divided():
    model = small("residual_lstm", input_shape=(16, 6), std=FAR)
    assert front_names(model, stepped=True) == ()


def test_pictures_are_integers_already():
    model = build("resnet8", mean=(120.0, 110.0, 100.0), std=(60.0, 60.0, 70.0))
    assert front_names(model) == ()


@pytest.mark.parametrize(
    "name", ["residual_encoder", pytest.param("residual_lstm", marks=pytest.mark.slow)]
)
def test_integers_hold_channels_of_all_units(tmp_path, name):
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(300, 6, 6)).cumsum(1).astype(np.float32)
    steps /= steps.std((0, 1))
    model = small(name, input_shape=(6, 6), std=FAR)
    x = steps * np.array(FAR, np.float32)
    samples = export.Samples(calibration=x[:200], test_x=x[200:])

    def decibels(folder, front):
        settings = {"edge_precision": "int8", "rescue": "none", "provers": (), "front": front}
        try:
            report = export.export_model(
                model, folder, samples=samples, targets=("edge",), outputs="values", **settings
            )
        except export.GateFailure as failure:
            report = failure.report
        return report.artifacts["edge"].parity.sqnr_db

    kept = decibels(tmp_path / "kept", front_names(model))
    assert kept > 20
    assert decibels(tmp_path / "raw", ()) < kept - 6
