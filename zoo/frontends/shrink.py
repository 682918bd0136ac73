"""Pictures of a multiple of the network's size, scaled down inside the model with averaging."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from keras import ops, saving

from zoo.errors import ShapeError
from zoo.frontends.frontend import Frontend
from zoo.residual import Tensor

# The largest weight of an integer file. Weights that are whole parts of it are not rounded there.
_LARGEST = 127


@saving.register_keras_serializable("zoo")
class Shrink(Frontend):
    """Scales pixels, (batch, height, width, channels), to a `factor`-th of both sides.

    The weights are the triangle of a bilinear scaling that averages, as Pillow's `resize` and the
    training have it, and at the border what is left of it, made up to 1. Clients that scale without
    averaging thereby scale to a size where little is lost. Unlike other front ends it holds in
    integers: what lies between its operations are pixels from 0 to 255. All of them have a stride
    of 1, since accelerators know no large ones.

    Args:
        factor: From 2 up; height and width are multiples of it.
    """

    reads: ClassVar[str] = "image"

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(**{"name": "shrink", **kwargs})
        if factor < 2:
            raise ShapeError(f"pictures shrink by a whole factor from 2 up, not {factor}")
        self.factor = factor

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns (batch, height / factor, width / factor, channels)."""
        batch, *sides, channels = input_shape
        for side in sides:
            if side is None or side % self.factor or side < 2 * self.factor:
                raise ShapeError(
                    f"a picture of {sides} pixels cannot shrink by {self.factor}: pass multiples"
                )
        return batch, *(side // self.factor for side in sides if side), channels

    def call(self, pixels: Tensor) -> Tensor:
        """Returns the smaller picture."""
        _, high, wide, channels = self.compute_output_shape(tuple(pixels.shape))
        assert high
        assert wide
        assert channels
        weights = _weights(self.factor)
        # The columns that one column is made of are beside each other in memory: so are channels.
        groups = ops.reshape(pixels, (-1, high * self.factor, wide, self.factor * channels))
        across = np.einsum("gk,cd->gkcd", weights, np.eye(channels))
        kernel = across.reshape(1, 3, self.factor * channels, channels).astype(np.float32)
        narrow = ops.conv(groups, ops.convert_to_tensor(kernel), padding="same")
        # Groups of rows become the height, the rows of a group the width, and all else channels.
        groups = ops.reshape(narrow, (-1, high, self.factor, wide * channels))
        groups = ops.pad(groups, ((0, 0), (1, 1), (0, 0), (0, 0)))
        ends = np.repeat(_ends(weights, wide), channels)
        kernel = (weights[:, :, None, None] * ends[:, None]).astype(np.float32)
        low = ops.depthwise_conv(groups, ops.convert_to_tensor(kernel))
        small = ops.reshape(low, (-1, high, wide, channels))
        edges = np.broadcast_to(_ends(weights, high)[:, None, None], (high, wide, channels))
        return ops.multiply(small, ops.convert_to_tensor(edges.astype(np.float32)[None]))

    def get_config(self) -> dict[str, Any]:
        """Returns all that makes an equal layer."""
        return {**super().get_config(), "factor": self.factor}


def _weights(factor: int) -> np.ndarray:
    """Returns (3, factor) weights of the pixels of three groups for the pixel of the middle one."""
    places = np.arange(3 * factor) - 1.5 * factor + 0.5
    triangle = np.maximum(0, 1 - np.abs(places) / factor)
    whole = np.round(_LARGEST * triangle / triangle.max())
    return np.asarray((whole / whole.sum()).reshape(3, factor))


def _ends(weights: np.ndarray, count: int) -> np.ndarray:
    """Returns by what to multiply each of some pixels, since the outer ones lack a neighbour."""
    factors = np.ones(count)
    factors[[0, -1]] = 1 / (1 - weights[0].sum())
    return factors
