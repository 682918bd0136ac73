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

from zoo.quantization.xnnpack import of_means, of_sums, of_terms

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


def to_integers(values: Any, step: Any) -> Any:
    """Returns the nearest numbers of steps; the gradient passes as if they were not rounded."""
    return _straight_through(values / step, ops.round(values / step))


def to_steps(values: Any, step: Any) -> Any:
    """Rounds to multiples of a step; the gradient passes as if it did not."""
    return _straight_through(values, ops.round(values / step) * step)


def rounded(values: Any, low: Any, high: Any, integers: Any = None) -> Any:
    """Rounds values to the 256 steps of a range, and clips what is beyond it.

    The gradient of what is inside passes as if it were not rounded; what is clipped has none.

    Args:
        values: Any shape.
        low: The least value, at most zero.
        high: The greatest, above it.
        integers: Of the same shape: numbers of steps that they round to; None: the nearest.
    """
    step = range_step(low, high)
    zero = zero_point(low, step)
    if integers is None:
        integers = ops.round(values / step)
    integers = _straight_through(values / step, integers) + zero
    return (ops.clip(integers, _LEAST, _MOST) - zero) * step


def range_step(low: Any, high: Any) -> Any:
    """Returns the step of a range."""
    return ops.maximum((high - low) / (_MOST - _LEAST), _NARROWEST)


def zero_point(low: Any, step: Any) -> Any:
    """Returns the integer of zero, in a range that begins at `low`."""
    return ops.stop_gradient(ops.round(_LEAST - low / step))


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

    def call(
        self,
        inputs: Any,
        sum_step: Any = None,
        terms: Any = None,
        averaged: bool = False,
        training: bool = False,
    ) -> tuple[Any, Any]:
        """Returns rounded values, and the step between them, a number.

        What the inputs are made of decides how ties fall; see `zoo.quantization.xnnpack`.

        Args:
            inputs: (..., channels).
            sum_step: Steps of the integers that the inputs are, (channels,) or one; None: none.
            terms: The two results whose sum the inputs are, of both the values and the step; None:
                they are none.
            averaged: Whether the inputs are means of results of the same range.
            training: Whether the range follows the inputs.
        """
        if training and not self._fixed:
            least, greatest = (
                ops.stop_gradient(ops.cast(end(inputs), self.low.dtype))
                for end in (ops.min, ops.max)
            )
            self.low.assign(ops.minimum(least, _KEPT * self.low + (1 - _KEPT) * least))
            self.high.assign(ops.maximum(greatest, _KEPT * self.high + (1 - _KEPT) * greatest))
        low, high = ops.minimum(self.low, 0.0), ops.maximum(self.high, _NARROWEST)
        step = range_step(low, high)
        integers = None
        if training:
            pass  # Where a tie falls makes no difference, and takes time.
        elif sum_step is not None:
            integers = of_sums(inputs, sum_step, step)
        elif terms is not None:
            one, other = terms
            integers = of_terms(one, other, step)
        elif averaged:
            integers = of_means(inputs, step, zero_point(low, step))
        return rounded(inputs, low, high, integers), step

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
