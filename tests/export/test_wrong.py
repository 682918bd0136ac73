"""Wrong files and wrong models, each of which has to be refused.

A case is a line: what is wrong, and how to make it. `FILES` change a right file after its
conversion. `MODELS` are networks that differ from a right file as if the conversion had lost or
added something.
"""

from __future__ import annotations

import dataclasses
import math
import types
import zipfile
from pathlib import Path

import flatbuffers
import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from keras import layers, ops

import export
from export.artifact import lite_artifact
from export.forms.answers import answers
from export.forms.form import prepare
from export.samples import check_samples
from export.targets import TARGETS
from export.task import TEST_X, Task
from tests.export.conftest import LABELS


@pytest.fixture(scope="module")
def right(exported, tmp_path_factory):
    """The model, its samples and answers; files are those of the export."""
    given = exported.samples
    few = export.Samples(given.calibration[:200], given.test_x[:120], given.test_y[:120])
    samples = check_samples(few, (16, 16, 3), 10)
    scratch = tmp_path_factory.mktemp("right")
    np.savez(scratch / TEST_X, x=samples.compared)
    return types.SimpleNamespace(
        folder=exported.folder, model=exported.model, samples=samples, scratch=scratch
    )


def failures(right, target, path, logits):
    """Names the checks that a file fails beside a model that gives these logits."""
    task = Task(
        form=prepare(right.model),
        samples=right.samples,
        pixels=True,
        labels=LABELS,
        about=export.About(),
        identity={"checkpoint": "", "model": "tiny"},
        threads=1,
        reference=ops.convert_to_numpy(ops.softmax(logits)),
        scratch=right.scratch,
        artifacts=path.parent,
    )
    target = dataclasses.replace(TARGETS[target], provers=())
    artifact, _ = lite_artifact(task, target, path, None, named=path, whole=path, floats=Path())
    return {check.name for check in artifact.checks if check.status == "fail"}


@pytest.mark.parametrize("target", ["cpu", "gpu", "edge"])
def test_what_is_right_passes(right, in_process, target):
    logits = answers(right.model, right.samples.compared)
    assert failures(right, target, right.folder / f"{target}.tflite", logits) == set()


# Models: from the right one to logits that its file does not give.


def over(change):
    """Something done to the pictures first, as by other preprocessing or another geometry."""
    return lambda model, x: answers(model, change(x.astype(np.float32)))


def then(change):
    """Something done to the logits."""
    return lambda model, x: np.asarray(change(answers(model, x)), np.float32)


def with_weights(change):
    """Other weights: `change` takes a layer's weight, its name and its layer's kind."""

    def run(model, x):
        clone = keras.models.clone_model(model)
        kinds = {layer.name: type(layer).__name__ for layer in model.layers}
        for weight, own in zip(clone.weights, model.weights, strict=True):
            value = own.numpy()
            weight.assign(change(value, weight.name, kinds.get(weight.path.split("/")[0], "")))
        return answers(clone, x)

    return run


def unadapted(model, x):
    image = keras.Input((16, 16, 3))
    tail = keras.Model(model.layers[2].input, model.outputs)
    return answers(keras.Model(image, tail(image)), x)


def batch_statistics(model, x):
    """Every batch normalisation by the statistics of what is put in."""
    before = model.get_weights()
    try:
        return model(x.astype(np.float32), training=True)
    finally:
        model.set_weights(before)


def softmax(logits):
    return ops.convert_to_numpy(ops.softmax(logits))


