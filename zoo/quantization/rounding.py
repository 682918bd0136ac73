"""The numbers of an int8 file, in float32: what it rounds, with gradients that pass through.

Weights have 255 steps, symmetric about zero, for each output channel; results have 256 steps from
`low` to `high`, of which one is exactly zero (Jacob et al. 2018, "Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference"; LiteRT's 8-bit quantisation
specification).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

# The integers of a result, and the largest of a weight.
_LEAST, _MOST, _OF_WEIGHT = -128, 127, 127
# Steps narrower than this would divide by zero.
_NARROWEST = 1e-9


def weight_step(weights: Any, axes: Sequence[int]) -> Any:
    """Returns the step of each channel of a kernel, with 1 in place of the axes.

    Args:
        weights: A kernel.
        axes: Over which a channel's largest weight is sought: all that a product sums over.
    """
    largest = ops.max(ops.abs(weights), axis=tuple(axes), keepdims=True)
    return ops.stop_gradient(ops.maximum(largest / _OF_WEIGHT, _NARROWEST))


def to_steps(values: Any, step: Any) -> Any:
    """Rounds to multiples of a step; the gradient passes as if it did not."""
    return _straight_through(values, ops.round(values / step) * step)


def rounded(values: Any, low: Any, high: Any) -> Any:
    """Rounds values to the 256 steps of a range, and clips what is beyond it.

    The gradient of the rounding is taken as 1, and so the ends of the range have the gradient of
    Esser et al. 2020 ("Learned Step Size Quantization"): of what is clipped, and of what the step
    rounds away.

    Args:
        values: Any shape.
        low: The least value, at most zero.
        high: The greatest, above it.
    """
    step = range_step(low, high)
    zero = ops.stop_gradient(ops.round(_LEAST - low / step))
    integers = values / step + zero
    integers = ops.clip(_straight_through(integers, ops.round(integers)), _LEAST, _MOST)
    return (integers - zero) * step


def range_step(low: Any, high: Any) -> Any:
    """Returns the step of a range."""
    return ops.maximum((high - low) / (_MOST - _LEAST), _NARROWEST)


def _straight_through(values: Any, instead: Any) -> Any:
    return values + ops.stop_gradient(instead - values)


@keras.saving.register_keras_serializable(package="zoo")
class Rounding(keras.layers.Layer):
    """Rounds to the 256 steps of a range. The range is learnt, if it is given no fixed one.

    Args:
        low: The least value at the beginning; above zero counts as zero, since a file can always
            say zero. It is only learnt if it is below.
        high: The greatest.
        fixed: Whether the range stays as it is.
        **settings: Of a Keras layer.
    """

    def __init__(self, low: float, high: float, *, fixed: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self._begin = min(float(low), 0.0), max(float(high), _NARROWEST)
        self._fixed = fixed

    def build(self, input_shape: Any) -> None:
        """Makes both ends of the range."""
        low, high = self._begin
        learns_low = low < 0 and not self._fixed
        self.low = self._end("low", low, learns_low)
        self.high = self._end("high", high, not self._fixed)

    def _end(self, name: str, value: float, trainable: bool) -> Any:
        constant = keras.initializers.Constant(value)
        return self.add_weight(shape=(), initializer=constant, trainable=trainable, name=name)

    def call(self, inputs: Any) -> tuple[Any, Any]:
        """Returns rounded values, and the step between them, a number."""
        low, high = ops.minimum(self.low, 0.0), ops.maximum(self.high, _NARROWEST)
        return rounded(inputs, low, high), range_step(low, high)

    @property
    def range(self) -> tuple[float, float]:
        """The ends of the range as they are now."""
        return min(float(self.low), 0.0), max(float(self.high), _NARROWEST)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer, with its first range."""
        low, high = self._begin
        return {**super().get_config(), "low": low, "high": high, "fixed": self._fixed}
