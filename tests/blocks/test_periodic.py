import keras
import numpy as np
import pytest

from zoo.blocks.periodic import Periodic
from zoo.errors import RequestError
from zoo.forms import Column
from zoo.frontends.bins import Bins
from zoo.models import build
from zoo.models.front import front_names

COLUMNS = (
    Column("colour", "category", vocabulary=("red", "blue")),
    Column("age", "number", edges=(0.0, 10.0, 20.0, 80.0), fill=37.0, indicator=True),
    Column("size", "number", edges=(-1.0, 3.0)),
)
# Red, 15 years is half of the second bin of three, 0 is a quarter of the only one.
ROW = np.array([[0, 15, 0], [1, 80, 9]], np.float32)
PLACES = np.array([[1.5 / 3, 0.25], [1, 1]], np.float32)


def test_a_number_becomes_waves_of_its_place():
    bins = Bins(COLUMNS)
    assert bins.numbers == ((2, 3), (6, 1))
    features = np.asarray(bins(ROW))
    layer = Periodic(bins.numbers, frequencies=5, width=4, spread=2.0)
    out = np.asarray(layer(features))
    assert out.shape == (2, 3 + 2 * 4) == layer.compute_output_shape(features.shape)
    assert np.array_equal(out[:, :3], features[:, [0, 1, 5]])  # Two colours, and the indicator.
    frequency, phase, kernel, bias = (np.asarray(v) for v in layer.weights)
    for column in range(2):
        waves = np.sin(PLACES[:, [column]] * frequency[0, column] + phase[0, column])
        vectors = np.maximum(waves @ kernel[column] + bias[0, column], 0)
        got = out[:, 3 + 4 * column : 7 + 4 * column]
        np.testing.assert_allclose(got, vectors, atol=1e-5)
    assert len(np.unique(out[:, 3:])) > 4


def test_it_is_made_again_from_its_configuration_and_stays_in_float32():
    layer = Periodic([(2, 3), (6, 1)], 5, 4, 2.0, name="waves")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        copy = Periodic.from_config(layer.get_config())
        new = Periodic([(2, 3), (6, 1)], 5, 4, 2.0)
    finally:
        keras.config.set_dtype_policy(before)
    assert copy.get_config() == layer.get_config()
    assert new.compute_dtype == "float32"


def table(**config):
    shape = {"input_shape": (3,), "frontend": Bins(COLUMNS), "width": 8, "depth": 1}
    return build("residual_mlp", **{**shape, **config})


@pytest.mark.parametrize(
    ("config", "front"),
    [
        ({"frequencies": 4}, ("frontend", "normalization", "stem_periodic")),
        ({"frequencies": 0}, ("frontend",)),
        ({"frequencies": 4, "frontend": Bins(COLUMNS[:1]), "input_shape": (1,)}, ("frontend",)),
        ({"frequencies": 4, "frontend": None}, ()),
    ],
)
def test_tables_of_numbers_get_waves_if_asked(config, front):
    model = table(**config)
    assert front_names(model) == front
    assert ("stem_periodic" in [layer.name for layer in model.layers]) == ("stem_periodic" in front)


def test_the_number_of_waves_is_checked():
    with pytest.raises(RequestError, match="frequencies must be a whole number from 0 up, not -1"):
        table(frequencies=-1)
