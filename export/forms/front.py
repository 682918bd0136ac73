"""The front of a model: the first layers, which stay in float32 where the others are integers.

A power spectrum spans 90 decibels and a table's raw row many units, neither of which 8 bits hold.
The front and the body behind it are converted by themselves and then joined to one file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.errors import ExportError, unknown
from export.forms.rewriting import Change, rewritable, rewritten
from export.samples import batch_of

# Name of its signature, beside the body's, while a model is converted.
FRONT = "front"


@dataclass(frozen=True, eq=False)
class Front:
    """The first layers of a model.

    Attributes:
        names: Their names, as the caller gave them.
        model: From the raw input to what the body takes.
        last: The layer whose result the body takes.
    """

    names: tuple[str, ...]
    model: keras.Model
    last: Any


def front_of(model: keras.Model, names: Sequence[str]) -> Front | None:
    """Finds the front of a model.

    Args:
        model: Functional or sequential, with one input.
        names: Names of its layers, at the top level. They lead from the input to one tensor, which
            all other layers calculate from. Empty: there is no front.

    Raises:
        ExportError: A name is unknown, or other layers take part in the front.
    """
    if isinstance(names, str):
        raise ExportError(f"front is the string {names!r}; pass a tuple, as in ({names!r},)")
    names = tuple(names)
    if not names:
        return None
    nodes = [node for node in _nodes(model) if not node.is_input]
    known = list(dict.fromkeys(node.operation.name for node in nodes))
    for name in names:
        if name not in known:
            raise unknown("layer of the front", str(name), known)
    made = {
        id(tensor): node.operation
        for node in nodes
        for tensor in node.output_tensors
        if node.operation.name in names
    }
    given = {id(tensor) for tensor in model.inputs}
    crossing: dict[int, Any] = {
        id(tensor): tensor for tensor in model.outputs if id(tensor) in made
    }
    for node in nodes:
        for tensor in node.input_tensors:
            inside = node.operation.name in names
            if inside and id(tensor) not in made and id(tensor) not in given:
                maker = tensor._keras_history.operation.name
                raise ExportError(
                    f"layer {node.operation.name!r} of the front comes after {maker!r}, which "
                    f"is not in the front; name every layer from the input on"
                )
            if not inside and id(tensor) in given:
                raise ExportError(
                    f"layer {node.operation.name!r} takes the raw input, but is not in the front "
                    f"({_quoted(names)}); add it, or let it take what the front gives"
                )
            if not inside and id(tensor) in made:
                crossing[id(tensor)] = tensor
    if len(crossing) != 1:
        makers = dict.fromkeys(made[key].name for key in crossing)
        raise ExportError(
            f"the layers behind the front take {len(crossing)} tensors from it (of "
            f"{_quoted(makers)}); join them to one in the front"
        )
    ((key, boundary),) = crossing.items()
    if any(boundary is tensor for tensor in model.outputs):
        raise ExportError(
            f"no layer is behind the front ({_quoted(names)}); name the first layers only"
        )
    return Front(names, keras.Model(model.inputs[0], boundary, name=model.name), made[key])


def front_values(front: Front, x: np.ndarray) -> np.ndarray:
    """Runs a front: (N, ...) raw inputs to (N, ...) inputs of the body, in float32."""
    size = batch_of(x.shape[1:])
    batches = (x[i : i + size].astype(np.float32) for i in range(0, len(x), size))
    return np.concatenate([front.model(batch, training=False).numpy() for batch in batches])


def front_functions(
    front: Front,
    model: keras.Model,
    activate: Callable[[tf.Tensor], tf.Tensor],
    kind: str,
    output_name: str,
) -> tuple[Any, Any]:
    """Returns two functions with batch 1: the front, and the model behind it.

    Args:
        front: The front of the model.
        model: The whole model.
        activate: Turns its output into that of the file.
        kind: Name of the input of both.
        output_name: Name of the model's output.
    """
    raw = tf.TensorSpec((1, *model.inputs[0].shape[1:]), tf.float32, name=kind)
    between = tf.TensorSpec((1, *front.model.outputs[0].shape[1:]), tf.float32, name=kind)

    @tf.function(input_signature=[raw])
    def first(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        with rewritten(front.model):
            return {FRONT: front.model(inputs, training=False)}

    @tf.function(input_signature=[between])
    def behind(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        # The front's last layer gives these inputs, so that nothing needs what comes before it.
        instead = Change(front.last, type(front.last), {"call": lambda *_, **__: inputs})
        with rewritten(model, [*rewritable(model), instead]):
            return {output_name: activate(model(tf.zeros(raw.shape), training=False))}

    return first, behind


def _nodes(model: keras.Model) -> list[Any]:
    # Keras has no public walk over the calls of a model.
    by_depth = getattr(model, "_functional", model)._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
