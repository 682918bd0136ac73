"""The normalisation of raw inputs, inside the model."""

from __future__ import annotations

from collections.abc import Sequence

from keras import layers

from zoo.errors import RequestError
from zoo.models.names import NORMALIZATION
from zoo.residual import Tensor


def normalise_input(x: Tensor, mean: Sequence[float] | None, std: Sequence[float] | None) -> Tensor:
    """Returns (x - mean) / std, a value for each entry of the last axis.

    Args:
        x: Raw input, (batch, ..., channels).
        mean: Subtracted, in the units of the input; None: nothing is.
        std: Divided by, in the units of the input; None: nothing is.

    Raises:
        RequestError: Too few or too many values, or a `std` that is not positive.
    """
    channels = x.shape[-1]
    mean, std = per_channel(mean, 0.0, channels), per_channel(std, 1.0, channels)
    for name, values in (("mean", mean), ("std", std)):
        if len(values) != channels:
            raise RequestError(
                f"{name} has {len(values)} values for an input of {channels} channels"
            )
    if min(std) <= 0:
        raise RequestError(f"std must be positive in every channel, not {list(std)}")
    return layers.Normalization(
        mean=[float(value) for value in mean],
        variance=[float(value) ** 2 for value in std],
        name=NORMALIZATION,
    )(x)


def per_channel(values: Sequence[float] | None, otherwise: float, channels: int) -> Sequence[float]:
    """Returns the values, or `otherwise` for each channel if there are none."""
    return [otherwise] * channels if values is None else values
