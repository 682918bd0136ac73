"""Checks that the form for conversion gives the same answers as the given model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import ExportError
from export.forms.form import Form
from export.forms.one_step import OneStep
from export.forms.rewriting import Change, rewritable, rewritten

_SAMPLES = 2
# The gates judge rounding; this check looks for another function. The limits are shares of the
# largest output of a column, and of the largest of all outputs.
_OF_COLUMN, _OF_ALL = 0.01, 1e-6


def check_same_function(
    form: Form, serve: Any, x: np.ndarray, lengths: np.ndarray | None, expected: np.ndarray
) -> None:
    """Compares the form for conversion with the given model, on a few samples.

    A model that draws random numbers or keeps a state between calls does not reproduce the expected
    values itself. This check then passes, and the gates judge.

    Args:
        form: The form of the model.
        serve: The function to convert, from `conversion_module`.
        x: (N, ...) inputs.
        lengths: (N,) true numbers of steps of padded sequences; None: all.
        expected: (N, classes) outputs of the given model, after `Form.activate`.

    Raises:
        ExportError: The functions differ; the message names the layer if it is known.
    """
    x, expected = x[:_SAMPLES].astype(np.float32), expected[:_SAMPLES]
    if form.step is not None:
        answers = _fed(form.step, form.output_name, serve, x, lengths)
        if not _same(answers, expected):
            raise ExportError(
                f"model {form.model.name!r}, fed step by step, gives other answers than for whole "
                f"sequences (up to {np.abs(answers - expected).max():.2g} off): a layer treats "
                "steps unlike, or looks at several; export it with a fixed length of 64 steps or "
                "less"
            )
        return
    answers = _one_by_one(lambda one: serve(one)[form.output_name], x)
    if _same(answers, expected):
        return
    plain = [_one_by_one(_outputs(form, []), x) for _ in range(2)]
    if not _same(plain[0], expected) or not _same(*plain):
        return
    blamed = [
        change.layer
        for change in rewritable(form.model)
        if not _same(_one_by_one(_outputs(form, [change]), x), expected)
    ]
    names = " and ".join(f"{type(layer).__name__} {layer.name!r}" for layer in blamed[:3])
    raise ExportError(
        f"model {form.model.name!r}, in the form that is converted, gives other answers (up to "
        f"{np.abs(answers - expected).max():.2g} off): "
        + (f"because of layer {names}" if names else "because of an operation outside its layers")
        + "; write it with other layers, or report this"
    )


def _outputs(form: Form, changes: list[Change]) -> Callable[[tf.Tensor], tf.Tensor]:
    @tf.function
    def run(one: tf.Tensor) -> tf.Tensor:
        with rewritten(form.model, changes):
            return form.activate(form.model(one, training=False))

    return run


def _one_by_one(run: Callable[[tf.Tensor], tf.Tensor], x: np.ndarray) -> np.ndarray:
    return np.concatenate([run(tf.constant(x[i : i + 1])).numpy() for i in range(len(x))])


def _fed(
    step: OneStep, output_name: str, serve: Any, x: np.ndarray, lengths: np.ndarray | None
) -> np.ndarray:
    outputs = []
    for i, sequence in enumerate(x):
        states = [tf.zeros((1, *shape)) for shape in step.states.values()]
        for time in range(len(sequence) if lengths is None else int(lengths[i])):
            results = serve(tf.constant(sequence[None, time : time + 1]), *states)
            states = [results[name] for name in step.states]
        outputs.append(results[output_name].numpy())
    return np.concatenate(outputs)


def _same(answers: np.ndarray, expected: np.ndarray) -> bool:
    largest = np.abs(expected).max(axis=0)
    limit = _OF_COLUMN * largest + _OF_ALL * largest.max()
    return bool((np.abs(answers - expected) <= limit).all())
