"""Keras layers in a form that quantises wholly to integers: the same function, the same weights."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class LayerNormalization(keras.layers.LayerNormalization):
    """Written so that the mean is subtracted; Keras's own adds a NEG that stays in float."""

    def call(self, inputs: Any) -> Any:
        """Normalises over the last axis."""
        difference = inputs - ops.mean(inputs, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(difference), axis=-1, keepdims=True)
        outputs = difference * ops.rsqrt(variance + self.epsilon)
        outputs = outputs * self.gamma if self.scale else outputs
        return outputs + self.beta if self.center else outputs


class GlobalAveragePooling1D(keras.layers.GlobalAveragePooling1D):
    """Counts its steps without CAST and divides without DIV, of which neither takes int8."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Averages over the steps that the mask leaves."""
        if mask is None:
            return super().call(inputs)
        keep = _as_number(mask)
        count = ops.sum(keep, axis=1, keepdims=self.keepdims)
        total = ops.sum(inputs * keep, axis=1, keepdims=self.keepdims)
        return divided(total, count)


@keras.saving.register_keras_serializable("export")
class RNN(keras.layers.RNN):
    """Keeps its state over masked steps by products and a sum.

    Keras chooses between the old and the new state with a SELECT, whose inputs and output must
    share one scale: that of the first step, which cuts off what later steps reach.
    """

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Runs the cell over every step; returns the last output, all outputs and the states."""
        if mask is None:
            return super().inner_loop(sequences, initial_state, mask, training)
        marks = (_as_number(mask), _as_number(ops.logical_not(mask)))
        steps = list(zip(*(ops.unstack(each, axis=1) for each in (sequences, *marks)), strict=True))
        states, output, outputs = initial_state, 0.0, []
        for inputs, keep, leave in reversed(steps) if self.go_backwards else steps:
            stepped, new = self.cell(inputs, states)
            new = new if isinstance(new, (list, tuple)) else [new]
            states = [n * keep + old * leave for n, old in zip(new, states, strict=True)]
            output = stepped * keep + (0.0 if self.zero_output_for_mask else output * leave)
            outputs.append(output)
        return output, ops.stack(outputs, axis=1), states


@keras.saving.register_keras_serializable("export")
class SimpleRNN(RNN, keras.layers.SimpleRNN):
    """See `RNN`."""


@keras.saving.register_keras_serializable("export")
class GRU(RNN, keras.layers.GRU):
    """See `RNN`."""


@keras.saving.register_keras_serializable("export")
class LSTM(RNN, keras.layers.LSTM):
    """See `RNN`."""


@keras.saving.register_keras_serializable("export")
class Bidirectional(keras.layers.Bidirectional):
    """Turns the backward outputs round by a GATHER; no GPU takes the REVERSE of Keras's own."""

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


_FORMS = {
    keras.layers.Bidirectional: Bidirectional,
    keras.layers.RNN: RNN,
    keras.layers.SimpleRNN: SimpleRNN,
    keras.layers.GRU: GRU,
    keras.layers.LSTM: LSTM,
}


def divided(total: Any, count: Any) -> Any:
    """Divides by positive numbers with operators that take int8, which DIV and SQUARE do not."""
    root = ops.rsqrt(count)
    return total * root * root


def _as_number(mask: Any) -> Any:
    """Returns a mask as 1 and 0, (batch, steps, 1), both of which int8 holds exactly."""
    return ops.where(ops.expand_dims(mask, -1), 1.0, 0.0)


def quantisable(layer: keras.layers.Layer) -> type[keras.layers.Layer]:
    """Returns the class to rebuild a layer with: one of this module, or its own."""
    if type(layer) in _FORMS:
        return _FORMS[type(layer)]
    if type(layer) is keras.layers.LayerNormalization and _over_last_axis(layer):
        return LayerNormalization
    if type(layer) is keras.layers.GlobalAveragePooling1D and layer.data_format == "channels_last":
        return GlobalAveragePooling1D
    return type(layer)


def _over_last_axis(layer: keras.layers.LayerNormalization) -> bool:
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    last = len(layer.input.shape) - 1
    return [axis % (last + 1) for axis in axes] == [last] and not layer.rms_scaling
