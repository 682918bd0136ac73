"""What a network knows of its input before it decides: the features that its head reads."""

from __future__ import annotations

import keras

from zoo.models.names import LOGITS


def headless(network: keras.Model) -> keras.Model:
    """Returns the part of a network before its layer "logits"; it shares the weights.

    It gives (batch, features). A network that was built with `num_classes=0` is that already.
    """
    if LOGITS not in {layer.name for layer in network.layers}:
        return network
    return keras.Model(network.input, network.get_layer(LOGITS).input)
