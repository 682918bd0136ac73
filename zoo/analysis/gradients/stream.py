"""What the residual stream is after each unit: its mean, its spread, and how much is positive.

In the order "relu_output" each unit adds numbers that are not negative, so that the mean can only
rise from unit to unit. In the other orders a branch may take away what another added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from zoo.analysis.gradients.depth import unit_layers
from zoo.data.dataset import Split

if TYPE_CHECKING:
    import tensorflow as tf

FIGURES = ("mean", "deviation", "positive")


class Stream:
    """Figures of the outputs of the units of a model, over all their values.

    Batch normalisation uses its running statistics; a fresh model needs `shattering.settle` first.

    Args:
        model: A model of the zoo; its weights may change between calls.
    """

    def __init__(self, model: keras.Model) -> None:
        import tensorflow as tf

        ends = [layers[-1].output for layers in unit_layers(model).values()]
        self._probe = keras.Model(model.input, ends)
        self._function = tf.function(self._moments, reduce_retracing=True)

    def __call__(self, batches: Sequence[Split]) -> np.ndarray:
        """Measures the model as it is.

        Args:
            batches: Result of `zoo.analysis.gradients.depth.draw_batches`.

        Returns:
            (3, units): the mean, the standard deviation, and the share of values above zero.
        """
        import tensorflow as tf

        parts = [self._function(tf.constant(part.x, tf.float32)).numpy() for part in batches]
        mean, square, positive = np.mean(parts, axis=0)
        return np.stack([mean, np.sqrt(np.maximum(square - mean**2, 0)), positive])

    def _moments(self, x: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        ends = self._probe(x, training=False)
        rows = []
        for end in ends if isinstance(ends, (list, tuple)) else [ends]:
            values = tf.cast(end, tf.float64)
            above = tf.cast(end > 0, tf.float64)
            rows.append(tf.stack([tf.reduce_mean(v) for v in (values, values**2, above)]))
        return tf.stack(rows, axis=1)
