import numpy as np
import pytest

from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.decision import effect, shifted

SECOND = np.array([0.0, 0.1, 0.3, 0.31, 0.5, 0.6, 0.9, 1.0])
Y = np.array([0, 0, 1, 0, 1, 0, 1, 1])


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5, 0.75, 0.95])
def test_the_second_class_is_predicted_above_the_threshold(threshold):
    moved = shifted(np.stack([1 - SECOND, SECOND], axis=1), threshold)
    assert (moved.argmax(axis=1) == (threshold < SECOND)).all()
    np.testing.assert_allclose(moved.sum(axis=1), 1)
    assert (np.diff(moved[:, 1]) > 0).all()
    assert (moved >= 0).all()


def test_the_effect_is_said_and_the_auc_stays():
    probabilities = np.stack([1 - SECOND, SECOND], axis=1)
    before = CLASSIFICATION.score(probabilities, Y, ("no", "yes"))
    after = CLASSIFICATION.score(shifted(probabilities, 0.2), Y, ("no", "yes"))
    assert after.auc == before.auc
    assert effect(0.2, before, after) == (
        "decision threshold 0.2 in place of 0.5: recall of 'yes' 100.00% (50.00% before), "
        "precision 66.67% (66.67%), top1 75.00% (62.50%)"
    )
