"""The front of a network: its first layers, which stay in float32 where the others are integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.models.names import FRONTEND, NORMALIZATION, PERIODIC, PLACES

if TYPE_CHECKING:
    import keras

# With fewer steps of int8 in its deviation, a channel is less than 29 dB, 10 log10(12 * 8²), above
# the noise of rounding.
_STEPS = 8
# Deviations on each side of the mean that the range of an input holds.
_REACH = 4


def front_names(model: keras.Model, *, stepped: bool = False) -> tuple[str, ...]:
    """Returns the names of the layers that stay in float32 in integer files.

    Raw input spans more than integers hold, and so do places of which waves are made. The channels
    of a sensor share one step: where that is too coarse for some of them, as for an acceleration of
    2 g beside an angle of 360 degrees, the normalisation stays in float32.

    Args:
        model: A network of the zoo, as its grammar of layer names has it.
        stepped: Whether its files take one step at a time, which an export does not divide.
    """
    names = {layer.name for layer in model.layers}
    if PERIODIC in names:
        return FRONTEND, NORMALIZATION, PERIODIC
    if FRONTEND in names:
        return (FRONTEND,)
    # Padding is looked for in the raw input, so that nothing divides such a network in two.
    if NORMALIZATION not in names or PLACES in names or stepped:
        return ()
    return (NORMALIZATION,) if _coarse(model.get_layer(NORMALIZATION)) else ()


def _coarse(layer: keras.layers.Normalization) -> bool:
    """Whether one step of int8, for all channels, is too much for one of them."""
    mean = np.ravel(layer.input_mean)
    deviation = np.sqrt(np.ravel(layer.input_variance))
    highest = max(0.0, float(np.max(mean + _REACH * deviation)))
    lowest = min(0.0, float(np.min(mean - _REACH * deviation)))
    return bool(np.min(deviation) < _STEPS * (highest - lowest) / 255)
