"""A family of models: a block, a builder, a row."""

import keras
from keras import layers

import zoo
from zoo.blocks import BLOCKS
from zoo.forms import Vector
from zoo.models import MODELS, Architecture
from zoo.residual import residual


@zoo.blocks.register("gated")
def gated(x, width, *, order, shortcut, name):
    def branch(y):
        gate = layers.Dense(width, activation="sigmoid", name=f"{name}_gate")(y)
        value = layers.Dense(width, name=f"{name}_value")(y)
        return layers.Multiply(name=f"{name}_product")([gate, value])

    project = layers.Dense(width, name=f"{name}_shortcut")
    return residual(x, branch, project, order=order, shortcut=shortcut, name=name)


def gated_mlp(
    *, depth=2, block="gated", num_classes=10, input_shape=(64,), mean=None, std=None,
    order="post_activation", shortcut="auto", name="gated_mlp",
):  # fmt: skip
    y = x = keras.Input(input_shape, name="features")
    for number in range(1, depth + 1):
        y = BLOCKS.get(block)(y, 16, order=order, shortcut=shortcut, name=f"block{number}")
    return keras.Model(x, layers.Dense(num_classes, name="logits")(y), name=name)


MODELS.register("gated_mlp")(
    Architecture("tests.outside.family:gated_mlp", Vector, {}, (64,), 10, 3834, 3744, "none")
)
