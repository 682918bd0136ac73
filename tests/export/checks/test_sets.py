"""Sets of labels: a file may say no other labels than Keras, however rare they are."""

import numpy as np
import pytest

from export.checks.gates import judge
from export.checks.parity import accuracy, chance, compare
from tests.export.checks.test_gates import evidence

LEAST = np.array([0.5, 0.3])
RANDOM = np.random.default_rng(0)
# The second label is rare: six of 200 samples have it.
RARE = np.arange(200) % 33 == 0
REFERENCE = np.stack([RANDOM.random(200), np.where(RARE, 0.8, 0.02)], axis=1).astype(np.float32)


def gates(values, target="edge", right=(0.9, 0.9), reference=REFERENCE):
    parity = compare(values, reference, classified=True, thresholds=LEAST)
    facts = {"parity": parity, "accuracy": right, "thresholds": LEAST, "reference": reference}
    checks = judge(evidence(target, values, **facts))
    return {check.name for check in checks if check.status == "fail"}


def changed(label, value, where=slice(None)):
    values = REFERENCE.copy()
    values[where, label] = value
    return values


def test_rounding_to_bytes_passes():
    assert gates(np.round(REFERENCE * 256) / 256) == set()
    assert gates(REFERENCE, "cpu") == set()


@pytest.mark.parametrize(
    "values",
    [
        changed(1, 0.02),  # The rare label is never said, which is 1.5 % of all decisions.
        changed(1, 0.29, RARE),  # Just below its threshold, which is not one half.
        changed(1, 0.31),  # It is always said.
        REFERENCE[:, ::-1],
    ],
)
def test_other_labels_fail(values):
    assert "top1_agreement" in gates(values)


def test_rounding_may_decide_where_the_model_is_undecided():
    near = np.arange(200) % 10 == 0
    assert gates(changed(0, 0.495, near), reference=changed(0, 0.505, near)) == set()
    wrong = gates(changed(0, 0.45, near), reference=changed(0, 0.55, near))
    assert "top1_agreement" in wrong


def test_a_loss_of_f1_fails():
    assert gates(REFERENCE, "cpu", right=(0.89, 0.9)) == {"accuracy"}


def test_accuracy_is_f1_and_chance_that_of_the_commonest_labels():
    truth = np.array([[1, 0], [1, 1], [0, 0], [1, 0]])
    scores = np.array([[0.9, 0.4], [0.4, 0.4], [0.1, 0.1], [0.6, 0.1]])
    assert accuracy(scores, truth, LEAST) == pytest.approx(2 * 3 / (4 + 4))
    assert chance(truth, 2) == pytest.approx(2 * 3 / (4 + 4))  # Always the first.
    nothing = np.zeros((4, 2), int)
    assert accuracy(scores * 0, nothing, LEAST) == 1
    assert compare(scores * 0, scores * 0, classified=True, thresholds=LEAST).top1_agreement == 1
