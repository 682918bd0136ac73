"""Keras layers in a form that quantises wholly to integers, with the same function and weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


class LayerNormalization(keras.layers.LayerNormalization):
    """Subtracts the mean. Keras's own form adds a NEG, which stays in float."""

    def call(self, inputs: Any) -> Any:
        """Normalises over the axes of the layer."""
        if self.rms_scaling:
            return super().call(inputs)
        rank = len(inputs.shape)
        axes = [axis % rank for axis in self.axis]
        if axes != [rank - 1]:
            shape = [size if i in axes else 1 for i, size in enumerate(inputs.shape)]
            gamma, beta = (
                None if weight is None else ops.reshape(weight, shape)
                for weight in (self.gamma, self.beta)
            )
            return self._normalised(inputs, axes, gamma, beta)
        if rank != 4:
            return self._normalised(inputs, -1, self.gamma, self.beta)
        # An Ethos-U supports the mean over the channels of a row of pixels, not of an image.
        pixels = ops.reshape(inputs, (-1, inputs.shape[1] * inputs.shape[2], inputs.shape[3]))
        outputs = self._normalised(pixels, -1, self.gamma, self.beta)
        return ops.reshape(outputs, (-1, *inputs.shape[1:]))

    def _normalised(self, inputs: Any, axis: Any, gamma: Any, beta: Any) -> Any:
        difference = inputs - ops.mean(inputs, axis=axis, keepdims=True)
        variance = ops.mean(ops.square(difference), axis=axis, keepdims=True)
        outputs = difference * ops.rsqrt(variance + self.epsilon)
        outputs = outputs if gamma is None else outputs * gamma
        return outputs if beta is None else outputs + beta


class GroupNormalization(keras.layers.GroupNormalization):
    """Averages a group's channels by a product. Keras's own form has five axes and a NEG."""

    def call(self, inputs: Any) -> Any:
        """Normalises over the places and the channels of each group."""
        rank = len(inputs.shape)
        if rank < 3 or self.axis % rank != rank - 1:
            return super().call(inputs)
        difference = inputs - self._mean(inputs)
        variance = self._mean(ops.square(difference))
        outputs = difference * ops.rsqrt(variance + self.epsilon)
        outputs = outputs * self.gamma if self.scale else outputs
        return outputs + self.beta if self.center else outputs

    def _mean(self, inputs: Any) -> Any:
        channels, rank = inputs.shape[-1], len(inputs.shape)
        size = channels // self.groups
        mean = ops.mean(inputs, axis=list(range(1, rank - 1)), keepdims=True)
        if size == 1:
            return mean
        group = np.arange(channels) // size
        average = (group[:, None] == group).astype(np.float32) / size
        grouped = ops.matmul(ops.reshape(mean, (-1, channels)), average)
        return ops.reshape(grouped, (-1, *[1] * (rank - 2), channels))


class UpSampling2D(keras.layers.UpSampling2D):
    """Repeats pixels by joining and reshaping. Keras's own form has five axes and a TILE."""

    def call(self, inputs: Any) -> Any:
        """Enlarges images."""
        if self.interpolation != "nearest" or self.data_format != "channels_last":
            return super().call(inputs)
        rows, columns = self.size
        height, width, channels = inputs.shape[1:]
        wider = ops.concatenate([inputs] * columns, axis=-1)
        lines = ops.reshape(wider, (-1, height, 1, width * columns * channels))
        lines = ops.concatenate([lines] * rows, axis=2)
        return ops.reshape(lines, (-1, height * rows, width * columns, channels))


class Normalization(keras.layers.Normalization):
    """Normalises pictures by one convolution of each channel, whose weight int8 holds exactly.

    Keras's own form subtracts and divides. Both would round, the first to steps of more than a
    pixel, and all channels would share the scale of one constant.
    """

    def call(self, inputs: Any) -> Any:
        """Subtracts the mean and divides by the deviation."""
        channels = inputs.shape[-1]
        plain = len(inputs.shape) == 4 and not self.invert and np.size(self.mean) == channels
        if not plain or self.axis not in ((-1,), (3,)):
            return super().call(inputs)
        mean, variance = (
            np.asarray(value, np.float64).ravel() for value in (self.mean, self.variance)
        )
        factor = 1 / np.maximum(np.sqrt(variance), keras.backend.epsilon())
        return _by_channel(inputs, factor.astype(np.float32), (-mean * factor).astype(np.float32))


class BatchNormalization(keras.layers.BatchNormalization):
    """Normalises pictures as `Normalization` does, unless a product before it takes the factors.

    It does so behind a sum, a concatenation or a ReLU, where Keras's own form is a product and a
    sum: both are rounded, and all channels share the scale of one constant.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Multiplies by a factor for each channel, and adds an offset."""
        plain = len(inputs.shape) == 4 and self.axis in (-1, 3) and not training
        if not plain or _is_product(inputs):
            return super().call(inputs, training=training, mask=mask)
        factor = ops.rsqrt(self.moving_variance + self.epsilon)
        factor = factor if self.gamma is None else factor * self.gamma
        offset = -self.moving_mean * factor
        return _by_channel(inputs, factor, offset if self.beta is None else offset + self.beta)


