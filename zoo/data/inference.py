"""Runs a model on examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.data.examples import Examples
from zoo.models.names import FRONTEND

if TYPE_CHECKING:
    import keras

_MANY = 32  # Batches that are worth a graph.


def run(model: keras.Model, x: Examples, batch_size: int = 64) -> np.ndarray:
    """Returns the outputs of a model for raw inputs, (examples, outputs) float32."""
    batches = range(0, len(x), batch_size)
    # A recurrent model is a loop, slow without a graph. Other models take as long to trace as to
    # run on some batches.
    looped = x.ndim == 3 or FRONTEND in {layer.name for layer in model.layers}
    traced = looped or len(batches) > _MANY
    call = model.predict_on_batch if traced else lambda batch: model(batch, training=False)
    outputs = [call(x[start : start + batch_size].astype(np.float32)) for start in batches]
    return np.concatenate([np.asarray(output) for output in outputs])
