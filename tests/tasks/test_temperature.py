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


@pytest.mark.parametrize(("examples", "highest"), [(20, 0.75), (40, 0.67), (10_000, 0.35)])
def test_a_classifier_that_is_always_right_becomes_surer_the_more_there_is(examples, highest):
    y = np.arange(examples) % 2
    temperature = fitted_temperature(3 * np.eye(2)[y], y)
    assert 0.05 < temperature < highest


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_few_examples_move_it_less_than_many(factor):
    """In the mean of many draws; the prior holds it near 1."""
    distances = []
    for examples in (FEWEST, 400):
        draws = [drawn(factor, examples, seed=seed) for seed in range(30)]
        logarithms = [np.log(fitted_temperature(*draw)) for draw in draws]
        distances.append(abs(np.mean(logarithms)))
    assert distances[0] < distances[1] - 0.05
