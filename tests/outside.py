"""What somebody outside adds to the zoo, as they would write it: no file of the tree changes."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

import export
import zoo
from zoo.blocks import BLOCKS
from zoo.models import MODELS, Architecture
from zoo.residual import residual
from zoo.tasks import TASKS, Score
from zoo.tasks.classification import Classification


# A task: classes in an order, where a neighbour is a smaller mistake.
@dataclass(frozen=True)
class OrdinalScore(Score):
    top1: float
    off_by: float

    @property
    def figures(self):
        return {"top1": self.top1, "off_by": self.off_by}


class OrdinalLoss(keras.losses.Loss):
    def call(self, truth, logits):
        grades = keras.ops.arange(logits.shape[-1], dtype=logits.dtype)
        expected = keras.ops.sum(keras.ops.softmax(logits) * grades, axis=-1)
        likelihood = keras.losses.categorical_crossentropy(truth, logits, from_logits=True)
        return likelihood + (expected - keras.ops.sum(truth * grades, axis=-1)) ** 2


@dataclass(frozen=True)
class Ordinal(Classification):
    name: str = "ordinal"

    def loss(self, smoothing=0.0, reduction="sum_over_batch_size"):
        return OrdinalLoss(reduction=reduction)

    def score(self, predictions, y, labels):
        away = np.abs(predictions.argmax(axis=-1) - y)
        return OrdinalScore(len(y), float((away == 0).mean()), float(away.mean()))


ORDINAL = Ordinal()
TASKS.register("ordinal")(ORDINAL)


# A family: a block, a builder, a row.
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
        options = {"order": order, "shortcut": shortcut, "name": f"block{number}"}
        y = BLOCKS.get(block)(y, 16, **options)
    return keras.Model(x, layers.Dense(num_classes, name="logits")(y), name=name)


MODELS.register("gated_mlp")(
    Architecture(
        builder="tests.outside:gated_mlp", input="features", config={}, input_shape=(64,),
        num_classes=10, parameters=3834, macs=3744, paper="none",
    )
)  # fmt: skip

# A target: float32 weights for a GPU, held to ten times less than the built-in one.
export.register_target(
    export.Target(name="exact", precision="float32", gates=export.Gates(max_abs_error=1e-5))
)
