"""Sets of labels: scores by hand, thresholds, and what is said."""

import numpy as np
import pytest

from zoo.tasks.multilabel import MULTILABEL

LABELS = ("cat", "dog", "bird")
P = np.array([[0.9, 0.2, 0.1], [0.8, 0.7, 0.1], [0.3, 0.6, 0.1], [0.2, 0.4, 0.1]], np.float32)
Y = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]], np.uint8)


def test_scores_by_hand():
    score = MULTILABEL.score(P, Y, LABELS)
    cat, dog, bird = score.labels
    assert (cat.precision, cat.recall, cat.examples) == (1, pytest.approx(2 / 3), 3)
    assert (dog.precision, dog.recall, dog.average_precision) == (0.5, 1, 1)
    assert (bird.f1, bird.average_precision, bird.examples) == (0, None, 0)
    assert score.map == 1  # Of the labels that there are.
    assert score.micro_f1 == pytest.approx(2 * 3 / (4 + 4))
    assert score.macro_f1 == pytest.approx((0.8 + 2 / 3 + 0) / 3)
    assert score.exact == 0.75
    assert set(score.intervals) == {"exact"}


@pytest.mark.parametrize(
    ("smoothing", "likeliest"),
    [(MULTILABEL.smoothing, 0.01), (0.1, 0.059)],  # (1 - s) · 1 % + s / 2
)
def test_a_rare_label_is_as_likely_as_it_is_rare(smoothing, likeliest):
    probabilities = np.linspace(0.001, 0.2, 400)
    y = np.repeat([[1], [0]], [1, 99], axis=0)
    logits = np.log(probabilities / (1 - probabilities))
    losses = [
        MULTILABEL.measured(np.full((100, 1), one, np.float32), y, smoothing)["loss"]
        for one in logits
    ]
    assert probabilities[np.argmin(losses)] == pytest.approx(likeliest, abs=5e-4)


def test_thresholds_are_those_of_the_best_f1():
    thresholds = MULTILABEL.chosen(P, Y)
    assert thresholds == (0.25, 0.65, 0.5)  # Nothing is known of birds.
    task = MULTILABEL.decided(thresholds)
    assert task.score(P, Y, LABELS).exact == 1
    assert [row.threshold for row in task.score(P, Y, LABELS).labels] == [0.25, 0.65, 0.5]


def test_equal_scores_are_not_parted():
    scores, truth = np.array([[0.5], [0.5], [0.5], [0.1]]), np.array([[1], [0], [0], [1]])
    (threshold,) = MULTILABEL.chosen(scores, truth)
    assert threshold < 0.1


def test_all_labels_above_their_thresholds_are_said_and_perhaps_none():
    task = MULTILABEL.decided((0.25, 0.65, 0.5))
    said = [[label for label, _ in task.answers(row, LABELS, top=1)] for row in P]
    assert said == [["cat"], ["cat", "dog"], ["cat"], []]


def test_probabilities_of_any_logits():
    probabilities = MULTILABEL.predictions(np.array([[-1e4, 0, 1e4, 1]], np.float32))
    np.testing.assert_allclose(probabilities, [[0, 0.5, 1, 1 / (1 + np.exp(-1))]], rtol=1e-6)


def test_strata_are_the_rarest_labels():
    y = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1]])
    assert MULTILABEL.strata(y).tolist() == [0, 1, 0, 3, 2]
