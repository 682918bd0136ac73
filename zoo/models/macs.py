"""Counts the multiply-accumulates of a model."""

from __future__ import annotations

import math

import keras
from keras import layers

from zoo.blocks.members import MembersDense
from zoo.models.names import FRONTEND


def count_macs(model: keras.Model) -> int:
    """Returns the multiply-accumulates of one example through a functional model.

    Convolutions, dense layers and the matrix products of LSTMs and of attention count; norms,
    activations, sums and front ends do not. He et al. 2015, table 1, calls this figure FLOPs.

    Args:
        model: With a fixed input shape. If the number of steps is open, one step is counted.
    """
    raw = FRONTEND not in {layer.name for layer in model.layers}
    steps = (model.input_shape if raw else model.get_layer(FRONTEND).output.shape)[1] or 1
    held = sum(_layer_macs(layer, steps) for layer in model._flatten_layers(include_self=False))
    # The product of two activations, as in attention, is an operation and not a layer.
    products = [node for node in model.operations if type(node).__name__ == "Matmul"]
    return held + sum(
        _positions(node.output.shape) * (node.input[0].shape[-1] or 1) for node in products
    )


def _layer_macs(layer: layers.Layer, steps: int) -> int:
    if isinstance(layer, layers.LSTMCell):
        return steps * (math.prod(layer.kernel.shape) + math.prod(layer.recurrent_kernel.shape))
    if isinstance(layer, MembersDense):
        return math.prod(layer.kernel.shape)
    if not isinstance(layer, (layers.Conv1D, layers.Conv2D, layers.Dense)):
        return 0
    return _positions(layer.output.shape[:-1]) * math.prod(layer.kernel.shape)


def _positions(shape: tuple[int | None, ...]) -> int:
    return math.prod(size or 1 for size in shape[1:])
