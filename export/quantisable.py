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
        mask = ops.expand_dims(mask, -1)
        count = ops.sum(ops.where(mask, 1.0, 0.0), axis=1, keepdims=self.keepdims)
        total = ops.sum(ops.where(mask, inputs, 0.0), axis=1, keepdims=self.keepdims)
        return total * ops.square(ops.rsqrt(count))


def quantisable(layer: keras.layers.Layer) -> type[keras.layers.Layer]:
    """Returns the class to rebuild a layer with: one of this module, or its own."""
    if type(layer) is keras.layers.LayerNormalization and _over_last_axis(layer):
        return LayerNormalization
    if type(layer) is keras.layers.GlobalAveragePooling1D and layer.data_format == "channels_last":
        return GlobalAveragePooling1D
    return type(layer)


def _over_last_axis(layer: keras.layers.LayerNormalization) -> bool:
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    last = len(layer.input.shape) - 1
    return [axis % (last + 1) for axis in axes] == [last] and not layer.rms_scaling
