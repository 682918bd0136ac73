import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from zoo.tasks.temperature import FEWEST, fitted_temperature


def drawn(factor, examples=4000, classes=4, seed=0):
    """Classes drawn by the probabilities of logits, and these logits times a factor."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=2, size=(examples, classes))
    y = np.array([random.choice(classes, p=row) for row in softmax(logits, axis=1)])
    return (factor * logits).astype(np.float32), y


def entropy(logits, y):
    return -log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(y)), y].mean()


@pytest.mark.parametrize("factor", [0.25, 0.7, 1.5, 4.0])
def test_the_temperature_takes_back_a_factor(factor):
    logits, y = drawn(factor)
    assert fitted_temperature(logits, y) == pytest.approx(factor, rel=0.08)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("examples", [FEWEST, 40, 150])
def test_it_never_raises_the_cross_entropy(seed, examples):
    logits, y = drawn([0.5, 1, 1, 1.2, 3, 9][seed], examples, seed=seed)
    temperature = fitted_temperature(logits, y)
    assert entropy(logits / temperature, y) <= entropy(logits, y)


def test_few_examples_and_numbers_that_are_none_change_nothing():
    logits, y = drawn(5.0, FEWEST)
    assert fitted_temperature(logits, y) != 1
    assert fitted_temperature(logits[1:], y[1:]) == 1
    logits[3, 1] = np.inf
    assert fitted_temperature(logits, y) == 1


@pytest.mark.parametrize("margin", [0.1, 3, 50])
def test_a_classifier_that_is_always_right_does_not_become_infinitely_sure(margin):
    y = np.arange(40) % 2
    logits = margin * np.eye(2)[y]
    temperature = fitted_temperature(logits, y)
    assert temperature <= 1
    # The rule of succession: after 40 right answers, 41 of 42.
    assert softmax(logits / temperature, axis=1).max() <= max(41.5 / 42, softmax([0, margin])[1])
