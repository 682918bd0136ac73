import keras
import numpy as np
import pytest

from zoo.models.statistics import adopt_statistics
from zoo.residual import ShallowAdd

FIRST, SECOND = np.array([[0.0, 2.0], [2.0, 4.0]]), np.array([[3.0, 3.0], [5.0, 9.0]])


@pytest.fixture
def model():
    features = keras.Input((2,))
    x = keras.layers.BatchNormalization(momentum=0.7, name="learns")(features)
    x = keras.layers.BatchNormalization(momentum=0.8, name="frozen", trainable=False)(x)
    return keras.Model(features, x)


@pytest.mark.parametrize(
    ("batches", "mean", "variance"),
    [
        ([FIRST], [1, 3], [1, 1]),
        ([FIRST, SECOND], [2.5, 4.5], [1, 5]),  # The mean of the two batches' own.
        (iter([SECOND, FIRST]), [2.5, 4.5], [1, 5]),
        ([], [0, 0], [1, 1]),
    ],
)
def test_statistics_become_the_mean_of_those_of_the_batches(model, batches, mean, variance):
    adopt_statistics(model, batches)
    learns, frozen = model.get_layer("learns"), model.get_layer("frozen")
    np.testing.assert_allclose(learns.moving_mean, mean, atol=1e-6)
    np.testing.assert_allclose(learns.moving_variance, variance, atol=1e-6)
    np.testing.assert_array_equal(frozen.moving_mean, [0, 0])
    assert (learns.momentum, frozen.momentum) == (0.7, 0.8)


def test_momenta_are_as_before_after_a_failure(model):
    with pytest.raises(ValueError, match="shape"):
        adopt_statistics(model, [np.zeros((2, 5))])
    learns = model.get_layer("learns")
    assert learns.momentum == 0.7
    assert "call" not in vars(learns)  # And in use it is in use.
    np.testing.assert_allclose(model(FIRST), FIRST, rtol=1e-2)


def dropping(x):
    return keras.layers.Dropout(0.5)(x)


def noisy(x):
    return keras.layers.GaussianNoise(0.9)(x)


def skipping(x):
    add = ShallowAdd()
    add.rate = 0.5
    return add([x, x])


@pytest.mark.parametrize(("by_chance", "factor"), [(dropping, 1), (noisy, 1), (skipping, 2)])
def test_nothing_is_left_to_chance(by_chance, factor):
    """Statistics are those of use, and a training after them begins with the same seeds."""
    features = keras.Input((2,))
    norm = keras.layers.BatchNormalization()
    model = keras.Model(features, norm(by_chance(features)))
    seeds = [v for v in model.variables if "seed" in v.path]
    before = [v.numpy() for v in seeds]
    x = np.random.default_rng(0).normal(3, 2, (64, 2)).astype(np.float32)
    adopt_statistics(model, [x])
    np.testing.assert_allclose(norm.moving_mean, factor * x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, factor**2 * x.var(axis=0), rtol=1e-5)
    assert seeds
    np.testing.assert_array_equal([v.numpy() for v in seeds], before)
    model(x, training=True)
    assert not np.array_equal([v.numpy() for v in seeds], before)
