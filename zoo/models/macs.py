"""Counts the multiply-accumulates of a model."""

from __future__ import annotations

import math

import keras
from keras import layers


def count_macs(model: keras.Model) -> int:
    """Returns the multiply-accumulates of one example through a functional model.

    Convolutions, dense layers and the matrix products of LSTMs count, as is the custom for residual
    networks (He et al. 2015, table 1, calls them FLOPs); norms, activations and sums do not.

    Args:
        model: Built with a fixed input shape. Where the number of steps is open, one step counts.
    """
    steps = model.input_shape[1] or 1
    return sum(_layer_macs(layer, steps) for layer in model._flatten_layers(include_self=False))


def _layer_macs(layer: layers.Layer, steps: int) -> int:
    if isinstance(layer, layers.LSTMCell):
        return steps * (math.prod(layer.kernel.shape) + math.prod(layer.recurrent_kernel.shape))
    if not isinstance(layer, (layers.Conv2D, layers.Dense)):
        return 0
    positions = math.prod(size or 1 for size in layer.output.shape[1:-1])
    return positions * math.prod(layer.kernel.shape)
