"""Training steps of fewer operators, where nothing else fuses them.

Keras composes AdamW and batch normalisation of a dozen operators each, and every one goes through
memory once more; a normalisation in bfloat16 is cast to float32 and back besides. XLA makes one
program of them, but on a processor it is not used. There, TensorFlow has an operator for each.
Convolutions: see `zoo.training.cpu.filter_gradient`. `python -m benchmarks.fused`
measures what all of it is worth.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

from zoo.training.cpu.filter_gradient import has_product, product_call


def jit_compile() -> bool | str:
    """Returns what to tell `keras.Model.compile`.

    XLA made convolutions on a CPU 3 to 10 times slower under TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        return "auto"
    import tensorflow as tf

    return "auto" if tf.config.list_physical_devices("GPU") else False


class AdamW(keras.optimizers.AdamW):
    """AdamW in which each variable may have its own share of the learning rate.

    Args:
        rates: Share that a variable gets, by its path; None: all of it.
        *args: Of Keras's AdamW.
        **settings: Likewise.
    """

    def __init__(self, rates: Callable[[str], float] | None, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._rates = rates
        self._fused = jit_compile() is False and not self.amsgrad

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Moves one variable."""
        index = self._get_variable_index(variable)
        if self._rates is not None:
            learning_rate = learning_rate * self._rates(self._trainable_variables[index].path)
        if not self._fused:
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        step = tf.cast(self.iterations.value + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.cast(self.beta_1, variable.dtype) ** step,
            beta2_power=tf.cast(self.beta_2, variable.dtype) ** step,
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
        )


@contextlib.contextmanager
def fused_layers(model: keras.Model) -> Iterator[None]:
    """Lets the layers of a model train by faster operators, inside the context.

    They stay Keras's own, and give the same up to rounding. Those that the operators cannot do
    (of normalisations masked or synchronised steps, other shapes than pictures) are left as they
    are.
    """
    calls = {}
    for layer in model.layers if jit_compile() is False else ():
        if _has_operator(layer):
            calls[layer] = _fused_call(layer)
        elif has_product(layer):
            calls[layer] = product_call(layer)
    for layer, call in calls.items():
        layer.call = call
    try:
        yield
    finally:
        for layer in calls:
            del layer.call


def _has_operator(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a batch normalisation that TensorFlow's operator can do."""
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
        if not training or not layer.trainable or mask is not None or len(inputs.shape) != 4:
            return composed(inputs, training=training, mask=mask)
        none = tf.zeros(0)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(layer.gamma),
            offset=tf.convert_to_tensor(layer.beta),
            mean=none,
            variance=none,
            epsilon=layer.epsilon,
        )
        # It divides by one less than the count; Keras keeps the variance of the batch itself.
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
        for moving, value in (
            (layer.moving_mean, mean),
            (layer.moving_variance, variance * (count - 1) / count),
        ):
            moving.assign(moving * layer.momentum + value * (1 - layer.momentum))
        return outputs

    return call
