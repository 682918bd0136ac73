import keras
import pytest
from keras import layers

from export.artifact import _kernel_values


class Shared(layers.Layer):
    """A layer whose kernel of 3 by 8 is calculated from fewer weights, or from more."""

    def __init__(self, rank):
        super().__init__()
        self.rank = rank

    def build(self, shape):
        self.down = self.add_weight(shape=(3, self.rank))
        self.up = self.add_weight(shape=(self.rank, 8))

    @property
    def kernel(self):
        return self.down @ self.up

    def call(self, x):
        return x @ self.kernel


@pytest.mark.parametrize(
    ("layer", "values"),
    [
        (layers.Dense(8), 24),
        (Shared(1), 24),
        (Shared(10), 110),
        (keras.Sequential([Shared(1)]), 24),
        (layers.Rescaling(2.0), 0),
    ],
    ids=["dense", "fewer", "more", "nested", "none"],
)
def test_a_kernel_counts_as_large_as_it_is_in_the_file(layer, values):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layer(inputs))
    assert _kernel_values(model, set()) == values
    assert _kernel_values(model, {id(weight) for weight in model.weights}) == 0
