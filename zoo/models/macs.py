"""Counts the multiply-accumulates of a model."""

from __future__ import annotations

import math

import keras
from keras import layers


def count_macs(model: keras.Model) -> int:
    """Returns the multiply-accumulates of one example through a functional model.

    Convolutions and dense layers count, as is the custom for residual networks (He et al. 2015,
    table 1, calls them FLOPs); norms, activations and sums do not.

    Args:
        model: Built with a fixed input shape.
    """
    return sum(_layer_macs(layer) for layer in model._flatten_layers(include_self=False))


def _layer_macs(layer: layers.Layer) -> int:
    if not isinstance(layer, (layers.Conv2D, layers.Dense)):
        return 0
    positions = math.prod(layer.output.shape[1:-1])
    return positions * math.prod(layer.kernel.shape)
