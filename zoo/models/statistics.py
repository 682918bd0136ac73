"""New running statistics for batch normalisation, computed from data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np


def adopt_statistics(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Sets the running statistics of batch normalisation to the mean of those of some batches.

    Layers that are not trainable keep theirs. Without batches nothing changes. All other layers do
    what they do in use: nothing is dropped or skipped by chance.

    Args:
        model: Its other weights stay.
        batches: Raw inputs, (examples, ...) in each.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.call = _in_training(norm.call)
    try:
        for step, batch in enumerate(batches):
            for norm in norms:
                norm.momentum = step / (step + 1)  # Each call reads it anew: no graph keeps it.
            model(np.asarray(batch, np.float32), training=False)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            del norm.call


def _in_training(call: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the call of a normalisation as in training, whatever it is asked for."""

    def trained(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return call(inputs, training=True, mask=mask)

    return trained
