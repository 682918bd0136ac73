"""Replaces a reordering of channels by a convolution, which every target supports."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

# With many channels, a product over them takes more time than it saves.
_MOST_CHANNELS = 16
_CHANNEL_AXIS = 3

Origin = tuple[tf.Tensor, np.ndarray]


def reordered(operation: Any) -> tf.Tensor | None:
    """Replaces reordered channels of an image by a 1x1 convolution of zeros and ones.

    Accelerators do not support `x[..., ::-1]`, `tf.reverse`, `tf.gather`, or channels that are
    split and joined, as in `preprocess_input` of `keras.applications`. The converter folds a
    following shift and scale into the convolution, and the integer scale of the pixels stays
    separate.

    Args:
        operation: Any operation of the unfinished graph.

    Returns:
        A replacement for its result, or None.
    """
    if operation.type not in _SOURCES or operation.outputs[0].shape.rank != 4:
        return None
    source, order = _origin(operation.outputs[0])
    if not _worth_it(source, order):
        return None
    kernel = np.eye(source.shape[-1], dtype=np.float32)[:, order]
    return tf.nn.conv2d(source, kernel[None, None], 1, "VALID")


def _worth_it(source: tf.Tensor, order: np.ndarray) -> bool:
    """Returns whether channels change places. Selecting some in their order costs nothing."""
    moved = bool((np.diff(order) != 1).any())
    return moved and source.dtype == tf.float32 and source.shape[-1] <= _MOST_CHANNELS


def _origin(tensor: tf.Tensor) -> Origin:
    """Finds the image and the channels that a tensor holds; at worst the tensor itself."""
    find = _SOURCES.get(tensor.op.type)
    origin = find(tensor) if find else None
    return origin or (tensor, np.arange(tensor.shape[-1] or 0 if tensor.shape.rank == 4 else 0))


def _taken(image: tf.Tensor, choice: Any) -> Origin | None:
    """Returns the origin of a tensor that holds the `choice` of an image's channels."""
    if image.shape.rank != 4 or not image.shape[-1]:
        return None
    source, channels = _origin(image)
    return source, np.atleast_1d(channels[choice])


def _joined(parts: list[tf.Tensor], axis: Any, rank: int) -> Origin | None:
    """Returns the origin of a tensor that joins channels of one image."""
    if axis is None or axis % 4 != _CHANNEL_AXIS or any(part.shape.rank != rank for part in parts):
        return None
    origins = [_origin(part) for part in parts]
    source = origins[0][0]
    if source.shape.rank != 4 or any(other is not source for other, _ in origins):
        return None
    return source, np.concatenate([channels for _, channels in origins])


def _of_slice(tensor: tf.Tensor) -> Origin | None:
    operation = tensor.op
    image, *limits = operation.inputs
    begin, end, strides = (tf.get_static_value(limit) for limit in limits)
    if begin is None or end is None or strides is None or operation.get_attr("new_axis_mask"):
        return None
    names = ("begin", "end", "ellipsis", "shrink_axis")
    first, last, dots, single = (operation.get_attr(f"{name}_mask") for name in names)
    key: list[Any] = [slice(None)] * 4
    for place in range(len(strides)):
        bit = 1 << place
        if dots & bit:
            continue
        axis = place - len(strides) + 4 if dots and bit > dots else place
        start, stop = int(begin[place]), int(end[place])
        key[axis] = (
            start
            if single & bit
            else slice(
                None if first & bit else start, None if last & bit else stop, int(strides[place])
            )
        )
    if any(kept not in (slice(None), slice(None, None, 1)) for kept in key[:_CHANNEL_AXIS]):
        return None
    return _taken(image, key[_CHANNEL_AXIS])


def _of_reverse(tensor: tf.Tensor) -> Origin | None:
    image, axes = tensor.op.inputs
    values = tf.get_static_value(axes)
    if values is None or [axis % 4 for axis in values] != [_CHANNEL_AXIS]:
        return None
    return _taken(image, slice(None, None, -1))


def _of_gather(tensor: tf.Tensor) -> Origin | None:
    image, indices, axis = tensor.op.inputs
    chosen, static = tf.get_static_value(indices), tf.get_static_value(axis)
    if chosen is None or static is None or static % 4 != _CHANNEL_AXIS or chosen.ndim > 1:
        return None
    return _taken(image, chosen)


def _of_unstack(tensor: tf.Tensor) -> Origin | None:
    if tensor.op.get_attr("axis") % 4 != _CHANNEL_AXIS:
        return None
    return _taken(tensor.op.inputs[0], tensor.value_index)


def _of_split(tensor: tf.Tensor) -> Origin | None:
    axis, image = tensor.op.inputs
    static = tf.get_static_value(axis)
    if static is None or static % 4 != _CHANNEL_AXIS:
        return None
    width = tensor.shape[-1]
    start = tensor.value_index * width
    return _taken(image, slice(start, start + width))


def _of_stack(tensor: tf.Tensor) -> Origin | None:
    return _joined(list(tensor.op.inputs), tensor.op.get_attr("axis"), rank=3)


def _of_concatenation(tensor: tf.Tensor) -> Origin | None:
    *parts, axis = tensor.op.inputs
    return _joined(parts, tf.get_static_value(axis), rank=4)


_SOURCES = {
    "StridedSlice": _of_slice,
    "ReverseV2": _of_reverse,
    "GatherV2": _of_gather,
    "Unpack": _of_unstack,
    "Split": _of_split,
    "Pack": _of_stack,
    "ConcatV2": _of_concatenation,
}
