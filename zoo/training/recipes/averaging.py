"""Weights that are an average over the steps of a training (Polyak and Juditsky 1992).

The optimizer keeps the average beside the weights, so a saved state holds both.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def take_averages(model: keras.Model) -> list[np.ndarray]:
    """Gives a compiled model the average of its weights; returns what they were."""
    before = model.get_weights()
    model.optimizer.finalize_variable_values(model.trainable_variables)
    # Under JAX the weights are now the arrays of the optimizer, which a step would use up.
    model.set_weights([np.array(value) for value in model.get_weights()])
    return before


def learnt_weights(model: keras.Model) -> list[np.ndarray]:
    """Returns the weights of a compiled model, or their averages if it has any."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # Of float16.
    if not optimizer.use_ema:
        return model.get_weights()
    before = take_averages(model)
    averaged = model.get_weights()
    model.set_weights(before)
    return averaged


class AveragedInValidation(keras.callbacks.Callback):
    """Measures the average in validation, and trains on with the weights."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the average."""
        self._before = take_averages(self.model)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Gives the weights back."""
        self.model.set_weights(self._before)
