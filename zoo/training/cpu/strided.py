"""A 1×1 convolution with a stride, of the places alone that it sees.

In a training, oneDNN's operators for it (TensorFlow 2.21) corrupt the heap on processors with
AVX-512 where the channels fill no vector of 16: a ResNet of 8 and 16 channels crashed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    import tensorflow as tf

_VECTOR = 16


def skips_places(layer: keras.layers.Layer) -> bool:
    """Whether a layer is such a convolution, of channels that fill no vector."""
    return (
        type(layer) is keras.layers.Conv2D
        and layer.kernel_size == (1, 1)
        and layer.strides != (1, 1)
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and any(channels % _VECTOR for channels in layer.kernel.shape[2:])
    )


def sliced_call(layer: keras.layers.Conv2D) -> Callable[[Any], Any]:
    """Returns a replacement for the `call` of a layer that `skips_places` accepts."""
    down, right = layer.strides

    def call(inputs: tf.Tensor) -> tf.Tensor:
        seen = inputs[:, ::down, ::right]
        outputs = keras.ops.conv(seen, keras.ops.cast(layer.kernel, inputs.dtype))
        if layer.bias is not None:
            outputs = outputs + keras.ops.cast(layer.bias, inputs.dtype)
        return layer.activation(outputs)

    return call
