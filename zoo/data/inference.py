"""Runs a model on examples."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.examples import Examples
from zoo.models.names import FRONTEND

if TYPE_CHECKING:
    import keras

_MANY = 8  # Batches that are worth a graph.
# Numbers in a batch: of pictures of 224 pixels eight. Out of a graph, Keras keeps the results of
# all layers until the last is calculated.
_NUMBERS = 8 * 224 * 224 * 3


def run(model: keras.Model, x: Examples, batch_size: int = 64) -> np.ndarray:
    """Returns the outputs of a model for raw inputs, (examples, outputs) float32.

    Args:
        model: Takes the inputs.
        x: (examples, ...).
        batch_size: Examples at a time; fewer of large pictures.
    """
    size = min(batch_size, max(1, _NUMBERS // math.prod(x.shape[1:])))
    # A recurrent model is a loop, slow without a graph. Other models take as long to trace as to
    # run on some batches.
    looped = x.ndim == 3 or FRONTEND in {layer.name for layer in model.layers}
    several = len(x) > _MANY * size and _alone(model)
    call = model.predict_on_batch if looped or several else partial(model, training=False)
    return in_batches(call, x, size, equal=several)


def in_batches(
    call: Callable[[np.ndarray], Any],
    x: Examples,
    size: int,
    *,
    equal: bool = True,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Returns what a function gives for raw inputs, (examples, ...) float32.

    Args:
        call: Takes and gives a batch.
        x: (examples, ...).
        size: Examples at a time.
        equal: Whether the last batch is filled up with zeros, so that a graph is traced once.
        progress: Called with the number of finished examples.
    """
    outputs = []
    for start in range(0, len(x), size):
        part = x[start : start + size].astype(np.float32)
        missing = size - len(part) if equal else 0
        padded = np.pad(part, [(0, missing), *[(0, 0)] * (part.ndim - 1)])
        outputs.append(np.asarray(call(padded), np.float32)[: len(part)])
        if progress is not None:
            progress(start + len(part))
    return np.concatenate(outputs)


def _alone(model: keras.Model) -> bool:
    """Whether a model calculates on one device: several would each give all outputs of a batch."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return False
    return bool(model.distribute_strategy.num_replicas_in_sync == 1)
