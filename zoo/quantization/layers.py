"""Keras layers whose weights are those of an int8 file, and which share them with another model."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.quantization.rounding import to_integers, to_steps, weight_step

# The converter calculates the same with the weights of these and of a batch normalisation behind.
FOLDED = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.Dense,
)
_KERNELS = ("kernel", "recurrent_kernel")


@keras.saving.register_keras_serializable(package="zoo")
class WithRoundedWeights(keras.layers.Layer):
    """A layer, at whatever depth with kernels, whose kernels are rounded to int8.

    With a batch normalisation behind it, both are one product, as in a file: the kernel is
    multiplied before it is rounded, by what the normalisation learnt, and the statistics stay.

    Args:
        layer: Built.
        norm: The batch normalisation that alone reads it; None: there is none.
        **settings: Of a Keras layer.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        norm: keras.layers.BatchNormalization | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.layer, self.norm = layer, norm
        self.built = True

    def call(
        self, *args: Any, step: Any = None, training: bool | None = None, **settings: Any
    ) -> Any:
        """Calculates with rounded weights.

        Args:
            *args: Of the layer.
            step: Between the values that the layer takes, if it sums integers as a file does; None:
                it sums values.
            training: Of the layer.
            **settings: Of the layer.

        Returns:
            What the layer returns; with a `step` the step of its integer sums too, (channels,).
        """
        settings = _given(settings)
        if self.layer._call_has_training_arg:
            settings["training"] = training
        factor, offset = (1.0, 0.0) if self.norm is None else _factor_and_offset(self.norm)
        held = [(variable, variable.value) for variable in self.layer.variables]
        for kernel, axes in _kernels(self.layer):
            weights = kernel.value * _along_channels(factor, kernel, axes)
            of_weights = weight_step(weights, axes)
            to_kernel = to_steps if step is None else to_integers
            held.append((kernel, to_kernel(weights, of_weights)))
        bias = getattr(self.layer, "bias", None)
        if isinstance(self.layer, FOLDED):
            offset = offset + (0.0 if bias is None else bias.value * factor)
            if step is not None:
                sum_step = step * ops.reshape(of_weights, (-1,))
                offset = to_integers(offset, sum_step)
                args = (to_integers(args[0], step), *args[1:])
            if bias is not None:
                held.append((bias, offset))
        before = {id(variable): value for variable, value in held}
        with keras.StatelessScope(state_mapping=held) as scope:
            outputs = self.layer(*args, **settings)
        for variable in self.layer.non_trainable_variables:  # Such as the seeds of a dropout.
            if (value := scope.get_current_value(variable)) is not before[id(variable)]:
                variable.assign(value)
        if bias is None and self.norm is not None:
            outputs = outputs + offset
        return outputs if step is None else (outputs * sum_step, ops.stop_gradient(sum_step))

    def settle(self, step: float | None = None) -> None:
        """Gives the layer the weights that it calculates with, so that nobody rounds them anew.

        Args:
            step: As for `call`: what is added to the sums becomes a whole number of steps, where a
                bias or a normalisation can say so.
        """
        factor, offset = (1.0, 0.0) if self.norm is None else _factor_and_offset(self.norm)
        for kernel, axes in _kernels(self.layer):
            along = _along_channels(factor, kernel, axes)
            weights = kernel.value * along
            rounded = to_steps(weights, weight_step(weights, axes))
            # What a normalisation multiplies by zero is zero in a file, whatever the kernel is.
            lost = ops.equal(along, 0.0)
            kernel.assign(ops.where(lost, kernel.value, rounded / ops.where(lost, 1.0, along)))
            if step is not None:
                sum_step = step * ops.reshape(weight_step(rounded, axes), (-1,))
        bias = getattr(self.layer, "bias", None)
        added = bias if self.norm is None else self.norm.beta
        if step is not None and added is not None:
            offset = offset + (0.0 if bias is None else bias.value * factor)
            added.assign(added.value + to_steps(offset, sum_step) - offset)

    def compute_output_spec(
        self, *args: Any, step: Any = None, training: bool | None = None, **settings: Any
    ) -> Any:
        """Returns shape and type of what `call` returns."""
        outputs = self.layer.compute_output_spec(*args, **_given(settings))
        if step is None:
            return outputs
        return outputs, keras.KerasTensor(outputs.shape[-1:], outputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, with both layers."""
        layers = {"layer": self.layer, "norm": self.norm}
        return {
            **super().get_config(),
            **{name: keras.saving.serialize_keras_object(item) for name, item in layers.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WithRoundedWeights:
        """Builds it from `get_config`."""
        layers = {
            name: keras.saving.deserialize_keras_object(config.pop(name))
            for name in ("layer", "norm")
        }
        return cls(**layers, **config)


@keras.saving.register_keras_serializable(package="zoo")
class WithRoundedOffset(keras.layers.Layer):
    """A normalisation of pictures as a file has it: a product and a sum for each channel.

    The factors are exact, since each channel has a step of its own. What is added is rounded.

    Args:
        layer: With its mean and variance.
        **settings: Of a Keras layer.
    """

    def __init__(
        self, layer: keras.layers.Normalization | keras.layers.BatchNormalization, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.layer = layer
        self.built = True

    def call(self, inputs: Any, step: Any) -> tuple[Any, Any]:
        """Normalises inputs whose values have this step between them.

        Returns:
            Values of the shape of the inputs, and the step of their integer sums, (channels,).
        """
        factor, offset = _factor_and_offset(self.layer)
        of_factor = weight_step(factor, ())
        sum_step = step * of_factor
        sums = to_integers(inputs, step) * to_integers(factor, of_factor)
        sums += to_integers(offset, sum_step)
        return sums * sum_step, ops.stop_gradient(sum_step)

    def settle(self, step: float | None = None) -> None:
        """Makes what is added a whole number of steps, see `WithRoundedWeights.settle`."""
        added = getattr(self.layer, "beta", None)
        if step is not None and added is not None:
            factor, offset = _factor_and_offset(self.layer)
            rounded = to_steps(offset, step * weight_step(factor, ()))
            added.assign(added.value + rounded - offset)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, with the layer."""
        return {**super().get_config(), "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WithRoundedOffset:
        """Builds it from `get_config`."""
        return cls(keras.saving.deserialize_keras_object(config.pop("layer")), **config)


def is_product(layer: keras.layers.Layer) -> bool:
    """Whether a file normalises pictures by a product and a sum: see `WithRoundedOffset`.

    What is no picture it normalises in two operations, and rounds both.
    """
    if isinstance(layer, keras.layers.BatchNormalization):
        return len(layer.output.shape) == 4 and layer.axis in (-1, 3)
    if not isinstance(layer, keras.layers.Normalization) or layer.invert:
        return False
    shape = layer.output.shape
    return len(shape) == 4 and layer.axis in ((-1,), (3,)) and layer.mean is not None


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    """Leaves out the mask that Keras gives to every layer that takes any argument."""
    return {name: value for name, value in settings.items() if value is not None}


def has_kernels(layer: keras.layers.Layer) -> bool:
    """Whether a layer, or one inside it, has a kernel."""
    return bool(_kernels(layer))


def _kernels(layer: keras.layers.Layer) -> list[tuple[keras.Variable, tuple[int, ...]]]:
    """Lists the kernels, each with the axes that one of its products sums over."""
    held: list[tuple[keras.Variable, tuple[int, ...]]] = []
    if not isinstance(layer, keras.Layer):  # An operation of `keras.ops`.
        return held
    for part in layer._flatten_layers(include_self=True, recursive=True):
        for name in _KERNELS:
            kernel = getattr(part, name, None)
            if isinstance(kernel, keras.Variable) and len(kernel.shape) >= 2:
                held.append((kernel, _summed(part, len(kernel.shape))))
    return held


def _summed(layer: keras.layers.Layer, rank: int) -> tuple[int, ...]:
    if isinstance(layer, (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)):
        return tuple(range(rank - 2))
    if isinstance(layer, keras.layers.EinsumDense):
        terms, outputs = layer.equation.split("->")
        letters = terms.split(",")[1]
        return tuple(i for i, letter in enumerate(letters) if letter not in outputs)
    return tuple(range(rank - 1))


def _factor_and_offset(
    norm: keras.layers.Normalization | keras.layers.BatchNormalization,
) -> tuple[Any, Any]:
    """Returns a normalisation as a product and a sum, of its statistics as they are."""
    if isinstance(norm, keras.layers.Normalization):
        mean, variance = (
            ops.reshape(ops.convert_to_tensor(value), (-1,)) for value in (norm.mean, norm.variance)
        )
        factor = 1 / ops.maximum(ops.sqrt(variance), keras.backend.epsilon())
        return factor, -mean * factor
    variance = ops.convert_to_tensor(norm.moving_variance)
    factor = ops.rsqrt(variance + norm.epsilon)
    if norm.gamma is not None:
        factor = factor * norm.gamma
    offset = -ops.convert_to_tensor(norm.moving_mean) * factor
    return factor, offset if norm.beta is None else offset + norm.beta


def _along_channels(factor: Any, kernel: Any, summed: tuple[int, ...]) -> Any:
    """Returns a factor for each channel in a shape that multiplies a kernel."""
    if isinstance(factor, float):
        return factor
    shape = [1 if axis in summed else size for axis, size in enumerate(kernel.shape)]
    return ops.reshape(factor, shape)
