"""The truth has to suit the outputs: one class for each sample, or a set of labels."""

from __future__ import annotations

import types

import numpy as np
import pytest

import export
from export.checks.truth import check_truth, thresholds_of

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.random((100, 3)).astype(np.float32)
SHARES = SCORES / SCORES.sum(axis=1, keepdims=True)
SETS = (SCORES > 0.5).astype(np.uint8)
ONE_HOT = np.eye(3, dtype=np.uint8)[SHARES.argmax(axis=1)]


def thresholds(reference, truth, outputs="probabilities", least=()):
    form = types.SimpleNamespace(outputs=outputs, classes=reference.shape[1], states=())
    samples = export.Samples(SCORES, SCORES, truth)
    return thresholds_of(form, export.About(thresholds=least), samples, reference)


def test_sets_of_labels_have_thresholds():
    assert thresholds(SCORES, SETS).tolist() == [0.5] * 3
    assert thresholds(SCORES, SETS, "independent_logits", (0.1, 0.2, 0.3)).tolist()[2] == 0.3
    assert thresholds(SCORES, None, "independent_logits").tolist() == [0.5] * 3
    assert thresholds(SCORES, None, least=(0.1, 0.2, 0.3)).tolist()[0] == 0.1
    either = np.stack([SCORES[:, 0], 1 - SCORES[:, 0]], axis=1)  # By sigmoids of x and -x.
    assert thresholds(either, SETS[:, :2], "independent_logits").tolist() == [0.5] * 2
    assert thresholds(SCORES[:, :1], SETS[:, :1]).tolist() == [0.5]


@pytest.mark.parametrize("truth", [None, SHARES.argmax(axis=1)])
def test_classes_have_none(truth):
    assert thresholds(SHARES, truth) is None


@pytest.mark.parametrize(
    ("reference", "truth", "outputs", "least", "message"),
    [
        (SHARES, ONE_HOT, "probabilities", (), r"outputs sum to 1.*test_y.argmax\(axis=1\)"),
        (SHARES, None, "probabilities", (0.5,) * 3, "thresholds of labels, and .* sum to 1"),
        (SHARES, ONE_HOT, "logits", (), "the model's outputs are logits"),
        (SCORES, None, "values", (0.5,) * 3, "the model's outputs are values"),
        (SCORES, ONE_HOT[:, 0], "independent_logits", (), "a yes or no of its own"),
    ],
)
def test_what_does_not_suit_the_outputs_is_refused(reference, truth, outputs, least, message):
    with pytest.raises(export.ExportError, match=message):
        thresholds(reference, truth, outputs, least)


@pytest.mark.parametrize(
    ("columns", "labels", "names"),
    [(1, ("ripe",), "'not ripe' the Keras model calls 'ripe'"), (3, "abc", "'a' the Keras model")],
)
def test_classes_in_another_order_are_named(columns, labels, names):
    scores = SCORES[:, :columns]
    right = (scores[:, 0] > 0.5).astype(int) if columns == 1 else scores.argmax(axis=1)
    check_truth(scores, right, labels, "probabilities")
    with pytest.raises(export.ExportError, match=names):
        check_truth(scores, (right + 1) % max(columns, 2), labels, "probabilities")
