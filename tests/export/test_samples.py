"""Samples are checked, cut and, for pixels, made to span the whole range."""

from __future__ import annotations

import numpy as np
import pytest

from export.errors import ExportError
from export.samples import (
    Samples,
    are_pixels,
    check_samples,
    evenly_spaced,
    with_full_pixel_range,
)

GOOD = np.zeros((3, 4), np.float32)
BAD = np.array([[0, 1, np.nan, 2]], np.float32)


@pytest.mark.parametrize(
    ("calibration", "test_x", "test_y", "message"),
    [
        (GOOD[:0], GOOD, None, r"calibration is empty; pass at least one sample of shape \(4,\)"),
        (GOOD, GOOD[:0], None, "test_x is empty"),
        (GOOD, np.float32(1), None, "test_x is empty"),
        (GOOD, GOOD[:, :2], None, r"samples of shape \(2,\); the model takes \(4,\)"),
        (BAD, GOOD, None, "calibration has NaN or infinity in 1 of 1 samples"),
        (GOOD, np.full((2, 4), np.inf), None, "test_x has NaN or infinity in 2 of 2"),
        (GOOD, GOOD.astype(str), None, "pass numbers"),
        (GOOD, GOOD, np.zeros(2, int), r"test_y has shape \(2,\); pass one class for each of 3"),
        (GOOD, GOOD, np.zeros((3, 5), int), r"test_y has shape \(3, 5\)"),
        (GOOD, GOOD, np.zeros(3), "test_y holds float64; pass class numbers, 0 to 4"),
        (GOOD, GOOD, np.array([0, 1, 5]), "test_y has classes 0 to 5; the model has 5 outputs"),
        (GOOD, GOOD, np.array([0, 1, -1]), "test_y has classes -1 to 1"),
    ],
)
def test_samples_that_do_not_fit_are_refused(calibration, test_x, test_y, message):
    with pytest.raises(ExportError, match=message) as error:
        check_samples(Samples(calibration, test_x, test_y), shape=(4,), classes=5)
    assert "\n" not in str(error.value)


def test_only_unlabelled_test_samples_are_cut():
    many = np.arange(1000, dtype=np.float32)[:, None]
    unlabelled = check_samples(Samples(many, many), shape=(1,), classes=3)
    labelled = check_samples(Samples(many, many, np.zeros(1000, int)), shape=(1,), classes=3)
    assert (len(unlabelled.calibration), len(unlabelled.test_x)) == (200, 256)
    assert (len(labelled.calibration), len(labelled.test_x)) == (200, 1000)


def test_evenly_spaced_reaches_both_ends():
    rows = evenly_spaced(np.arange(1000), 200)
    assert (rows[0], rows[-1], len(set(rows))) == (0, 999, 200)
    assert set(np.diff(rows)) <= {5, 6}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 255, True), (0, 200, True), (0, 47, True), (0, 1, False), (-1, 1, False),
        (0, 4, False), (0, 80, False), (-80, 0, False), (-20, 200, False), (0, 300, False),
    ],
)  # fmt: skip
def test_pixels_are_told_from_rescaled_values(low, high, expected):
    images = np.linspace(low, high, 48, dtype=np.float32).reshape(1, 4, 4, 3)
    assert are_pixels(Samples(images, images)) is expected


def test_the_pixel_range_is_made_whole_without_touching_the_samples():
    grey = np.full((2, 4, 4, 3), 100, np.uint8)
    extended = with_full_pixel_range(grey)
    assert len(extended) == 3
    assert (extended.min(), extended.max()) == (0, 255)
    assert (extended[2] == 100).mean() == pytest.approx(14 / 16)
    assert (grey == 100).all()


def test_calibration_is_balanced_where_classes_are_given():
    y = np.repeat([0, 1, 2], [950, 40, 10])
    x = np.arange(1000, dtype=np.float32)[:, None]
    checked = check_samples(Samples(x, x[:5], calibration_y=y), (1,), 3)
    assert np.bincount(y[checked.calibration[:, 0].astype(int)]).tolist() == [150, 40, 10]
    assert checked.calibration[0] == 0
    assert checked.calibration[149] == 949
    with pytest.raises(ExportError, match=r"calibration_y has shape \(999,\)"):
        check_samples(Samples(x, x[:5], calibration_y=y[1:]), (1,), 3)


def test_what_is_no_array_is_one_line():
    import tensorflow as tf

    x = np.zeros((4, 3), np.float32)
    batches = tf.data.Dataset.from_tensor_slices(x).batch(2)
    for given, name in ((batches, "BatchDataset"), (iter(x), "iterator"), ({"x": x}, "dict")):
        with pytest.raises(ExportError, match=f"^calibration is a _?{name}; pass an array, as"):
            check_samples(Samples(given, x), (3,), 2)
        with pytest.raises(ExportError, match=f"^test_x is a _?{name}; pass an array, as"):
            check_samples(Samples(x, given), (3,), 2)
    assert len(check_samples(Samples(np.concatenate(list(batches)), list(x)), (3,), 2).test_x) == 4
