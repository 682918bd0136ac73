"""Other numbers where a file is refused: 16 bits, some layers in float32, float32 weights."""

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
from export.precisions import FLOAT32_GATES
from export.report import Artifact, Check
from export.rescue import better, first_target, next_targets, untried
from export.targets import TARGETS
from export.tflite.flatbuffer import Graph, Node, read_graph
from export.tflite.tensor import Latency
from export.wanted import find_targets

EDGE = TARGETS["edge"]
# A column that is large beside the others, which 8 bits of one scale round to nothing.
UNITS = np.array([300, 1, 1, 1], np.float32)


def artifact(*failed, precision="int8"):
    return Artifact(
        "edge.tflite",
        precision,
        (Check("finite", "pass", ""), *(Check(name, "fail", "why") for name in failed)),
    )


STRICT = dataclasses.replace(EDGE, rescues=())
(BYTES,) = find_targets(["edge"], edge_io="uint8")
ONLY_16 = dataclasses.replace(EDGE, rescues=("16x8",))


@pytest.mark.parametrize(
    ("failed", "kind", "target", "tried"),
    [
        (["sqnr_db"], "sequence", EDGE, ["int8", "16x8", "mixed"]),
        (["top1_agreement", "accuracy"], "features", EDGE, ["int8", "16x8", "mixed"]),
        (["sqnr_db", "tflite_micro"], "sequence", EDGE, ["int8", "16x8", "mixed"]),
        (["tflite_micro"], "sequence", EDGE, []),
        (["sqnr_db"], "image", EDGE, ["int8", "mixed", "16x8"]),
        (["sqnr_db"], "image", BYTES, ["int8", "mixed"]),
        (["no_float_tensor"], "image", EDGE, ["mixed"]),
        (["sqnr_db"], "image", ONLY_16, ["16x8"]),
        ([], "sequence", EDGE, []),
        (["sqnr_db", "no_float_tensor"], "sequence", EDGE, ["mixed"]),
        (["no_float_tensor", "signature"], "sequence", EDGE, []),
        (["conversion"], "sequence", EDGE, []),
        (["sqnr_db"], "sequence", STRICT, []),
        (["max_abs_error"], "sequence", TARGETS["cpu"], []),
        (["max_rel_error"], "image", TARGETS["gpu"], ["float32"]),
        (["float16_range", "finite"], "features", TARGETS["gpu"], ["float32"]),
        (["delegate_operators", "max_rel_error"], "image", TARGETS["gpu"], []),
    ],
)
def test_what_other_numbers_may_mend_is_tried_again(failed, kind, target, tried):
    others = next_targets(target, artifact(*failed), kind)
    assert [other.precision for other in others] == tried
    gates = FLOAT32_GATES if tried == ["float32"] else target.gates
    assert all(other.gates == gates and not other.rescues for other in others)
    assert {other.compensated for other in others} <= {"rounding" in target.rescues}


def test_what_is_not_possible_is_not_tried():
    others = next_targets(EDGE, artifact("sqnr_db"), "image", {"rounding", "mixed"})
    assert [(other.precision, other.compensated) for other in others] == [("16x8", False)]


@pytest.mark.parametrize(
    ("failed", "target", "notes"),
    [
        (["sqnr_db"], EDGE, ["compensated rounding: a", "mixed: b"]),
        (["no_float_tensor"], EDGE, ["mixed: b"]),
        (["sqnr_db"], ONLY_16, []),
        (["sqnr_db"], STRICT, []),
        (["conversion"], EDGE, []),
        ([], EDGE, []),
    ],
)
def test_what_was_not_possible_is_said_if_it_might_have_helped(failed, target, notes):
    checks = untried(target, artifact(*failed), {"rounding": "a", "mixed": "b"})
    assert [check.detail.replace(" is not possible", "") for check in checks] == notes
    assert {(check.name, check.status) for check in checks} <= {("precision", "warning")}


