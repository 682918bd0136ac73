"""Ranges of integers that a quantisation-aware training learnt, and what it expects of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from export.errors import ExportError
from export.samples import batch_of

if TYPE_CHECKING:  # Reports are made of this module too, and are read without Keras.
    import keras

    from export.forms.form import Form

_STEPS = 255


@dataclass(frozen=True)
class Learnt:
    """What a model learnt for int8.

    Attributes:
        ranges: The least and the greatest result, by the name of the layer; that of the input by
            the input's name.
        ends: Names of the layers that give the input and the output of the integers.
        expected: (samples, columns) results of the simulation; None: there is none.
        unit: The step of the last result before a softmax or a sigmoid; 0: unknown.
    """

    ranges: Mapping[str, tuple[float, float]]
    ends: tuple[str, str]
    expected: np.ndarray | None = None
    unit: float = 0.0


def learnt_of(
    form: Form,
    ranges: Mapping[str, tuple[float, float]],
    simulation: keras.Model | None,
    x: np.ndarray,
) -> Learnt:
    """Returns what a model learnt for int8.

    Args:
        form: Of the model.
        ranges: As in `Learnt`.
        simulation: A Keras model that rounds as the file will; None: there is none.
        x: Samples for the simulation.

    Raises:
        ExportError: A range is of no layer, or is no range; the model is stepped through.
    """
    names = {layer.name for layer in form.model.layers}
    first = form.front_names[-1] if form.front_names else form.model.inputs[0].name
    for name, (low, high) in ranges.items():
        if name not in names | {first}:
            raise ExportError(f"ranges has {name!r}, which is no layer of {form.model.name!r}")
        if not (np.isfinite([low, high]).all() and low <= 0 <= high and low < high):
            raise ExportError(
                f"the range of {name!r} is {low:g} to {high:g}; it has to hold zero and be finite"
            )
    if form.step is not None:
        raise ExportError("ranges are of whole inputs, and these files take one step at a time")
    last = form.model.outputs[0]._keras_history.operation.name
    low, high = ranges.get(last, (0.0, 0.0))
    expected = None if simulation is None else _without_graph(simulation, x)
    return Learnt(dict(ranges), (first, last), expected, (high - low) / _STEPS)


def _without_graph(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Returns the results of a model; a graph would turn divisions into products, and move ties."""
    size = batch_of(x.shape[1:])
    batches = (x[start : start + size] for start in range(0, len(x), size))
    return np.concatenate([np.asarray(model(batch, training=False)) for batch in batches])
