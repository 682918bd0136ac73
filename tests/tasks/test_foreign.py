import numpy as np
import pytest

from zoo.tasks.foreign import foreign_of


@pytest.mark.parametrize(
    ("known", "foreign", "auroc", "answered"),
    [
        ([0.9, 0.8], [0.3, 0.2], 1.0, 0.0),
        ([0.9, 0.8], [0.95, 0.99], 0.0, 1.0),
        ([0.9, 0.7], [0.8], 0.5, 1.0),
        ([0.9], [0.9, 0.9, 0.1], 2 / 3, 2 / 3),  # A tie is half a pair.
    ],
)
def test_pairs_and_the_share_that_has_an_answer(known, foreign, auroc, answered):
    result = foreign_of(np.array(known), np.array(foreign), 0.75)
    assert result.examples == len(foreign)
    assert result.auroc == pytest.approx(auroc)
    assert result.answered == pytest.approx(answered)
    assert f"AUROC {auroc:.4f}" in result.text
    assert f"at threshold 0.75, {answered:.2%} of them have an answer" in result.text


def test_without_a_threshold():
    result = foreign_of(np.array([0.9]), np.array([0.2]))
    assert result.answered is None
    assert "threshold" not in result.text
