"""Adapts the stem of a network to another number of input channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import RequestError


def adapt_channels(kernel: np.ndarray, channels: int) -> np.ndarray:
    """Returns a convolution's kernel for another number of input channels.

    - To 1: the sum over the channels. A grey picture gives what it gave as RGB.
    - From 1: an equal share for each channel. A picture with equal channels gives what it gave as
      grey.
    - To more: the trained channels keep their kernels and the new ones start at zero. So the
      network starts as it was trained, and learns to use the new channels (alpha, infrared, depth).

    The statistics of the normalisation differ a little between channels, so a grey picture does not
    give exactly what it gave as RGB.

    Args:
        kernel: (height, width, channels, filters).
        channels: The wanted number.

    Raises:
        RequestError: Fewer channels than before, but not 1: it is unclear which ones to drop.
    """
    given = kernel.shape[2]
    if channels == 1:
        return kernel.sum(axis=2, keepdims=True)
    if given == 1:
        return np.repeat(kernel / channels, channels, axis=2)
    if channels < given:
        raise RequestError(
            f"a stem of {given} channels cannot be adapted to {channels}; use 1, or {given} or more"
        )
    return np.pad(kernel, ((0, 0), (0, 0), (0, channels - given), (0, 0)))


def adapt_statistics(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """Returns means or deviations for another number of channels.

    A new channel, or the single one into which all are merged, gets the average of all.
    """
    average = sum(values) / len(values)
    kept = tuple(values) if channels >= len(values) else ()
    return kept + (average,) * (channels - len(kept))
