"""How XNNPACK rounds an 8-bit result, so that ties fall in a training as they do in a file.

Sums of products and sums of two are as in its microparams-init.c
(`xnn_init_qs8_qc8w_conv_minmax_fp32_scalar_params`, `xnn_init_qs8_add_minmax_scalar_params`,
https://github.com/google/XNNPACK). It leaves means to LiteRT's integer_ops/pooling.h
(`AveragePool`, https://github.com/tensorflow/tensorflow).
"""

from __future__ import annotations

from typing import Any

from keras import ops

# Bits behind the point of the larger multiplier of a sum, less those before it.
_BITS = 20
# Means of at most a thousand integers are this close to a half only if they are one.
_HAIR = 2.0**-12


def of_sums(values: Any, sum_step: Any, step: Any) -> Any:
    """Returns the numbers of steps that integer sums become: all is float32 but the sums.

    Args:
        values: (..., channels), multiples of the steps of the sums, or of products of two results.
        sum_step: Their steps, (channels,) or one.
        step: Of the result.
    """
    return ops.round(ops.round(values / sum_step) * (sum_step / step))


def of_terms(one: tuple[Any, Any], other: tuple[Any, Any], step: Any) -> Any:
    """Returns the numbers of steps that the sum of two results becomes: all is integers.

    Args:
        one: Values, and the step between them.
        other: The same, of a shape that is broadcast.
        step: Of the sum.
    """
    ratios = [term_step / step for _, term_step in (one, other)]
    shift = _BITS - ops.floor(ops.log2(ops.maximum(*ratios)))
    bits = ops.cast(shift, "int32")
    total = ops.left_shift(ops.ones_like(bits), bits - 1)
    for (values, term_step), ratio in zip((one, other), ratios, strict=True):
        multiplier = ops.cast(ops.round(ratio * ops.power(2.0, shift)), "int32")
        total = total + ops.cast(ops.round(values / term_step), "int32") * multiplier
    return ops.cast(ops.right_shift(total, bits), one[0].dtype)


def of_means(values: Any, step: Any, zero: Any) -> Any:
    """Returns the numbers of steps that means become: halves go away from the integer zero.

    Args:
        values: Means of multiples of the step.
        step: Of what they are means of, and of the result.
        zero: The integer of the value zero.
    """
    integers = ops.round((values / step + zero) / _HAIR) * _HAIR
    return ops.sign(integers) * ops.floor(ops.abs(integers) + 0.5) - zero
