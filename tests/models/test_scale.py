"""The number that multiplies each branch, in every family."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.checkpoints.store import build_from_card
from zoo.errors import RequestError
from zoo.models import build
from zoo.residual import Scaled
from zoo.training.train import new_card

RANDOM = np.random.default_rng(0)
FAMILIES = {
    "resnet8": {"input_shape": (32, 32, 3)},
    "residual_mlp": {"depth": 3, "width": 8, "input_shape": (6,)},
    "residual_lstm": {"depth": 3, "width": 8, "input_shape": (5, 6)},
    "residual_encoder": {"depth": 2, "width": 8, "input_shape": (5, 6)},
}
SUMS = {"resnet8": 3, "residual_mlp": 3, "residual_lstm": 3, "residual_encoder": 4}


def small(family, **config):
    keras.utils.set_random_seed(0)
    return build(family, num_classes=3, **FAMILIES[family], **config)


def numbers(model):
    return [layer.scale for layer in model.layers if isinstance(layer, Scaled)]


@pytest.mark.parametrize(
    ("family", "norm"),
    [*((family, "none") for family in FAMILIES), ("resnet8", "batch"), ("residual_mlp", "layer")],
)
def test_every_branch_starts_at_zero_and_learns(family, norm):
    """`zero_init` beside it has no effect: the gradient of both would stay zero."""
    model = small(family, scale="rezero", norm=norm, zero_init=True)
    assert len(numbers(model)) == SUMS[family]
    assert all(float(number) == 0 for number in numbers(model))
    x = keras.ops.convert_to_tensor(RANDOM.normal(size=(4, *model.input_shape[1:])), "float32")
    first = next(layer for layer in model.layers if "block1_" in layer.name and layer.weights)
    before = np.asarray(model(x))
    first.set_weights([3 * value + 1 for value in first.get_weights()])
    np.testing.assert_array_equal(np.asarray(model(x)), before)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x) ** 2)
    slopes = tape.gradient(loss, [number.value for number in numbers(model)])
    assert all(float(slope) != 0 for slope in slopes)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_plain_network_has_none(family):
    assert not numbers(small(family, scale="rezero", shortcut="none"))


def test_a_checkpoint_keeps_it(digits, tmp_path):
    card = new_card("resnet8", digits, {"scale": "rezero", "norm": "none", "widths": [4, 4, 4]})
    model = build_from_card(card)
    for place, number in enumerate(numbers(model)):
        number.assign(0.5 - place)
    zoo.save(model, tmp_path / "kept", card)
    x = digits.test.x[:2].astype("float32")
    loaded = zoo.load(tmp_path / "kept").model
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))
    again = zoo.create_model("resnet8", checkpoint=str(tmp_path / "kept"), num_classes=5)
    assert [float(number) for number in numbers(again)] == [0.5, -0.5, -1.5]


def test_a_block_without_it_is_refused():
    @zoo.blocks.register("tests_only_unscaled")
    def unscaled(x, width, *, stride, order, shortcut, zero_init, name):
        return keras.layers.Conv2D(width, 1, stride, name=f"{name}_conv")(x)

    with pytest.raises(RequestError, match="'tests_only_unscaled' takes no scale, not even 'rez"):
        small("resnet8", block="tests_only_unscaled", scale="rezero")
