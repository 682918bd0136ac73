import keras
import numpy as np
import pytest

from zoo.models.statistics import adopt_statistics

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
    assert model.get_layer("learns").momentum == 0.7