class GlobalAveragePooling1D(keras.layers.GlobalAveragePooling1D):
    """Counts steps without CAST and divides without DIV, since both do not support int8."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Averages over the steps that the mask leaves."""
        if mask is None or self.data_format != "channels_last":
            return super().call(inputs, mask=mask)
        keep = _as_number(mask)
        count = ops.sum(keep, axis=1, keepdims=self.keepdims)
        total = ops.sum(inputs * keep, axis=1, keepdims=self.keepdims)
        return divided(total, count)


class RNN(keras.layers.RNN):
    """Keeps its state over masked steps by products and a sum.

    Keras chooses between the old and the new state with a SELECT, whose inputs and output share one
    scale. That is the scale of the first step, which clips the larger values of later steps.
    """

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Runs the cell over every step; returns the last output, all outputs and the states."""
        if mask is None:
            return super().inner_loop(sequences, initial_state, mask, training)
        marks = (_as_number(mask), _as_number(ops.logical_not(mask)))
        steps = list(
            zip(*(ops.unstack(signal, axis=1) for signal in (sequences, *marks)), strict=True)
        )
        states, output, outputs = initial_state, 0.0, []
        for inputs, keep, leave in reversed(steps) if self.go_backwards else steps:
            stepped, new = self.cell(inputs, states)
            new = new if isinstance(new, (list, tuple)) else [new]
            states = [n * keep + old * leave for n, old in zip(new, states, strict=True)]
            output = stepped * keep + (0.0 if self.zero_output_for_mask else output * leave)
            outputs.append(output)
        return output, ops.stack(outputs, axis=1), states


class SimpleRNN(RNN, keras.layers.SimpleRNN):
    """See `RNN`."""


class GRU(RNN, keras.layers.GRU):
    """See `RNN`."""


class LSTM(RNN, keras.layers.LSTM):
    """See `RNN`."""


class Bidirectional(keras.layers.Bidirectional):
    """Reverses the backward outputs by a GATHER. No GPU supports Keras's own REVERSE."""

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None
    ) -> Any:
        """Runs both layers and joins their outputs."""
        plain = self.merge_mode == "concat" and self.return_sequences and not self.return_state
        if not plain or initial_state is not None:
            return super().call(sequences, initial_state, mask, training)
        forward = self.forward_layer(sequences, mask=mask)
        backward = self.backward_layer(sequences, mask=mask)
        turned = ops.take(backward, range(backward.shape[1])[::-1], axis=1)
        return ops.concatenate([forward, turned], axis=-1)


_PRODUCTS = ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MatMul", "BatchMatMulV2")

_FORMS = {
    form.__bases__[-1]: form
    for form in (
        LayerNormalization,
        GroupNormalization,
        BatchNormalization,
        Normalization,
        UpSampling2D,
        GlobalAveragePooling1D,
        RNN,
        SimpleRNN,
        GRU,
        LSTM,
        Bidirectional,
    )
}


def quantisable(layer: keras.layers.Layer) -> type[keras.layers.Layer]:
    """Returns the class for the conversion of a layer: one of this module, or its own."""
    return _FORMS.get(type(layer), type(layer))


def _by_channel(inputs: Any, factor: Any, offset: Any) -> Any:
    """Multiplies each channel of pictures and adds to it, by one convolution."""
    kernel = ops.reshape(factor, (1, 1, -1, 1))
    return ops.depthwise_conv(inputs, kernel, data_format="channels_last") + offset


def _is_product(tensor: Any) -> bool:
    """Whether a convolution or a product gives a tensor, and a bias at most is added to it.

    The converter multiplies the kernel of such a one by the factors of a normalisation.
    """
    operation = tensor.op
    if operation.type in ("AddV2", "BiasAdd"):
        term, bias = operation.inputs
        operation = term.op if _reshaped(bias).type == "ReadVariableOp" else operation
    return _reshaped(operation.outputs[0]).type in _PRODUCTS


def _reshaped(tensor: Any) -> Any:
    """Returns the operation that gives a tensor, before it got this shape."""
    operation = tensor.op
    while operation.type in ("Reshape", "Squeeze"):
        operation = operation.inputs[0].op
    return operation


def divided(total: Any, count: Any) -> Any:
    """Divides by positive numbers with operators that support int8; DIV and SQUARE do not."""
    root = ops.rsqrt(count)
    return total * root * root


def _as_number(mask: Any) -> Any:
    """Returns a mask as 1 and 0, (batch, steps, 1), both of which int8 holds exactly."""
    return ops.where(ops.expand_dims(mask, -1), 1.0, 0.0)
