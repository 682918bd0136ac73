"""Replaces operations that some target does not support by others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from export.forms.channels import reordered


def replace_operations(graph: tf.Graph) -> None:
    """Replaces operations in a graph.

    Args:
        graph: Not finished yet.
    """
    for replacement in (reordered, _with_every_dimension, _in_integers, _in_numbers):
        for operation in graph.get_operations():
            _replace(operation, replacement)


def _replace(operation: Any, replacement: Callable[[Any], tf.Tensor | None]) -> None:
    if len(operation.outputs) != 1:
        return
    (result,) = operation.outputs
    readers = result.consumers()
    if not readers:
        return
    with tf.name_scope(f"{operation.name}/"):
        instead = replacement(operation)
    if instead is None:
        return
    for reader in readers:
        for place, given in enumerate(reader.inputs):
            if given is result:
                # TensorFlow has no public way to change an unfinished graph.
                reader._update_input(place, instead)


def _with_every_dimension(operation: Any) -> tf.Tensor | None:
    """Replaces `x[:, -1]` by `x[:, -1:]` and a reshape: slices on a GPU cannot drop an axis."""
    result = operation.outputs[0]
    dropped = operation.type == "StridedSlice" and operation.get_attr("shrink_axis_mask")
    if not dropped or result.dtype != tf.float32 or not result.shape.is_fully_defined():
        return None
    image, *limits = operation.inputs
    begin, end, strides = (tf.get_static_value(limit) for limit in limits)
    if begin is None or end is None or strides is None:
        return None
    masks = {name: operation.get_attr(name) for name in _MASKS}
    for axis in range(len(begin)):
        if dropped >> axis & 1:
            end[axis] = begin[axis] + 1
            if begin[axis] == -1:  # An end of 0 would not mean "to the end".
                masks["end_mask"] |= 1 << axis
    kept = tf.strided_slice(image, begin, end, strides, **masks)
    return tf.reshape(kept, result.shape)


def _in_integers(operation: Any) -> tf.Tensor | None:
    """Replaces NEG and squares, which lack a kernel of 8 or of 16 bits, by SUB and MUL."""
    kinds = ("Neg", "Square", "SquaredDifference")
    if operation.type not in kinds or operation.outputs[0].dtype != tf.float32:
        return None
    if operation.type == "SquaredDifference":
        difference = operation.inputs[0] - operation.inputs[1]
        return difference * difference
    (given,) = operation.inputs
    if operation.type == "Neg":
        # The converter recognises a gelu by its negation.
        return None if _feeds_an_error_function(operation) else given * tf.constant(-1.0)
    return given * given


def _in_numbers(operation: Any) -> tf.Tensor | None:
    """Replaces what hardware does not support on truth values, such as masks.

    No GPU has REDUCE_ANY, REDUCE_ALL and LOGICAL_NOT; NOT_EQUAL has no integer kernel.
    """
    if operation.type not in ("Any", "All", "LogicalNot", "NotEqual"):
        return None
    given = operation.inputs[0]
    if operation.type == "NotEqual":
        return None if given.dtype != tf.float32 else tf.abs(given - operation.inputs[1]) > 0
    if operation.type == "LogicalNot":
        # The converter makes one comparison of a negated one.
        return None if given.op.type in _COMPARISONS else tf.where(given, 0.0, 1.0) > 0.5
    reduce = tf.reduce_max if operation.type == "Any" else tf.reduce_min
    axes, keep = operation.inputs[1], operation.get_attr("keep_dims")
    return reduce(tf.where(given, 1.0, 0.0), axes, keep) > 0.5


def _feeds_an_error_function(operation: Any) -> bool:
    readers = operation.outputs[0].consumers()
    beyond = [reader for scaled in readers for reader in scaled.outputs[0].consumers()]
    return any(reader.type in ("Erf", "Erfc") for reader in (*readers, *beyond))


_COMPARISONS = ("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual")
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask")
