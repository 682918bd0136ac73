"""Integers of 16 bits: asked for, or taken where 8 bits are too few."""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 (a table reads better so)
from keras import ops

import export
from export.checks.remedies import why_stopped
from export.child import ChildError
from export.finer import better, first_target, second_target
from export.report import Artifact, Check
from export.targets import TARGETS, find_targets
from export.tflite.flatbuffer import Graph, Node, read_graph

EDGE = TARGETS["edge"]
# A column that is large beside the others, which 8 bits of one scale round to nothing.
UNITS = np.array([300, 1, 1, 1], np.float32)


def artifact(*failed, precision="int8"):
    return Artifact(
        "edge.tflite",
        precision,
        (Check("finite", "pass", ""), *(Check(name, "fail", "why") for name in failed)),
    )


@pytest.mark.parametrize(
    ("failed", "kind", "target", "tried"),
    [
        (["sqnr_db"], "sequence", EDGE, True),
        (["top1_agreement", "accuracy"], "features", EDGE, True),
        (["sqnr_db", "tflite_micro"], "sequence", EDGE, True),
        (["tflite_micro"], "sequence", EDGE, False),
        (["sqnr_db"], "image", EDGE, False),
        ([], "sequence", EDGE, False),
        (["sqnr_db", "no_float_tensor"], "sequence", EDGE, False),
        (["conversion"], "sequence", EDGE, False),
        (["sqnr_db"], "sequence", dataclasses.replace(EDGE, instead=None), False),
        (["max_abs_error"], "sequence", TARGETS["cpu"], False),
    ],
)
def test_what_more_bits_may_mend_is_tried_again(failed, kind, target, tried):
    finer = second_target(target, artifact(*failed), kind)
    assert (finer is not None) == tried
    if finer is not None:
        assert (finer.precision, finer.instead, finer.gates) == ("16x8", None, target.gates)


@pytest.mark.parametrize(
    ("target", "kind", "recurrent", "precision", "instead"),
    [
        (EDGE, "sequence", True, "16x8", "int8"),
        (EDGE, "features", True, "16x8", "int8"),
        (EDGE, "sequence", False, "int8", "16x8"),
        (EDGE, "image", True, "int8", "16x8"),
        (TARGETS["cpu"], "sequence", True, "float32", None),
        (dataclasses.replace(EDGE, instead=None), "sequence", True, "int8", None),
    ],
)
def test_recurrent_models_begin_with_16_bits(target, kind, recurrent, precision, instead):
    first = first_target(target, kind, recurrent)
    assert (first.precision, first.instead) == (precision, instead)


@pytest.mark.parametrize("failed", [["sqnr_db"], ["no_float_tensor"], ["conversion"]])
def test_where_16_bits_came_first_8_are_tried_whatever_fails(failed):
    first = first_target(EDGE, "sequence", recurrent=True)
    second = second_target(first, artifact(*failed, precision="16x8"), "sequence")
    assert (second.precision, second.instead) == ("int8", None)
    assert second_target(first, artifact(precision="16x8"), "sequence") is None
    assert second_target(first, artifact("ethos_u", precision="16x8"), "sequence") is None


def test_the_better_file_is_kept_with_a_note_on_the_other():
    first, second = (artifact("sqnr_db"), "8"), (artifact(precision="16x8"), "16")
    kept, values = better(first, second)
    assert (kept.precision, kept.verdict, values) == ("16x8", "pass", "16")
    assert kept.checks[-1] == Check(
        "precision", "warning", "int8 was refused (sqnr_db: why): this file is 16x8"
    )
    kept, values = better(first, (artifact("runs", precision="16x8"), None))
    assert (kept.precision, kept.verdict, values) == ("int8", "fail", "8")
    assert kept.checks[-1].detail == "16x8 was refused (runs: why) too"


