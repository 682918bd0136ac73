"""Layer normalisation with a gradient that is written out.

Keras builds it from many operators, of which automatic differentiation makes several times as many,
and each reads and writes memory. `python -m benchmarks.fused --model=residual_encoder` measures it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    import tensorflow as tf


def has_gradient(layer: keras.layers.Layer) -> bool:
    """Whether a layer normalises the last axis, with a factor and an offset."""
    return (
        type(layer) is keras.layers.LayerNormalization
        and layer.scale
        and layer.center
        and not layer.rms_scaling
        and layer.axis in ([-1], [len(layer.output.shape) - 1])
        and layer.compute_dtype in ("float32", "bfloat16")
    )


def normalising_call(layer: keras.layers.LayerNormalization) -> Callable[[Any], Any]:
    """Returns a replacement for the `call` of a layer that `has_gradient` accepts."""
    import tensorflow as tf

    def call(inputs: tf.Tensor) -> tf.Tensor:
        gamma, beta = tf.convert_to_tensor(layer.gamma), tf.convert_to_tensor(layer.beta)
        values = _normalise(tf.cast(inputs, tf.float32), gamma, beta, layer.epsilon)
        return tf.cast(values, layer.compute_dtype)

    return call


def _normalise(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: float) -> tf.Tensor:
    """Normalises (..., channels); the gradient is that of Ba et al. 2016, written out."""
    import tensorflow as tf

    def mean(values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(values, axis=-1, keepdims=True)

    @tf.custom_gradient
    def normalise(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> Any:
        centred = x - mean(x)
        narrow = tf.math.rsqrt(mean(tf.square(centred)) + epsilon)
        normal = centred * narrow

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            others = list(range(len(upstream.shape) - 1))
            of_gamma = tf.reduce_sum(upstream * normal, axis=others)
            of_normal = upstream * gamma
            sideways = mean(of_normal) + normal * mean(of_normal * normal)
            return (of_normal - sideways) * narrow, of_gamma, tf.reduce_sum(upstream, axis=others)

        return normal * gamma + beta, gradient

    return normalise(x, gamma, beta)
