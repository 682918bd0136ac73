import numpy as np
import pytest

from zoo.tasks.reliability import reliability_of


def sure(*confidences):
    return np.array([[c, 1 - c] for c in confidences], np.float32)


@pytest.mark.parametrize(
    ("confidences", "y", "error"),
    [
        ([1.0, 1.0], [0, 0], 0.0),
        ([1.0, 1.0], [1, 1], 1.0),
        ([1.0, 1.0], [0, 1], 0.5),
        ([0.8, 0.8, 0.8, 0.8, 0.8], [0, 0, 0, 0, 1], 0.0),
        ([0.65, 0.95, 0.95, 0.95], [1, 0, 0, 0], 0.65 / 4 + 0.05 * 3 / 4),
        ([0.35], [1], 0.35),  # The other class is told, rightly, with 0.65.
    ],
)
def test_the_error(confidences, y, error):
    reliability = reliability_of(sure(*confidences), np.array(y))
    assert reliability.error == pytest.approx(error, abs=1e-6)
    assert sum(reliability.examples) == len(y)


def test_the_bins_that_hold_something():
    reliability = reliability_of(sure(0.61, 0.69, 0.95), np.array([0, 1, 0]))
    assert reliability.examples == (2, 1)
    assert reliability.accuracy == (0.5, 1.0)
    assert reliability.confidence == pytest.approx((0.65, 0.95))


@pytest.mark.parametrize("examples", [60, 250, 4000])
def test_a_perfect_classifier_has_the_error_of_chance(examples):
    """Labels drawn by the probabilities themselves, many times."""
    random = np.random.default_rng(1)
    confidences = random.uniform(0.5, 1, examples)
    errors = [
        reliability_of(sure(*confidences), (random.random(examples) > confidences).astype(int))
        for _ in range(60)
    ]
    mean = np.mean([reliability.error for reliability in errors])
    assert mean == pytest.approx(errors[0].chance, rel=0.15)