def test_targets_take_the_precision_that_is_asked_for():
    assert find_targets(["edge"]) == (EDGE,)
    for precision in ("int8", "16x8"):
        cpu, edge = find_targets(["cpu", "edge"], edge_precision=precision)
        assert (cpu.precision, edge.precision, edge.instead) == ("float32", precision, None)
    assert (EDGE.npu_percent, edge.npu_percent) == (100, 90)
    (strict,) = find_targets(["edge"], npu_percent=95, edge_precision="16x8")
    assert strict.npu_percent == 95
    assert [edge.io(kind) for kind in ("image", "features", "sequence")] == ["int16"] * 3
    assert [EDGE.io(kind) for kind in ("image", "features", "sequence")] == [
        "uint8",
        "int8",
        "int8",
    ]
    with pytest.raises(
        export.ExportError, match="unknown edge_precision '8x16'; known: auto, int8"
    ):
        find_targets(["edge"], edge_precision="8x16")
    with pytest.raises(export.ExportError, match="takes and gives int16; leave one of them out"):
        find_targets(["edge"], "int8", edge_precision="16x8")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "RuntimeError: SquaredDifference only supports FLOAT32 and INT32 now, got 7.Node "
            "number 1 (SQUARED_DIFFERENCE) failed to invoke.",
            "LiteRT has no kernel for SQUARED_DIFFERENCE in layer 'norm' in int16 (write",
        ),
        ("ValueError: type Node number 0 (ELU) failed to prepare.", "ELU after layer 'stem'"),
        ("Node number 0 (MUL) failed to invoke.", "status 1: Node number 0 (MUL) failed"),
        ("Node number 7 (ELU) failed to invoke.", "status 1: Node number 7 (ELU) failed"),
        ("MemoryError", "the process ended with status 1: MemoryError"),
    ],
)
def test_the_layer_of_an_operation_without_a_kernel_is_named(text, says):
    nodes = (
        Node("ELU", "", ("int16",), after="stem"),
        Node("SQUARED_DIFFERENCE", "norm", ("int16",)),
    )
    assert says in why_stopped(ChildError(1, text), Graph(nodes, (), 1, {}))


def columns(body):
    """A model of four columns, whose answer is in the small ones, and samples of them."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(150, 4)) * UNITS).astype(np.float32)
    raw = keras.Input((4,))
    model = keras.Model(raw, L.Dense(2, use_bias=False)(body(raw)), name="columns")
    kernel = np.array([[0, 0], [3, -3], [2, 1], [-1, 2]], np.float32)
    model.layers[-1].set_weights([kernel])
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, export.Samples(x[:100], x[50:])


def exported(folder, body, **options):
    model, samples = columns(body)
    wanted = {"targets": ("edge",), "labels": ("a", "b"), "provers": (), **options}
    try:
        return export.export_model(model, folder, samples=samples, **wanted)
    except export.GateFailure as failure:
        return failure.report


def test_where_8_bits_are_too_few_the_file_has_16(tmp_path, in_process):
    report = exported(tmp_path / "out", lambda x: x)
    edge = report.artifacts["edge"]
    assert (edge.verdict, edge.precision) == ("pass", "16x8")
    assert (edge.input.dtype, edge.output.dtype) == ("int16", "int16")
    assert "int8 was refused (sqnr_db" in report.warnings()[0]
    kept = json.loads((tmp_path / "out" / "report.json").read_text())["artifacts"]["edge"]
    assert kept["precision"] == "16x8"
    for page in ("INTEGRATION.md", "report.html"):
        text = (tmp_path / "out" / page).read_text()
        assert "16x8" in text
        assert "int16" in text
    types = {
        dtype
        for node in read_graph(tmp_path / "out" / "edge.tflite").nodes
        for dtype in node.dtypes
    }
    assert types == {"int16"}
    answers = export.load_lite(tmp_path / "out" / "edge.tflite")(columns(lambda x: x)[1].test_x)
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-3)


@pytest.mark.slow
def test_an_operator_that_has_no_kernel_of_16_bits_is_named(tmp_path, in_process):
    def body(x):
        return L.Lambda(lambda x: ops.elu(x) / 100.0, name="bent")(x)

    report = exported(tmp_path / "out", body, edge_precision="16x8")
    (failed,) = [check for _, check in report.failures() if check.name == "no_float_tensor"]
    assert "ELU in layer 'bent'" in failed.detail
    assert not (tmp_path / "out" / "edge.tflite").exists()
