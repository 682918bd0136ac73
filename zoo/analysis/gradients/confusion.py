"""Gradient confusion: whether the gradients of batches agree.

Sankararaman et al. 2020, "The Impact of Neural Network Overparameterization on Gradient Confusion
and Stochastic Gradient Descent": where the gradients of two batches point in opposite directions, a
step for one undoes that for the other. Depth makes it worse; shortcuts make it better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from zoo.data.dataset import Split
from zoo.tasks import Task

if TYPE_CHECKING:
    import tensorflow as tf


class BatchGradients:
    """The gradients of batches by all trained weights, compared with each other.

    Batch normalisation uses the statistics of the batch, as in training.

    Args:
        model: Its weights may change between calls.
        task: What it learns.
    """

    def __init__(self, model: keras.Model, task: Task) -> None:
        import tensorflow as tf

        self._model, self._task = model, task
        self._function = tf.function(self._gradient, reduce_retracing=True)

    def __call__(self, batches: Sequence[Split]) -> np.ndarray:
        """Measures the model as it is.

        Args:
            batches: Result of `zoo.analysis.gradients.depth.draw_batches`.

        Returns:
            The cosine of each pair of batches, (batches · (batches - 1) / 2,). NaN if a gradient is
            zero or not finite.
        """
        import tensorflow as tf

        gradients = [
            self._function(tf.constant(part.x, tf.float32), tf.constant(part.y)).numpy()
            for part in batches
        ]
        return cosines(np.stack(gradients))

    def _gradient(self, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        model = self._model
        values = [tf.convert_to_tensor(variable.value) for variable in model.trainable_variables]
        others = [tf.convert_to_tensor(v.value) for v in model.non_trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs, _ = model.stateless_call(values, others, x, training=True)
            loss = tf.reduce_mean(self._task.losses(outputs, y))
        gradients = tape.gradient(loss, values, unconnected_gradients="zero")
        return tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], axis=0)


def cosines(vectors: np.ndarray) -> np.ndarray:
    """Returns the cosine of the angle between each pair of vectors.

    Args:
        vectors: (count, values).

    Returns:
        (count · (count - 1) / 2,).
    """
    # Scaled, so that no square overflows or vanishes.
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = vectors / largest
        unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    products = unit @ unit.T
    return np.asarray(products[np.triu_indices(len(vectors), 1)], np.float64)
