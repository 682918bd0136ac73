"""New running statistics for batch normalisation, computed from data."""

from __future__ import annotations

from collections.abc import Iterable

import keras
import numpy as np


def adopt_statistics(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Sets the running statistics of batch normalisation to the mean of those of some batches.

    Layers that are not trainable keep theirs. Without batches nothing changes.

    Args:
        model: Its other weights stay. Dropout is active here.
        batches: Raw inputs, (examples, ...) in each.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    try:
        for step, batch in enumerate(batches):
            for norm in norms:
                norm.momentum = step / (step + 1)  # Each call reads it anew: no graph keeps it.
            model(np.asarray(batch, np.float32), training=True)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
