"""Labels that are probably wrong."""

import numpy as np
import pytest

from zoo.data.dataset import Split
from zoo.training.cleaning.mislabels import apart, confident, suspected_labels


def clusters(counts, seed=0, features=8, apart=4.0):
    """Features of classes that lie apart, and their labels."""
    random = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    centres = apart * random.normal(size=(len(counts), features)) / np.sqrt(features)
    x = centres[y] + random.normal(size=(len(y), features)) / np.sqrt(features)
    return x.astype(np.float32), y


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_flipped_labels_come_first(seed):
    x, y = clusters([20] * 5, seed)
    truth, flipped = y.copy(), np.random.default_rng(seed).choice(100, 5, replace=False)
    y[flipped] = (y[flipped] + 1 + seed) % 5
    found, agreeing = suspected_labels(Split(x, y), 5)
    assert 0.9 <= agreeing <= 0.95
    first = {index: seems for index, seems, _ in found[:5]}
    assert {*first} == {*flipped.tolist()}
    assert all(truth[index] == seems for index, seems in first.items())
    scores = [score for *_, score in found]
    assert scores == sorted(scores, reverse=True)


def test_right_labels_are_left_alone():
    x, y = clusters([30] * 4, apart=8.0)
    assert suspected_labels(Split(x, y), 4) == ([], 1.0)


def test_a_class_that_is_told_with_less_certainty_needs_less():
    common, rare = [0.9, 0.1], [0.55, 0.45]
    probabilities = np.array([common] * 9 + [rare] + [rare] * 3)
    y = np.array([0] * 10 + [1] * 3)
    # The mean of class 1 is 0.45, which example 9 reaches; that of class 0 is 0.865.
    assert [(index, seems) for index, seems, _ in confident(probabilities, y)] == [(9, 1)]


def test_the_least_likely_label_comes_first():
    """Not the surest other class: the last example hesitates between two that are not its label."""
    y = np.array([0, 0, 1, 1, 2, 2, 0, 0])
    right = [[0.9, 0.05, 0.05]] * 2 + [[0.3, 0.4, 0.3]] * 2 + [[0.3, 0.3, 0.4]] * 2
    probabilities = np.array([*right, [0.1, 0.9, 0.0], [0.02, 0.49, 0.49]])
    found = confident(probabilities, y)
    assert [(index, seems) for index, seems, _ in found] == [(7, 1), (6, 1)]
    assert [score for *_, score in found] == pytest.approx([0.98, 0.9])


def test_of_several_likely_classes_the_likeliest_counts():
    probabilities = np.array([[0.5, 0.3, 0.2]] * 2 + [[0.2, 0.5, 0.3]] * 2 + [[0.1, 0.6, 0.3]] * 2)
    y = np.array([0, 0, 1, 1, 2, 2])
    assert confident(probabilities, y) == [
        (4, 1, pytest.approx(0.7)),
        (5, 1, pytest.approx(0.7)),
    ]


@pytest.mark.parametrize("counts", [(20, 20, 1), (1, 1, 1), (20, 20, 0)])
def test_of_a_class_with_one_example_nothing_is_said(counts):
    x, y = clusters(counts, apart=6.0)
    found, _ = suspected_labels(Split(x, y), 3)
    assert all(y[index] != 2 and seems != 2 for index, seems, _ in found)


@pytest.mark.parametrize(
    ("counts", "windows", "lonely"),
    [
        ((11, 1), 1, 1),  # Without the one of class 1, a head sees class 0 alone.
        ((1, 11), 1, 0),
        ((2, 1), 1, 1),
        ((2, 1), 4, 1),  # Of recordings, whose windows stay together.
        ((11, 1, 1), 1, None),
        ((2, 2), 9, None),
        ((3, 2), 9, None),  # As many folds as a class has recordings, not windows.
    ],
)
def test_a_head_that_saw_one_class_alone_is_sure_of_it(counts, windows, lonely):
    x, y = clusters(np.multiply(counts, windows), apart=1.0)
    probabilities = apart(Split(x, y, recordings=np.arange(len(y)) // windows), len(counts))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (probabilities.max(axis=1) == 1).any() == (lonely is not None)
    if lonely is not None:
        assert (probabilities[y == lonely] == [lonely == 1, lonely == 0]).all()


def test_a_class_alone_is_all_there_is():
    x, y = clusters((0, 7))
    assert (apart(Split(x, y), 2) == [0, 1]).all()


@pytest.mark.parametrize(("counts", "windows"), [((1, 1, 1), 1), ((1, 1), 9), ((1, 0), 9)])
def test_without_two_of_a_class_nothing_is_predicted(counts, windows):
    x, y = clusters(np.multiply(counts, windows))
    assert apart(Split(x, y, recordings=np.arange(len(y)) // windows), len(counts)) is None
