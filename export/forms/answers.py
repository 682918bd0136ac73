"""The answers of the Keras model as it was given: the reference of every check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from export.errors import ExportError, one_line
from export.samples import batch_of

# Inputs that are run again, alone and among others, to see whether the answers stay the same.
_ASKED_AGAIN = 4
# Adding numbers in another order may change answers by this much: a share of the spread of a
# column's answers, and a share of its largest answer.
_OF_SPREAD, _OF_LARGEST = 1e-3, 1e-5
# With fewer inputs, all answers may be equal by chance.
_MANY = 10


def answers(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Runs a model on inputs, and checks that each input always has the same answer.

    Args:
        model: With one input and one output, (batch, columns).
        x: (N, ...) inputs.

    Returns:
        (N, columns) float32, finite, as the model gives them.

    Raises:
        ExportError: A layer runs only in Python or fails on these inputs; answers are not finite,
            are all equal, or depend on chance, on earlier inputs or on the rest of the batch.
    """
    spec = tf.TensorSpec((None, *x.shape[1:]), tf.float32)
    run = tf.function(lambda inputs: model(inputs, training=False), input_signature=[spec])
    size = batch_of(x.shape[1:])

    def run_over(inputs: np.ndarray, size: int) -> np.ndarray:
        batches = (inputs[i : i + size] for i in range(0, len(inputs), size))
        return np.concatenate([run(tf.constant(batch, tf.float32)).numpy() for batch in batches])

    before = [np.array(variable.numpy()) for variable in model.non_trainable_variables]
    few = x[:_ASKED_AGAIN]
    try:
        first, again, alone = run_over(few, len(few)), run_over(few, len(few)), run_over(few, 1)
        outputs = run_over(x, size)
    except Exception as error:  # Layers of users may raise anything.
        raise ExportError(
            f"model {model.name!r} does not run as a TensorFlow graph: "
            f"{type(error).__name__}: {one_line(error)}; write its layers with keras.ops"
        ) from error
    changed = _put_back(model, before)
    _check_finite(outputs)
    tolerance = np.maximum(_OF_SPREAD * np.ptp(outputs, axis=0), _OF_LARGEST * abs(outputs).max(0))
    if not (np.abs(first - again) <= tolerance).all():
        raise ExportError(
            f"model {model.name!r} gives other answers when it is asked again: "
            f"{_blamed(model, changed)} draws random numbers or keeps a state; a file does neither"
        )
    if not (np.abs(first - alone) <= tolerance).all():
        raise ExportError(
            f"model {model.name!r} answers an input otherwise alone than among others: "
            f"{_blamed(model, changed)} looks at the whole batch, as BatchNormalization does when "
            "it is called with training=True; a file takes one input at a time"
        )
    if (outputs == outputs[:1]).all() and len(np.unique(x, axis=0)) >= _MANY:
        raise ExportError(
            f"model {model.name!r} gives the same answer to all {len(x)} test samples; check its "
            "weights, and that the samples have the units it was trained on"
        )
    return outputs


def _check_finite(outputs: np.ndarray) -> None:
    bad = int((~np.isfinite(outputs)).any(axis=1).sum())
    if bad:
        raise ExportError(
            f"the Keras model itself gives NaN or infinity for {bad} of {len(outputs)} test "
            "samples; check its weights, and that the samples have the units it was trained on"
        )


def _put_back(model: keras.Model, before: Sequence[np.ndarray]) -> set[int]:
    """Restores the variables that running a model changed, and returns which ones they are."""
    changed = set()
    for variable, value in zip(model.non_trainable_variables, before, strict=True):
        if not np.array_equal(value, variable.numpy(), equal_nan=value.dtype.kind == "f"):
            changed.add(id(variable))
            variable.assign(value)
    return changed


def _blamed(model: keras.Model, changed: set[int]) -> str:
    layers: Iterable[keras.layers.Layer] = model._flatten_layers(include_self=False, recursive=True)
    names = [
        repr(layer.name)
        for layer in layers
        if not isinstance(layer, keras.Model)
        and changed & {id(variable) for variable in layer.variables}
    ]
    return f"layer {', '.join(names)}" if names else "one of its layers"
