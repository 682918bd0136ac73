"""The gradient for a convolution's kernel, as a matrix product where that is faster.

oneDNN's operator is slow if the kernel is large and the map small, as in the last stages of a
ResNet. There it is faster to gather the patches that the kernel saw and to multiply, in bfloat16
more often than in float32. oneDNN still computes the outputs and the gradient by the inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    import tensorflow as tf

# From this ratio on, the product was faster, by type and stride. The ratio is the number of inputs
# to an output value (kernel² · channels), divided by the number of places of the output map.
# Measured with batches of 64 pictures on two cores with AVX-512, by
# `python -m benchmarks.filter_gradient`.
_LEAST = {("float32", 1): 512, ("float32", 2): 64, ("bfloat16", 1): 32, ("bfloat16", 2): 8}


def has_product(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a convolution whose gradient is faster as a product."""
    if (
        type(layer) is not keras.layers.Conv2D
        or layer.use_bias
        or layer.activation is not keras.activations.linear
        or layer.groups != 1
        or layer.dilation_rate != (1, 1)
        or layer.data_format != "channels_last"
        or len(set(layer.strides)) != 1
        or (layer.padding == "same" and (layer.strides != (1, 1) or layer.kernel_size[0] % 2 == 0))
    ):
        return False
    height, width = layer.output.shape[1:3]
    least = _LEAST.get((layer.compute_dtype, layer.strides[0]))
    if least is None or None in (height, width):
        return False
    rows, columns, channels, _ = layer.kernel.shape
    return rows == columns and rows * columns * channels >= least * height * width


def product_call(layer: keras.layers.Conv2D) -> Callable[[Any], Any]:
    """Returns a replacement for the `call` of a layer that `has_product` accepts."""
    stride = layer.strides[0]
    side = layer.kernel_size[0] // 2 if layer.padding == "same" else 0

    def call(inputs: tf.Tensor) -> tf.Tensor:
        return _convolve(inputs, keras.ops.cast(layer.kernel, inputs.dtype), stride, side)

    return call


def _convolve(x: tf.Tensor, kernel: tf.Tensor, stride: int, side: int) -> tf.Tensor:
    """Convolves (batch, height, width, channels), padded by `side` zeros on each side."""
    import tensorflow as tf

    form = {"strides": [1, stride, stride, 1], "padding": "SAME" if side else "VALID"}

    @tf.custom_gradient
    def convolve(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        def gradient(of_outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            of_inputs = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(x), filter=kernel, out_backprop=of_outputs, **form
            )
            patches = _patches(x, kernel.shape[0], stride, side, of_outputs.shape[1:3])
            flat = tf.reshape(of_outputs, (-1, kernel.shape[3]))
            of_kernel = tf.matmul(patches, flat, transpose_a=True)
            return of_inputs, tf.reshape(of_kernel, kernel.shape)

        return tf.raw_ops.Conv2D(input=x, filter=kernel, **form), gradient

    return convolve(x, kernel)


def _patches(
    x: tf.Tensor, kernel: int, stride: int, side: int, places: tuple[int, int]
) -> tf.Tensor:
    """Returns the patch at each place, (batch * places, kernel * kernel * channels)."""
    import tensorflow as tf

    high, wide = places
    _, height, width, channels = x.shape
    # This puts every stride-th row on one axis, where TensorFlow slices much faster.
    rows, columns = (-(-(size + 2 * side) // stride) for size in (height, width))
    more = [
        (side, count * stride - size - side) for count, size in ((rows, height), (columns, width))
    ]
    x = tf.pad(x, [(0, 0), *more, (0, 0)])
    x = tf.reshape(x, (-1, rows, stride, columns, stride, channels))
    cuts = []
    for i in range(kernel):
        for j in range(kernel):
            (top, row), (left, column) = divmod(i, stride), divmod(j, stride)
            cuts.append(x[:, top : top + high, row, left : left + wide, column])
    return tf.reshape(tf.concat(cuts, axis=-1), (-1, kernel * kernel * channels))
