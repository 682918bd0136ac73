"""A task: classes in an order, where a neighbour is a smaller mistake."""

from dataclasses import dataclass

import keras
import numpy as np

from zoo.tasks import TASKS, Score
from zoo.tasks.classification import Classification


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


class Ordinal(Classification):
    def loss(self, smoothing=0.0, reduction="sum_over_batch_size"):
        return OrdinalLoss(reduction=reduction)

    def score(self, predictions, y, labels):
        away = np.abs(predictions.argmax(axis=-1) - y)
        return OrdinalScore(len(y), float((away == 0).mean()), float(away.mean()))


TASKS.register("ordinal")(Ordinal("ordinal"))
