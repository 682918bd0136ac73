"""A deep network trains with skips, and does not train without them."""

import keras
import pytest

from zoo.data.dataset import channel_statistics
from zoo.data.digits import load_digits
from zoo.forms import Vector
from zoo.models import build
from zoo.training.fit import fit
from zoo.training.recipes.recipe import Recipe


@pytest.fixture(scope="module")
def accuracy(tmp_path_factory):
    """Trains a residual MLP of a quarter of its width for four epochs."""
    digits = load_digits(Vector)
    mean, std = channel_statistics(digits.train)

    def run(depth, shortcut):
        keras.utils.set_random_seed(0)
        model = build("residual_mlp", depth=depth, width=32, shortcut=shortcut, mean=mean, std=std)
        recipe = Recipe(epochs=4, learning_rate=3e-3)
        state = tmp_path_factory.mktemp("run") / "state.safetensors"
        return fit(model, digits, recipe, state)[-1]["val_accuracy"]

    return run


@pytest.mark.slow
def test_a_deep_network_trains_with_skips_only(accuracy):
    """8 units are 16 layers; by chance a tenth is right. `zoo compare` is the whole."""
    shallow, deep, plain = (
        accuracy(*setting) for setting in ((2, "auto"), (8, "auto"), (8, "none"))
    )
    assert shallow > 0.75
    assert deep > shallow - 0.1
    assert plain < 0.4
