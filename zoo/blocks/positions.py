"""Where a step stands in its sequence, which attention alone does not see."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("zoo")
class Positions(layers.Layer):
    """Adds sines and cosines of the step's number (Vaswani et al. 2017, section 3.5).

    They have no weights, and are there for a sequence of any length.
    """

    def call(self, x: Any) -> Any:
        """Adds them to (batch, steps, features)."""
        steps, features = x.shape[1:]
        rates = (1e4 ** (-2 * (np.arange(features) // 2) / features)).astype(np.float32)
        phases = np.where(np.arange(features) % 2, np.pi / 2, 0).astype(np.float32)
        if steps is not None:
            # A constant of the graph.
            return x + np.sin(np.arange(steps, dtype=np.float32)[:, None] * rates + phases)
        number = ops.arange(ops.shape(x)[1], dtype="float32")[:, None]
        return x + ops.cast(ops.sin(number * rates + phases), x.dtype)
