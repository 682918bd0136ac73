"""Recurrent layers written out step by step, which is the only form that quantises."""

from __future__ import annotations

from typing import Any

import keras

from export.errors import ExportError
from export.forms.quantisable import quantisable


def recurrent_layers(model: keras.Model) -> list[keras.layers.RNN]:
    """Lists the LSTM, GRU and other recurrent layers, those inside wrappers included."""
    # Keras has no public walk that also enters wrappers such as Bidirectional.
    layers = model._flatten_layers(include_self=False, recursive=True)
    return [layer for layer in layers if isinstance(layer, keras.layers.RNN)]


def unroll(model: keras.Model) -> keras.Model:
    """Rebuilds a model with recurrent layers unrolled and the others quantisable, weights moved.

    A rolled layer converts to a WHILE loop: no delegate takes it, and under full-integer
    quantisation it ends the converting process. `implementation=1` keeps one product per gate; the
    default fuses them and then leaves a random number of SPLITs in float.

    Args:
        model: A functional or sequential model over sequences of static length.

    Returns:
        A new model with the same outputs; the given one where nothing is recurrent.

    Raises:
        ExportError: A layer keeps its state between calls, or cannot be rebuilt.
    """
    layers = recurrent_layers(model)
    if not layers and all(quantisable(layer) is type(layer) for layer in model.layers):
        return model
    for layer in layers:
        if layer.stateful:
            raise ExportError(
                f"layer {layer.name!r} is stateful; build it with stateful=False to export it"
            )
    try:
        clone = keras.models.clone_model(model, clone_function=_unrolled, recursive=True)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise ExportError(
            f"model {model.name!r} cannot be rebuilt with its recurrent layers unrolled "
            f"({_first_line(error)}); make it a functional model"
        ) from error
    for layer in recurrent_layers(clone):
        if not layer.unroll:
            raise ExportError(
                f"recurrent layer {layer.name!r} sits inside another layer and cannot be unrolled; "
                "put it into a functional model itself"
            )
        # Not part of a layer's configuration, so it can only be set on what was rebuilt.
        if hasattr(layer.cell, "implementation"):
            layer.cell.implementation = 1
    clone.set_weights(model.get_weights())
    return clone


def _unrolled(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    if isinstance(layer, keras.layers.Bidirectional):
        for side in ("layer", "backward_layer"):
            if config.get(side):
                # A wrapper rebuilds what it wraps from a description, by the registered name.
                inner = keras.saving.deserialize_keras_object(config[side])
                config[side] = keras.saving.serialize_keras_object(_unrolled(inner))
    elif isinstance(layer, keras.layers.RNN):
        _unroll_config(config)
    return quantisable(layer).from_config(config)


def _unroll_config(config: dict[str, Any]) -> None:
    config["unroll"] = True
    if "use_cudnn" in config:
        config["use_cudnn"] = False  # The fused kernel would ignore unroll.


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