@pytest.mark.parametrize(
    ("target", "kind", "recurrent", "precision", "rescues"),
    [
        (EDGE, "sequence", True, "16x8", ("rounding", "int8", "mixed")),
        (EDGE, "features", True, "16x8", ("rounding", "int8", "mixed")),
        (EDGE, "sequence", False, "int8", ("rounding", "16x8", "mixed")),
        (EDGE, "image", True, "int8", ("rounding", "16x8", "mixed")),
        (TARGETS["cpu"], "sequence", True, "float32", ()),
        (STRICT, "sequence", True, "16x8", ()),
        (ONLY_16, "sequence", True, "16x8", ()),
        (find_targets(["edge"], rescue="16x8")[0], "sequence", True, "16x8", ("rounding",)),
        (find_targets(["edge"], rescue="rounding")[0], "sequence", True, "16x8", ("rounding",)),
        (find_targets(["edge"], edge_precision="int8")[0], "sequence", True, "int8", ()),
    ],
)
def test_recurrent_models_begin_with_16_bits(target, kind, recurrent, precision, rescues):
    first = first_target(target, kind, recurrent)
    assert (first.precision, first.rescues) == (precision, rescues)


def test_what_was_trained_for_8_bits_begins_with_them():
    assert first_target(EDGE, "sequence", recurrent=True, learnt=True) is EDGE
    assert first_target(EDGE, "features", recurrent=False, learnt=True) is EDGE
    (alone,) = find_targets(["edge"], rescue="none")  # Nothing could follow.
    assert first_target(alone, "sequence", recurrent=True, learnt=True).precision == "16x8"


@pytest.mark.parametrize("failed", [["sqnr_db"], ["no_float_tensor"], ["conversion"]])
def test_where_16_bits_came_first_8_are_tried_whatever_fails(failed):
    first = first_target(EDGE, "sequence", recurrent=True)
    others = next_targets(first, artifact(*failed, precision="16x8"), "sequence")
    second = next(other for other in others if other.precision == "int8")
    assert (others[0].precision == "16x8") == (failed == ["sqnr_db"])
    assert (second.precision, second.rescues) == ("int8", ())
    assert next_targets(first, artifact(precision="16x8"), "sequence") == ()
    assert next_targets(first, artifact("ethos_u", precision="16x8"), "sequence") == ()


def test_the_better_file_is_kept_with_a_note_on_the_other():
    first, second = (artifact("sqnr_db"), "8"), (artifact(precision="16x8"), "16")
    kept, values = better(first, second)
    assert (kept.precision, kept.verdict, values) == ("16x8", "pass", "16")
    assert kept.checks[-1] == Check(
        "precision", "warning", "int8 was refused (sqnr_db: why): this file is 16x8"
    )
    assert (kept.rescue.precision, kept.rescue.refused) == ("int8", "sqnr_db: why")
    kept, values = better(first, (artifact("runs", precision="16x8"), None))
    assert (kept.precision, kept.verdict, values) == ("int8", "fail", "8")
    assert kept.checks[-1].detail == "16x8 was refused (runs: why) too"
    assert kept.rescue is None


@pytest.mark.parametrize(
    ("floats", "named"),
    [
        (("stem", "head"), "'stem', 'head'"),
        (tuple("abcdef"), "'a', 'b', 'c', 'd', 'e', 'f'"),
        (tuple("abcdefg"), "7 layers from 'a' to 'g'"),
    ],
)
def test_the_note_says_which_layers_are_float_and_what_they_cost(floats, named):
    before = dataclasses.replace(artifact("sqnr_db"), bytes=9_000, latency=Latency(0.5, 1, 2))
    after = dataclasses.replace(
        artifact(precision="mixed"), floats=floats, bytes=10_500, latency=Latency(2, 3, 2)
    )
    kept, _ = better((before, None), (after, None))
    assert kept.checks[-1].detail.endswith(
        f"this file is int8, with float32 in {named}, 1,500 bytes more; 0.50 ms became 2.00"
    )


def test_targets_take_the_precision_that_is_asked_for():
    assert find_targets(["edge"]) == (EDGE,)
    for precision in ("int8", "16x8"):
        cpu, edge = find_targets(["cpu", "edge"], edge_precision=precision)
        assert (cpu.precision, edge.precision, edge.rescues) == ("float32", precision, ())
    (mixed,) = find_targets(["edge"], edge_precision="mixed")
    assert (mixed.precision, mixed.rescues) == ("int8", ("rounding", "mixed"))
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
    with pytest.raises(export.ExportError, match="rescue='16x8' takes and gives int16"):
        find_targets(["edge"], "uint8", rescue="16x8")
    with pytest.raises(export.ExportError, match="rescue is 'mixed', but edge_precision='16x8'"):
        find_targets(["edge"], edge_precision="16x8", rescue="mixed")
    with pytest.raises(export.ExportError, match="unknown rescue 'mix'; did you mean 'mixed'"):
        find_targets(["edge"], rescue="mix")


