"""Makes a model calculate the same function with operations that every target supports.

Nothing is rebuilt. While the graph is traced, the layers of the given model, at every depth,
calculate in another way. Their weights, and any state derived from them, stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from export.errors import ExportError
from export.forms.graph import replace_operations
from export.forms.quantisable import quantisable


@dataclass(frozen=True)
class Change:
    """A change to one layer during the conversion.

    Attributes:
        layer: A layer, a cell of one, a model, or a seed generator.
        form: The class whose methods it uses.
        attributes: Attributes with another value.
    """

    layer: Any
    form: type
    attributes: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def changed(changes: Sequence[Change]) -> Iterator[None]:
    """Gives layers other classes and attributes inside the context, and their own afterwards.

    Attributes are set without Keras, which would track them as weights and layers.
    """
    before = [(change.layer, type(change.layer), dict(vars(change.layer))) for change in changes]
    try:
        for change in changes:
            object.__setattr__(change.layer, "__class__", change.form)
            vars(change.layer).update(change.attributes)
        yield
    finally:
        for change, (layer, own, attributes) in zip(changes, before, strict=True):
            object.__setattr__(layer, "__class__", own)
            for name in change.attributes:
                vars(layer).pop(name)
                if name in attributes:
                    vars(layer)[name] = attributes[name]


@contextmanager
def rewritten(model: keras.Model, changes: Sequence[Change] | None = None) -> Iterator[None]:
    """Makes a model calculate in its form for conversion, inside the context.

    Recurrent layers are unrolled. A loop would become a WHILE, which no delegate supports and which
    crashes the converter under full-integer quantisation.

    Args:
        model: Traced inside, by a `tf.function`.
        changes: Changes of its layers; None: those of `rewritable`.
    """
    with changed(rewritable(model) if changes is None else changes):
        yield
    if not tf.executing_eagerly():
        replace_operations(tf.compat.v1.get_default_graph())


def rewritable(model: keras.Model) -> list[Change]:
    """Lists the changes to the layers of a model for its conversion.

    Raises:
        ExportError: A layer keeps its state between calls.
    """
    changes = []
    for layer in _layers(model):
        attributes: dict[str, Any] = {}
        if isinstance(layer, keras.layers.RNN):
            if layer.stateful:
                raise ExportError(
                    f"layer {layer.name!r} is stateful; build it with stateful=False to export it"
                )
            attributes["unroll"] = True
            if hasattr(layer, "use_cudnn"):
                attributes["use_cudnn"] = False  # The fused kernel ignores `unroll`.
        elif isinstance(layer, (keras.layers.LSTMCell, keras.layers.GRUCell)):
            # One product for each gate. The default fuses them, and then a random number of SPLITs
            # stays in float.
            attributes["implementation"] = 1
        if attributes or quantisable(layer) is not type(layer):
            changes.append(Change(layer, quantisable(layer), attributes))
    return changes + unseeded(model)


def unseeded(model: keras.Model) -> list[Change]:
    """Lists the changes that keep a model's seed generators constant while its graph is traced.

    A generator counts its random numbers in a variable, and a file keeps no variables. The random
    numbers change no answer: `export.forms.answers` has checked that.
    """
    return [
        Change(generator, _Unseeded)
        for layer in model._flatten_layers(include_self=True, recursive=True)
        for generator in layer._seed_generators
    ]


class _Unseeded(keras.random.SeedGenerator):
    """Gives the same seed at every call."""

    def next(self, ordered: bool = True) -> Any:
        """Returns a constant."""
        return keras.ops.zeros((2,), self.state.dtype)


def recurrent_layers(model: keras.Model) -> list[keras.layers.RNN]:
    """Lists the LSTM, GRU and other recurrent layers, at every depth."""
    return [layer for layer in _layers(model) if isinstance(layer, keras.layers.RNN)]


def _layers(model: keras.Model) -> list[Any]:
    # Keras has no public walk that also enters wrappers such as Bidirectional.
    return list(model._flatten_layers(include_self=False, recursive=True))
