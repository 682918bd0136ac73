"""A stem that was trained for some channels, for others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import RequestError

STEM_KERNEL = "stem_conv/kernel"


def adapt_channels(kernel: np.ndarray, channels: int) -> np.ndarray:
    """Returns a convolution's kernel for another number of input channels.

    - To 1: the sum over the channels. A grey picture gives what it gave as RGB.
    - From 1: its share to each. A picture with equal channels gives what it gave as grey.
    - To more: the first stay as they are and the new start at zero, so that the network starts as
      it was trained and learns what the new channels (alpha, infrared, depth) are good for.

    The first is exact up to the normalisation: its statistics differ a little between channels.

    Args:
        kernel: (height, width, channels, filters).
        channels: Wanted.

    Raises:
        RequestError: Fewer channels, but not 1: which ones to drop cannot be told.
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
    """Returns means or deviations of channels for another number of them.

    The new ones, and the one that all are merged to, get the average.
    """
    average = sum(values) / len(values)
    kept = tuple(values) if channels >= len(values) else ()
    return kept + (average,) * (channels - len(kept))
