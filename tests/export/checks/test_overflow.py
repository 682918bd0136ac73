"""Numbers beyond float16 count, but for large negative ones that something cuts off."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

import export
from export.checks.overflow import not_cut_below
from export.tflite.flatbuffer import Graph, Node

X = np.random.default_rng(0).uniform(0, 10, (120, 4)).astype(np.float32)
X[77] = 300


def chain(operator, then, place=0):
    """Tensor 0 becomes 1, and 1 becomes 2; what else the first operation takes is 9."""
    taken = (0, 9) if place == 0 else (9, 0)
    nodes = (Node(operator, inputs=taken, results=(1,)), Node(then, inputs=(1,), results=(2,)))
    return Graph(nodes, (), 1, {}, (0, 9), (2,))


@pytest.mark.parametrize(
    ("graph", "low", "counts"),
    [
        (chain("ADD", "SOFTMAX"), {1: -1e9}, False),
        (chain("SUB", "EXP"), {1: -1e9}, False),
        (chain("SELECT_V2", "SOFTMAX", place=1), {1: -1e9}, False),
        (chain("CONV_2D", "RELU"), {}, True),  # A kernel of minus infinity, or such inputs.
        (chain("SUB", "EXP", place=1), {1: -1e9}, True),
        (chain("ADD", "MUL"), {1: -1e9}, True),  # x * sigmoid(x) would be infinity times zero.
        (chain("ADD", "FULLY_CONNECTED"), {1: -1e5}, True),
        (chain("ADD", "FULLY_CONNECTED"), {1: 0.0}, False),  # With its own ReLU.
        (chain("RESHAPE", "RESHAPE"), {1: -1e5, 2: -1e5}, True),  # An answer.
    ],
)
def test_what_cuts_off_below_decides(graph, low, counts):
    assert (0 in not_cut_below(graph, low)) == counts


class Masked(layers.Layer):
    """A softmax that leaves some out."""

    def call(self, inputs):
        return ops.softmax(ops.where(inputs > 5, inputs, -1e9))


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (layers.Dense(1, kernel_initializer=keras.initializers.Constant(-1e4)), "fail"),
        (layers.Lambda(lambda x: x[:, :1] ** 2), "fail"),  # For one sample of them.
        (Masked(), "pass"),
    ],
    ids=["large and negative", "rare", "masked"],
)
def test_answers_beyond_float16_are_refused_for_a_gpu(tmp_path, in_process, last, status):
    features = keras.Input((4,))
    try:
        report = export.export_model(
            keras.Model(features, last(features)),
            tmp_path / "out",
            samples=export.Samples(X, X),
            targets=("gpu",),
            outputs="values",
            rescue="none",
            provers=(),
        )
    except export.GateFailure as failure:
        report = failure.report
    checks = {check.name: check.status for check in report.artifacts["gpu"].checks}
    assert checks["float16_range"] == status
    assert report.verdict == status
