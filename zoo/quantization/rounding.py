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
_LEAST, _MOST, OF_WEIGHT = -128, 127, 127
# Share of a range that a step of the training keeps if its batch needs less.
_KEPT = 0.99
# Steps narrower than this would divide by zero.
_NARROWEST = 1e-9


def weight_step(weights: Any, axes: Sequence[int]) -> Any:
    """Returns the step of each channel of a kernel, with 1 in place of the axes.

    Args:
        weights: A kernel.
        axes: Over which a channel's largest weight is sought: all that a product sums over.
    """
    largest = ops.max(ops.abs(weights), axis=tuple(axes), keepdims=True)
    return ops.stop_gradient(ops.maximum(largest / OF_WEIGHT, _NARROWEST))


def to_steps(values: Any, step: Any) -> Any:
    """Rounds to multiples of a step; the gradient passes as if it did not."""
    return _straight_through(values, ops.round(values / step) * step)


def rounded(values: Any, low: Any, high: Any) -> Any:
    """Rounds values to the 256 steps of a range, and clips what is beyond it.

    The gradient of what is inside passes as if it were not rounded; what is clipped has none.

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
    """Rounds to the 256 steps of a range, which follows the results while the model learns.

    A training batch that needs a wider range widens it at once; others narrow it slowly, as the
    averages of Jacob et al. 2018, section 3.1. So nothing is clipped in training. (Ranges that
    lagged behind, as averages and ends that learn by their gradient both did, lost whole classes: a
    logit beyond its range has no gradient.)

    Args:
        low: The least value at the beginning; above zero counts as zero, since a file can always
            say zero.
        high: The greatest.
        fixed: Whether the range stays as it is.
        also: Names of more layers that a file may call this result by.
        **settings: Of a Keras layer.
    """

    def __init__(
        self,
        low: float,
        high: float,
        *,
        fixed: bool = False,
        also: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.also = tuple(also)
        self._begin = min(float(low), 0.0), max(float(high), _NARROWEST)
        self._fixed = fixed

    def build(self, input_shape: Any) -> None:
        """Makes both ends of the range."""
        self.low, self.high = (
            self.add_weight(
                shape=(),
                initializer=keras.initializers.Constant(value),
                trainable=False,
                name=name,
            )
            for name, value in zip(("low", "high"), self._begin, strict=True)
        )

    def call(self, inputs: Any, training: bool = False) -> tuple[Any, Any]:
        """Returns rounded values, and the step between them, a number."""
        if training and not self._fixed:
            least, greatest = (
                ops.stop_gradient(ops.cast(end(inputs), self.low.dtype))
                for end in (ops.min, ops.max)
            )
            self.low.assign(ops.minimum(least, _KEPT * self.low + (1 - _KEPT) * least))
            self.high.assign(ops.maximum(greatest, _KEPT * self.high + (1 - _KEPT) * greatest))
        low, high = ops.minimum(self.low, 0.0), ops.maximum(self.high, _NARROWEST)
        return rounded(inputs, low, high), range_step(low, high)

    @property
    def range(self) -> tuple[float, float]:
        """The ends of the range as they are now."""
        return min(float(self.low), 0.0), max(float(self.high), _NARROWEST)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer, with its first range."""
        low, high = self._begin
        return {
            **super().get_config(),
            "low": low,
            "high": high,
            "fixed": self._fixed,
            "also": self.also,
        }
