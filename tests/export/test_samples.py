"""Samples are checked and cut; those of pixels get the whole range from 0 to 255."""

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
        (GOOD, GOOD, np.zeros((3, 4), int), r"test_y has shape \(3, 4\)"),
        (GOOD, GOOD, np.full((3, 5), 2), r"test_y has shape \(3, 5\)"),
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
def test_pixels_are_distinguished_from_rescaled_values(low, high, expected):
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


def count(first, number, scale=1.0):
    return scale * (first + np.arange(number, dtype=np.float32))[:, None]


def test_few_test_samples_are_joined_by_others_none_of_them_twice():
    samples = Samples(count(0, 500), count(1000, 5), np.arange(5) % 3, others=count(995, 30))
    checked = check_samples(samples, (1,), 3)
    assert len(checked.compared) == 100
    assert (checked.compared[:5] == checked.test_x).all()
    # Of the 30 the five test samples are known already.
    assert ((checked.others[:, 0] >= 995) & (checked.others[:, 0] < 1025)).sum() == 25
    assert len(np.unique(checked.compared)) == 100
    assert len(checked.test_y) == 5


@pytest.mark.parametrize("lengths", [None, np.array([2, 3])])
def test_others_of_sequences_bring_their_lengths(lengths):
    x = np.random.default_rng(0).normal(size=(40, 3, 2)).astype(np.float32)
    samples = Samples(x[:30], x[30:32], test_lengths=lengths, calibration_lengths=np.full(30, 2))
    checked = check_samples(samples, (3, 2), 2)
    assert len(checked.compared) == 32
    if lengths is None:
        assert checked.compared_lengths is None
    else:
        assert checked.compared_lengths.tolist() == [2, 3, *[2] * 30]


def test_enough_test_samples_are_left_as_they_are():
    samples = Samples(count(0, 300), count(1000, 100), others=count(2000, 50))
    checked = check_samples(samples, (1,), 3)
    assert checked.others is None
    assert checked.compared is checked.test_x


NORMAL = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)


def with_outlier(x, value, count=1):
    x = x.copy()
    x[7 : 7 + count, 2] = value
    return x


@pytest.mark.parametrize(
    ("calibration", "test_x", "left_out"),
    [
        (with_outlier(NORMAL[:200], 1000), NORMAL[200:], 1),
        (with_outlier(NORMAL[:200], -500, 3), NORMAL[200:], 3),
        (NORMAL[:200], NORMAL[200:], 0),
        # So far out, but so do many, or so does a test sample: they belong to the data.
        (with_outlier(NORMAL[:200], 1000, 9), NORMAL[200:], 0),
        (with_outlier(NORMAL[:200], 1000), with_outlier(NORMAL[200:], 1000), 0),
        # A long tail is no outlier, nor is what is mostly zero.
        (np.exp(NORMAL[:200]), np.exp(NORMAL[200:]), 0),
        (with_outlier(0 * NORMAL[:200], 1), 0 * NORMAL[200:], 0),
        (with_outlier(NORMAL[:10], 1000), NORMAL[200:], 0),
    ],
)
def test_a_calibration_sample_far_from_all_others_is_left_out(calibration, test_x, left_out):
    checked = check_samples(Samples(calibration, test_x), (4,), 3)
    assert checked.left_out == left_out
    assert len(checked.calibration) == len(calibration) - left_out
    assert np.abs(checked.calibration).max() < 500 or not left_out


def test_a_picture_in_another_unit_is_left_out():
    pictures = np.random.default_rng(2).random((60, 2, 2, 3)).astype(np.float32)
    pictures[5] *= 255
    assert check_samples(Samples(pictures[:40], pictures[40:]), (2, 2, 3), 3).left_out == 1