NOISE = np.random.default_rng(0)
MODELS = {
    "second softmax": then(softmax),
    "labels permuted": then(lambda logits: np.roll(logits, 1, axis=1)),
    "two labels swapped": then(lambda logits: logits[:, [1, 0, *range(2, 10)]]),
    "halved logits": then(lambda logits: logits / 2),
    "another output": then(lambda logits: logits[:, ::-1]),
    "a sigmoid in place of a softmax": then(lambda logits: np.log1p(np.exp(logits))),
    "swapped channels and unlike ones": over(lambda x: x * [1, 0.5, 0] @ np.eye(3)[::-1]),
    "turned pictures": over(lambda x: x[:, ::-1, ::-1]),
    "height for width": over(lambda x: x.transpose(0, 2, 1, 3)),
    "padding off by one": over(lambda x: np.pad(x, ((0, 0), (1, 0), (1, 0), (0, 0)))[:, :-1, :-1]),
    "saturated preprocessing": over(lambda x: np.minimum(255 * x, 255)),
    "pixels scaled twice": over(lambda x: x / 255),
    "inverted pixels": over(lambda x: 255 - x),
    "noise at inference": over(lambda x: x + NOISE.normal(0, 40, x.shape)),
    "a frame of zeros": over(lambda x: np.pad(x[:, 3:-3, 3:-3], ((0, 0), (3, 3), (3, 3), (0, 0)))),
    "batch statistics": batch_statistics,
    "an adapted Normalization forgotten": unadapted,
    "moving statistics forgotten": with_weights(
        lambda value, name, kind: {"moving_mean": 0 * value, "moving_variance": 0 * value + 1}.get(
            name, value
        )
    ),
    "a missing bias": with_weights(lambda v, name, kind: 0 * v if name == "bias" else v),
    "a missing shift": with_weights(lambda v, name, kind: 0 * v if name == "beta" else v),
    "kernels turned round": with_weights(
        lambda v, name, kind: v[::-1, ::-1] if name == "kernel" and v.ndim == 4 else v
    ),
    "weights of another model": with_weights(
        lambda v, name, kind: NOISE.permutation(v.ravel()).reshape(v.shape) if v.ndim > 1 else v
    ),
    "weights truncated": with_weights(
        lambda v, name, kind: v * (np.arange(v.size) < v.size / 2).reshape(v.shape)
    ),
    "weights in float16's place value": with_weights(
        lambda v, name, kind: np.round(v, 1) if v.ndim > 1 else v
    ),
}


# What the rounding of integers may cost too.
SUBTLE = {"batch statistics", "a missing bias", "a missing shift"}


@pytest.mark.parametrize("name", MODELS)
def test_a_file_that_is_not_of_this_model_is_refused(right, in_process, name):
    logits = np.asarray(MODELS[name](right.model, right.samples.compared), np.float32)
    for target in ("cpu", "gpu") if name in SUBTLE else ("cpu", "gpu", "edge"):
        assert failures(right, target, right.folder / f"{target}.tflite", logits), target


# Files: from the right one to what no longer answers as the model does.


def largest(model):
    """The constant with most numbers: the last kernel."""
    (graph,) = model.subgraphs
    tensors = [t for t in graph.tensors if model.buffers[t.buffer].data is not None]
    return max(tensors, key=lambda tensor: math.prod(tensor.shape))


def ends(model):
    (graph,) = model.subgraphs
    return graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]


def in_largest(change, dtype):
    """Changes the numbers of the largest kernel."""

    def run(model):
        buffer = model.buffers[largest(model).buffer]
        numbers = np.frombuffer(np.asarray(buffer.data, np.uint8).tobytes(), dtype).copy()
        buffer.data = np.frombuffer(change(numbers).astype(dtype).tobytes(), np.uint8)

    return run


def scaled(factor):
    """Multiplies the scales of the largest kernel."""

    def run(model):
        quantisation = largest(model).quantization
        quantisation.scale = np.asarray(quantisation.scale) * np.float32(factor)

    return run


def moved_zero(model):
    quantisation = ends(model)[0].quantization
    quantisation.zeroPoint = np.asarray(quantisation.zeroPoint) + 10


def stretched(which, factor):
    def run(model):
        quantisation = ends(model)[which].quantization
        quantisation.scale = np.asarray(quantisation.scale) * np.float32(factor)

    return run


def renamed(model):
    model.signatureDefs[0].signatureKey = b"predict"


