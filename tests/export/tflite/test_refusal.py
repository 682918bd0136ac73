"""For a model that cannot be converted, the error is a sentence that says what to change."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import export
from export.child import ChildError
from export.tflite.refusal import why

PLACE = 'loc(callsite(fused["Svd:", "functional_1/decompose_1/Svd@__serve_38"] at callsite(x)))'


@pytest.mark.parametrize(
    ("status", "stderr", "sentence"),
    [
        (
            1,
            f"<unknown>:0: error: {PLACE}: 'tf.Svd' op is neither a custom op nor a flex op\n"
            f"<unknown>:0: note: {PLACE}: see current operation\n}}) {{}} : () -> ()\n",
            "TensorFlow Lite has no builtin operator for Svd in layer 'decompose'; take another "
            "layer, or write this one with other operations",
        ),
        (
            1,
            f"Traceback:\nConverterError: <unknown>:0: error: {PLACE}: 'tfl.mul' op result type "
            "'1x8' does not fit\n<unknown>:0: note: called from\n",
            "the converter stopped at layer 'decompose': 'tfl.mul' op result type '1x8' does not "
            "fit; take another layer there, or write it with other operations",
        ),
        (1, "Traceback\nKeyError: 'x'\n", "the process ended with status 1: KeyError: 'x'"),
        (
            -11,
            "",
            "the process was ended by SIGSEGV; where the model has a loop (tf.while_loop, or "
            "keras.ops.scan), write its steps out: the converter cannot make integers of it",
        ),
    ],
)
def test_the_converters_pages_become_a_sentence(status, stderr, sentence):
    assert why(ChildError(status, stderr)) == sentence


class Singular(layers.Layer):
    """TensorFlow Lite has nothing for it."""

    def call(self, inputs):
        return tf.linalg.svd(tf.reshape(inputs, (-1, 2, 4)), compute_uv=False)

    def compute_output_shape(self, shape):
        return (shape[0], 2)


class Loop(layers.Layer):
    """A recurrence of somebody's own."""

    def call(self, inputs):
        step = (lambda i, y: i < 5, lambda i, y: (i + 1, tf.tanh(2 * y)), (0, inputs))
        return tf.while_loop(*step)[1]


class LongLoop(layers.Layer):
    """A recurrence whose body has more operations than the rest of its network."""

    def call(self, inputs):
        def body(i, y):
            return i + 1, tf.tanh(0.5 * tf.tanh(2 * y) + tf.sqrt(tf.abs(y) + 1) * tf.sigmoid(y))

        steps = tf.cast(0 * tf.reduce_sum(inputs), tf.int32) + 3
        return tf.while_loop(lambda i, y: i < steps, body, (0, inputs))[1]


class Branch(layers.Layer):
    """One way or the other, to the same end: an input has one answer alone and among others."""

    def call(self, inputs):
        return tf.cond(tf.reduce_sum(inputs) > 0, lambda: inputs + inputs, lambda: 2 * inputs)


class Memory(layers.Layer):
    """Adds up what it has seen."""

    def build(self, shape):
        self.seen = self.add_weight(shape=(1, shape[-1]), name="seen", trainable=False)

    def call(self, inputs):
        self.seen.assign_add(inputs[:1])
        return inputs + self.seen


class InPython(layers.Layer):
    """Runs outside the graph."""

    def call(self, inputs):
        return tf.numpy_function(np.sin, [inputs], tf.float32)

    def compute_output_shape(self, shape):
        return shape


@pytest.mark.parametrize(
    ("layer", "target", "error", "sentence"),
    [
        (
            Singular(name="decompose"),
            "cpu",
            export.GateFailure,
            "the export failed a gate: cpu: conversion: TensorFlow Lite has no builtin operator "
            "for Svd in layer 'decompose'; take another layer",
        ),
        (
            Loop(name="loop"),
            "edge",
            export.GateFailure,
            "edge: builtin_operators: WHILE in layer 'loop' (write the steps of the loop out",
        ),
        (
            LongLoop(name="long"),
            "gpu",
            export.GateFailure,
            "gpu: one_subgraph: 3 (more than one means loops or branches)",
        ),
        (
            Branch(name="branch"),
            "cpu",
            export.GateFailure,
            "cpu: builtin_operators: IF in layer 'branch' (compute both branches and choose",
        ),
        (
            Memory(name="memory"),
            "cpu",
            export.ExportError,
            "model 'network' gives other answers when it is asked again: layer 'memory' draws",
        ),
        (
            InPython(name="python"),
            "cpu",
            export.ExportError,
            "model 'network' does not run as a TensorFlow graph: ",
        ),
    ],
    ids=["no operator", "loop", "long loop", "branch", "memory", "python"],
)
def test_what_cannot_be_exported_is_reported_with_its_layer(
    few, tmp_path, layer, target, error, sentence
):
    inputs = keras.Input((8,))
    model = keras.Model(inputs, layers.Dense(3)(layer(inputs)), name="network")
    with pytest.raises(error) as caught:
        export.export_model(
            model,
            tmp_path / "out",
            samples=few,
            labels=("a", "b", "c"),
            targets=(target,),
            outputs="logits",
        )
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").glob("*.tflite"))
