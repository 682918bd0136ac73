"""Training steps of fewer operators on processors, where XLA is not used.

Keras builds AdamW and batch normalisation from a dozen operators each, and every operator reads
and writes memory. In bfloat16 it also casts a normalisation to float32 and back. TensorFlow has a
single operator for each of the two. `python -m benchmarks.fused` measures the gain. Convolutions
are in `zoo.training.cpu.filter_gradient`, layer normalisation is in `zoo.training.cpu.layer_norm`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

from zoo.training.cpu.filter_gradient import has_product, product_call
from zoo.training.cpu.layer_norm import has_gradient, normalising_call
from zoo.training.cpu.strided import skips_places, sliced_call


def jit_compile() -> bool | str:
    """Returns the argument `jit_compile` of `keras.Model.compile`.

    Under TensorFlow on a CPU, XLA made convolutions 3 to 10 times slower.
    """
    if keras.backend.backend() != "tensorflow":
        return "auto"
    import tensorflow as tf

    return "auto" if tf.config.list_physical_devices("GPU") else False


class AdamW(keras.optimizers.AdamW):
    """AdamW of one operator a variable."""

    # Of both averages, while variables are updated.
    _power_1: Any = None
    _power_2: Any = None

    def _backend_update_step(self, grads: Any, trainable_variables: Any, rate: Any) -> None:
        # Once, since a graph with such operators for each variable takes longer to trace.
        step = keras.ops.cast(self.iterations + 1, "float32")
        self._power_1, self._power_2 = self.beta_1**step, self.beta_2**step
        try:
            super()._backend_update_step(grads, trainable_variables, rate)
        finally:
            self._power_1 = self._power_2 = None

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        if jit_compile() is not False or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.cast(self._power_1, variable.dtype),
            beta2_power=tf.cast(self._power_2, variable.dtype),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
        )


@contextlib.contextmanager
def fused_layers(model: keras.Model) -> Iterator[None]:
    """Makes the layers of a model train with faster and safe operators, inside the context.

    They stay Keras's layers, and give the same up to rounding. Layers that the operators do not
    support stay as they are: normalisations that are masked or synchronised, or not of pictures.
    """
    calls = {}
    for layer in model.layers if jit_compile() is False else ():
        if _has_operator(layer):
            calls[layer] = _fused_call(layer)
        elif skips_places(layer):
            calls[layer] = sliced_call(layer)
        elif has_product(layer):
            calls[layer] = product_call(layer)
        elif has_gradient(layer):
            calls[layer] = normalising_call(layer)
    for layer, call in calls.items():
        layer.call = call
    try:
        yield
    finally:
        for layer in calls:
            del layer.call


def _has_operator(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a batch normalisation that TensorFlow's operator supports."""
    return (
        type(layer) is keras.layers.BatchNormalization
        and not layer.synchronized
        and not layer.renorm
        and layer.axis in (-1, 3)
        and layer.scale
        and layer.center
        and layer.compute_dtype in ("float32", "bfloat16")
    )


def _fused_call(layer: keras.layers.BatchNormalization) -> Callable[..., Any]:
    import tensorflow as tf

    composed = layer.call

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if mask is not None or len(inputs.shape) != 4 or (training and not layer.trainable):
            return composed(inputs, training=training, mask=mask)
        known = (layer.moving_mean, layer.moving_variance)
        mean, variance = (tf.zeros(0) if training else tf.convert_to_tensor(v) for v in known)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(layer.gamma),
            offset=tf.convert_to_tensor(layer.beta),
            mean=mean,
            variance=variance,
            epsilon=layer.epsilon,
            is_training=bool(training),
        )
        if not training:
            return outputs
        # The operator divides by the count less one, Keras by the count.
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
        for moving, value in (
            (layer.moving_mean, mean),
            (layer.moving_variance, variance * (count - 1) / count),
        ):
            moving.assign(moving * layer.momentum + value * (1 - layer.momentum))
        return outputs

    return call
