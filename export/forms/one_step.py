"""One step of a recurrent model, with its states as inputs and outputs, for long sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from export.errors import ExportError, one_line
from export.forms.quantisable import divided
from export.forms.rewriting import Change, changed, rewritable, rewritten
from export.samples import evenly_spaced

# More steps of calibration would take time and change nothing.
_CALIBRATION_STEPS = 2000


@dataclass(frozen=True, eq=False)
class OneStep:
    """A recurrent model for one step at a time.

    Attributes:
        model: The model over whole sequences; it keeps its layers and weights.
        changes: Changes to its layers while a step is calculated.
        carried: The states by name, set before a call of the model and read after it.
        states: Shape of each state, without the batch. All start as zeros.
    """

    model: keras.Model
    changes: Sequence[Change]
    carried: dict[str, Any]
    states: Mapping[str, tuple[int, ...]]

    def __call__(self, inputs: Any, states: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Runs one step.

        Args:
            inputs: (batch, 1, features).
            states: By name, (batch, ...).

        Returns:
            The model's output after this step, (batch, classes), and the next states.
        """
        self.carried.clear()
        self.carried.update(states)
        with rewritten(self.model, self.changes):
            output = self.model(inputs, training=False)
        return output, {name: self.carried[name] for name in self.states}


def one_step(model: keras.Model) -> OneStep:
    """Makes a model over sequences calculate one step at a time.

    Recurrent layers and the average over time get states. All other layers have to treat every step
    alike. Masks are ignored: every step counts.

    Args:
        model: A functional or sequential model over sequences.

    Raises:
        ExportError: A layer needs the whole sequence.
    """
    carried: dict[str, Any] = {}
    changes = [_for_one_step(change, carried) for change in rewritable(model)]
    changes += [
        # Otherwise the model and its nested models would refuse a sequence of another length.
        Change(inner, type(inner), {"_manual_input_spec": None})
        for inner in model._flatten_layers(include_self=True, recursive=True)
        if isinstance(inner, keras.Model)
    ]
    try:
        with changed(changes):
            output = model(np.zeros((1, 1, model.inputs[0].shape[-1]), np.float32), training=False)
    except ExportError:
        raise
    except Exception as error:  # Layers of users may raise anything.
        raise ExportError(
            f"model {model.name!r} cannot take one step at a time: {one_line(error)}"
        ) from error
    shapes = {name: tuple(value.shape[1:]) for name, value in carried.items()}
    if not shapes:
        raise ExportError(f"model {model.name!r} remembers nothing between steps: no stream")
    if tuple(output.shape) != (1, *model.outputs[0].shape[1:]):
        raise ExportError(
            f"model {model.name!r} gives {tuple(output.shape)} for one step; a stream takes layers "
            "that treat each step alike"
        )
    return OneStep(model, changes, carried, shapes)


def _for_one_step(change: Change, carried: dict[str, Any]) -> Change:
    layer, state = change.layer, {"_carried": _Untracked(carried)}
    if isinstance(layer, keras.layers.Bidirectional) or getattr(layer, "go_backwards", False):
        raise ExportError(
            f"layer {layer.name!r} reads the sequence from its end, which a stream does not "
            "have; export it with a fixed length of 64 steps or less, or build it one-way"
        )
    if isinstance(layer, keras.layers.RNN):
        return Change(layer, _Step, state)
    if isinstance(layer, keras.layers.GlobalAveragePooling1D):
        return Change(layer, _RunningMean, state)
    return change


def step_module(
    step: OneStep, activate: Any, input_name: str, output_name: str
) -> tuple[tf.Module, Any]:
    """Wraps a step for conversion, with batch 1.

    Args:
        step: The model.
        activate: Applied to its output: a softmax, or nothing.
        input_name: Name of the features in the signature; the states have their own names.
        output_name: Name of the output in the signature; next states have the names of the states.

    Returns:
        The module that holds the weights, and its `tf.function`.
    """
    features = step.model.inputs[0].shape[-1]
    specs = [tf.TensorSpec((1, 1, features), tf.float32, name=input_name)]
    specs += [tf.TensorSpec((1, *shape), tf.float32, name=n) for n, shape in step.states.items()]

    @tf.function(input_signature=specs)
    def serve(inputs: tf.Tensor, *states: tf.Tensor) -> dict[str, tf.Tensor]:
        output, after = step(inputs, dict(zip(step.states, states, strict=True)))
        return {output_name: activate(output), **after}

    module = tf.Module()
    module.weights = [weight.value for weight in step.model.weights]
    return module, serve


def step_samples(
    step: OneStep, x: np.ndarray, lengths: np.ndarray | None, input_name: str
) -> dict[str, np.ndarray]:
    """Returns the inputs of steps along real sequences, for calibration.

    Args:
        step: The model.
        x: (N, steps, features).
        lengths: (N,) true numbers of steps; None: all.
        input_name: As in `step_module`.

    Returns:
        For the features and each state, (M, ...) with M up to 2,000, evenly spaced.
    """
    lengths = np.full(len(x), x.shape[1]) if lengths is None else lengths
    states = {n: np.zeros((len(x), *shape), np.float32) for n, shape in step.states.items()}
    seen: dict[str, list[np.ndarray]] = {name: [] for name in (input_name, *states)}
    run = tf.function(step)
    for time in range(x.shape[1]):
        given = x[:, time : time + 1].astype(np.float32)
        for name, value in {input_name: given, **states}.items():
            seen[name].append(value[lengths > time])
        _, after = run(tf.constant(given), {n: tf.constant(v) for n, v in states.items()})
        states = {name: value.numpy() for name, value in after.items()}
    return {
        name: evenly_spaced(np.concatenate(values), _CALIBRATION_STEPS)
        for name, values in seen.items()
    }


class _Step(keras.layers.RNN):
    """One step of a recurrent layer."""

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None
    ) -> Any:
        """Runs the cell. It takes its states from `carried` and writes them back."""
        carried = self._carried.values
        start = self.cell.get_initial_state(batch_size=ops.shape(sequences)[0])
        start = start if isinstance(start, (list, tuple)) else [start]
        names = [f"{self.name}_{suffix}" for suffix in _suffixes(len(start))]
        states = [carried.get(name, zeros) for name, zeros in zip(names, start, strict=True)]
        output, after = self.cell(ops.reshape(sequences, (-1, sequences.shape[-1])), states)
        after = after if isinstance(after, (list, tuple)) else [after]
        carried.update(zip(names, after, strict=True))
        return ops.reshape(output, (-1, 1, output.shape[-1])) if self.return_sequences else output


class _RunningMean(keras.layers.GlobalAveragePooling1D):
    """The average over the steps so far."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Adds the step to the carried sum."""
        carried, total, count = self._carried.values, f"{self.name}_sum", f"{self.name}_count"
        now = ops.reshape(inputs, (-1, inputs.shape[-1]))
        carried[total] = carried.get(total, 0.0) + now
        carried[count] = carried.get(count, 0.0) + ops.ones_like(now[:, :1])
        return divided(carried[total], carried[count])


@dataclass(frozen=True)
class _Untracked:
    """Hides a dictionary of tensors from Keras, which would copy it."""

    values: dict[str, Any]


def _suffixes(count: int) -> tuple[str, ...]:
    return ("h", "c") if count == 2 else tuple(f"state{i}" for i in range(1, count + 1))