def halves_swapped(numbers):
    return np.roll(numbers, len(numbers) // 2)


def first(value):
    def change(numbers):
        numbers[0] = value
        return numbers

    return change


def to_zero(numbers):
    return 0 * numbers


def cut(numbers):
    return numbers * (np.arange(len(numbers)) < len(numbers) / 2)


FILES = {
    "cpu, kernel cut": ("cpu", in_largest(cut, np.float32)),
    "cpu, kernel zero": ("cpu", in_largest(to_zero, np.float32)),
    "cpu, halves swapped": ("cpu", in_largest(halves_swapped, np.float32)),
    "cpu, one number NaN": ("cpu", in_largest(first(np.nan), np.float32)),
    "cpu, one number infinite": ("cpu", in_largest(first(np.inf), np.float32)),
    "cpu, kernel of the other sign": ("cpu", in_largest(np.negative, np.float32)),
    "cpu, a thousandth too much": ("cpu", in_largest(lambda n: 1.001 * n, np.float32)),
    "cpu, signature renamed": ("cpu", renamed),
    "gpu, kernel cut": ("gpu", in_largest(cut, np.float16)),
    "gpu, beyond float16": ("gpu", in_largest(first(np.inf), np.float16)),
    "gpu, kernel in steps": ("gpu", in_largest(lambda n: np.round(n, 1), np.float16)),
    "edge, kernel cut": ("edge", in_largest(cut, np.int8)),
    "edge, one answer": ("edge", in_largest(to_zero, np.int8)),
    "edge, halves swapped": ("edge", in_largest(halves_swapped, np.int8)),
    "edge, saturated": ("edge", in_largest(lambda n: np.sign(n) * 127.0, np.int8)),
    "edge, scale halved": ("edge", scaled(0.5)),
    "edge, zero point of the input": ("edge", moved_zero),
    "edge, scale of the input": ("edge", stretched(0, 1.5)),
    "edge, scale of the output": ("edge", stretched(1, 0.7)),
}


def patched(path, change, folder):
    """Writes a file whose flatbuffer was changed; what is appended to it stays."""
    content = path.read_bytes()
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    change(model)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    wrong = folder / path.name
    wrong.write_bytes(bytes(builder.Output()))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(wrong, "a") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return wrong


@pytest.mark.parametrize("target", ["cpu", "gpu", "edge"])
def test_an_unchanged_file_still_passes(right, in_process, tmp_path, target):
    path = patched(right.folder / f"{target}.tflite", lambda model: None, tmp_path)
    logits = answers(right.model, right.samples.compared)
    assert failures(right, target, path, logits) == set()


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused(right, in_process, tmp_path, name):
    target, change = FILES[name]
    path = patched(right.folder / f"{target}.tflite", change, tmp_path)
    logits = answers(right.model, right.samples.compared)
    assert failures(right, target, path, logits)


def test_labels_in_another_order_inside_are_refused(right, in_process, tmp_path):
    path = tmp_path / "cpu.tflite"
    path.write_bytes((right.folder / "cpu.tflite").read_bytes())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("labels.txt", "".join(f"{label}\n" for label in reversed(LABELS)))
    logits = answers(right.model, right.samples.compared)
    assert failures(right, "cpu", path, logits) == {"labels_inside"}


# Requests that are refused before anything is converted.

REQUESTS = {
    "labels permuted": ({"test_y": lambda y: (y + 1) % 10}, "another order"),
    "two labels swapped": (
        {"test_y": lambda y: np.select([y == 3, y == 4], [4, 3], y)},
        "that test_y calls '3' the Keras model calls '4'",
    ),
    "logits called probabilities": ({"outputs": "probabilities"}, "pass outputs='logits'"),
    "values with classes": ({"outputs": "values"}, "leave it out"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_cannot_be_right_is_refused(exported, tmp_path, name):
    (change, message) = REQUESTS[name]
    relabel = change.get("test_y", lambda y: y)
    samples = dataclasses.replace(exported.samples, test_y=relabel(exported.samples.test_y))
    with pytest.raises(export.ExportError, match=message):
        export.export_model(
            exported.model,
            tmp_path / "out",
            samples=samples,
            labels=LABELS,
            outputs=change.get("outputs", "auto"),
        )
    assert not (tmp_path / "out").exists()


# Models that remember what they were asked before; a file answers an input whatever came earlier.


class Counting(layers.Layer):
    """Adds how often it was called."""

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return layers.Flatten()(x + self.calls)


REMEMBERING = {
    "LSTM": lambda: layers.LSTM(4, stateful=True),
    "both directions": lambda: layers.Bidirectional(layers.SimpleRNN(4, stateful=True)),
    "stacked cells": lambda: layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], stateful=True),
    "nested": lambda: keras.Sequential([layers.GRU(4, stateful=True), layers.Dense(3)]),
    "an own layer": Counting,
}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("name", REMEMBERING)
def test_a_model_that_remembers_is_refused(tmp_path, name, streaming):
    inputs = keras.Input(batch_shape=(None if name == "an own layer" else 1, 6, 2))
    model = keras.Model(inputs, layers.Dense(2)(REMEMBERING[name]()(inputs)))
    forgetful = keras.Input((6, 2))
    step = keras.Model(forgetful, layers.Dense(2)(layers.LSTM(4)(forgetful)))
    x = NOISE.normal(size=(20, 6, 2)).astype(np.float32)
    with pytest.raises(export.ExportError, match=r"is stateful; build it|keeps a state"):
        export.export_model(
            model,
            tmp_path / "out",
            samples=export.Samples(x, x),
            labels=("a", "b"),
            outputs="logits",
            streaming=step if streaming else None,
        )
    assert not (tmp_path / "out").exists()