def test_rescues_are_of_integers_but_none_is_of_all():
    gpu, edge = find_targets(["gpu", "edge"], rescue="mixed")
    assert (gpu.rescues, edge.rescues) == (("float32",), ("rounding", "mixed"))
    assert find_targets(["edge"], rescue="rounding")[0].rescues == ("rounding",)
    gpu, edge = find_targets(["gpu", "edge"], rescue="none")
    assert (gpu.rescues, edge.rescues) == ((), ())


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


def uneven():
    """A network in which one large weight of each filter leaves few steps for the others."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (120, 4, 4, 3))
    x = coarse.repeat(3, axis=1).repeat(3, axis=2) + rng.uniform(-9, 9, (120, 12, 12, 3))
    x = np.clip(np.round(x), 0, 255).astype(np.float32)
    image = z = keras.Input((12, 12, 3), name="image")
    for layer in (L.Rescaling(1 / 255), *(L.Conv2D(8, 3, activation="relu") for _ in range(3))):
        z = layer(z)
        if isinstance(layer, L.Conv2D):
            kernel, bias = layer.get_weights()
            kernel[0, 0, 0] *= 30
            layer.set_weights([kernel, bias])
    model = keras.Model(image, L.Dense(3, name="logits")(L.GlobalAveragePooling2D()(z)))
    return model, export.Samples(x[:60], x[20:])


@pytest.mark.parametrize("rescue", [None, "none", "rounding", "mixed"])
def test_where_rounding_loses_too_much_kernels_are_rounded_anew(tmp_path, in_process, rescue):
    model, samples = uneven()
    options = {"outputs": "logits", "gates": {"edge.sqnr_db": 50}, "provers": (), "rescue": rescue}
    try:
        report = export.export_model(
            *(model, tmp_path / "out"), samples=samples, targets=("edge",), labels=("a", "b", "c"),
            **options,
        )  # fmt: skip
    except export.GateFailure as failure:
        report = failure.report
    edge = report.artifacts["edge"]
    assert (edge.precision, edge.compensated) == ("int8", rescue != "none")
    assert edge.verdict == ("fail" if rescue == "none" else "pass")
    if edge.verdict == "fail":
        return
    kept = json.loads((tmp_path / "out" / "report.json").read_text())["artifacts"]["edge"]
    assert (kept["precision"], kept["rounding"]) == ("int8", "compensated")
    assert kept["instead_of"]["precision"] == "int8"
    assert "this file is int8 with compensated rounding" in report.warnings()[0]
    assert 0 <= edge.bytes - kept["instead_of"]["bytes"] < 200  # Biases that were shared.
    assert "int8 with compensated rounding" in (tmp_path / "out" / "report.html").read_text()


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


@pytest.mark.parametrize(("edge_io", "precision"), [(None, "16x8"), ("uint8", "int8")])
def test_pictures_have_16_bits_where_a_mixed_file_is_refused(
    tmp_path, in_process, monkeypatch, edge_io, precision
):
    monkeypatch.setattr("export.checks.mixed._MOST_SHARE", 0)
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 255, (120, 6, 6, 3)) * rng.uniform(0, 1, (120, 1, 1, 3))
    x = np.round(x).astype(np.float32)
    image = keras.Input((6, 6, 3), name="image")
    z = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="relu")(L.Rescaling(1 / 255)(image)))
    model = keras.Model(image, L.Dense(3, kernel_initializer="he_normal", name="logits")(5.0 * z))
    try:
        report = export.export_model(
            model, tmp_path / "out", samples=export.Samples(x[:60], x[20:]), targets=("edge",),
            labels=("a", "b", "c"), outputs="logits", gates={"edge.sqnr_db": 45}, provers=(),
            edge_io=edge_io,
        )  # fmt: skip
    except export.GateFailure as failure:
        report = failure.report
    edge = report.artifacts["edge"]
    assert (edge.verdict, edge.precision) == ("fail" if edge_io else "pass", precision)
    assert any("mixed was refused" in warning for warning in report.warnings())


@pytest.mark.slow
def test_an_operator_that_has_no_kernel_of_16_bits_is_named(tmp_path, in_process):
    def body(x):
        return L.Lambda(lambda x: ops.elu(x) / 100.0, name="bent")(x)

    report = exported(tmp_path / "out", body, edge_precision="16x8")
    (failed,) = [check for _, check in report.failures() if check.name == "no_float_tensor"]
    assert "ELU in layer 'bent'" in failed.detail
    assert not (tmp_path / "out" / "edge.tflite").exists()
