import keras
import pytest
from keras import layers

from export.artifact import _kernel_values


class Shared(layers.Layer):
    """A layer whose kernel of 3 by 8 is calculated from fewer weights."""

    def build(self, shape):
        self.down = self.add_weight(shape=(3, 1))
        self.up = self.add_weight(shape=(1, 8))

    def call(self, x):
        return x @ (self.down @ self.up)


@pytest.mark.parametrize(
    ("layer", "values"),
    [
        (layers.Dense(8), 24),
        (Shared(), 11),
        (keras.Sequential([Shared()]), 11),
        (layers.Rescaling(2.0), 0),
    ],
    ids=["dense", "calculated", "nested", "none"],
)
def test_kernels_are_weights_of_two_dimensions_or_more(layer, values):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layer(inputs))
    assert _kernel_values(model, set()) == values
    assert _kernel_values(model, {id(weight) for weight in model.weights}) == 0
