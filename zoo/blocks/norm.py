"""The normalisation between the layers of a block."""

from __future__ import annotations

from typing import Literal, get_args

from keras import layers

from zoo.errors import RequestError
from zoo.registry import unknown
from zoo.residual import Tensor

Norm = Literal["batch", "layer", "none"]

# torch.nn.BatchNorm2d's epsilon; its momentum 0.1 is Keras's 0.9.
BATCH_NORM = {"epsilon": 1e-5, "momentum": 0.9}
LAYER_NORM_EPSILON = 1e-5  # torch.nn.LayerNorm's.


def normalise(
    x: Tensor, norm: Norm, *, name: str, zero_init: bool = False, mask: Tensor | None = None
) -> Tensor:
    """Normalises activations.

    Args:
        x: Input, (batch, ..., channels).
        norm: "batch" over the batch (Ioffe and Szegedy 2015), "layer" over the channels (Ba et al.
            2016), or "none", which gives x back.
        name: Prefix of the layer's name.
        zero_init: Starts gamma at zero.
        mask: Sequences: (batch, steps) bool: the steps that "batch" counts in.

    Raises:
        RequestError: Unknown norm.
    """
    known = list(get_args(Norm))
    if norm not in known:
        raise RequestError(unknown("norm", norm, known))
    gamma = "zeros" if zero_init else "ones"
    if norm == "batch":
        layer = layers.BatchNormalization(**BATCH_NORM, gamma_initializer=gamma, name=f"{name}_bn")
        return layer(x, mask=mask)
    if norm == "layer":
        return layers.LayerNormalization(
            epsilon=LAYER_NORM_EPSILON, gamma_initializer=gamma, name=f"{name}_ln"
        )(x)
    return x
