"""The layers that stay float32: few, cheap ones first, and only those that are needed."""

from __future__ import annotations

import dataclasses
import html
import json

import keras
import numpy as np
import pytest
from keras import layers

import export
from export.checks import mixed
from export.checks.evidence import Check
from export.checks.gates import judge
from export.targets import TARGETS
from export.tflite.flatbuffer import Graph, Node, Tensor, read_graph
from tests.export.checks.test_gates import evidence

COST = {"stem": 300, "conv": 3_000, "wide": 90_000, "sum": 0, "head": 900}


@pytest.mark.parametrize(
    ("cures", "blamed", "needed", "chosen"),
    [
        ([{"conv"}], ["conv"], [], ["conv"]),
        # Of what loses most the cheapest goes first, and back again if it was not needed.
        ([{"wide"}], ["wide", "stem", "head"], [], ["wide"]),
        ([{"stem"}, {"wide"}], ["wide", "stem"], [], ["stem"]),
        ([{"stem", "conv"}], ["conv", "wide", "stem", "sum"], [], ["stem", "conv"]),
        # What has no form in integers stays in any case.
        ([{"sum"}], [], ["sum"], ["sum"]),
        ([{"sum", "head"}], ["head"], ["sum"], ["sum", "head"]),
        # Nothing helps, or nobody is to blame.
        ([], ["conv", "stem", "head", "sum", "wide"], [], None),
        ([{"conv"}], [], [], None),
        # A file that is close enough needs none.
        ([set()], ["conv"], [], []),
    ],
)
def test_as_few_layers_as_are_needed_stay_float(cures, blamed, needed, chosen):
    def passes(names):
        return any(cure <= set(names) for cure in cures)

    assert mixed.search(passes, lambda names: blamed, COST, needed) == chosen


@pytest.mark.parametrize(
    ("operations", "wanted", "needed", "chosen"),
    [
        # As many as twenty of a deep network are few, and eight of a ResNet-8 are not.
        (65, 20, 0, 20),
        (65, 33, 0, 33),
        (65, 34, 0, None),
        (14, 7, 0, 7),
        (14, 8, 0, None),
        (1, 1, 0, 1),
        # What has no form in integers is counted, but is no reason to refuse a file that passes.
        (10, 5, 3, 5),
        (10, 6, 3, None),
        (10, 7, 7, 7),
        (10, 8, 7, None),
    ],
)
def test_a_file_of_mostly_floats_is_none_of_integers(operations, wanted, needed, chosen):
    names = [str(number) for number in range(operations)]

    def passes(floats):
        return len(floats) >= wanted

    cost = dict.fromkeys(names, 1)
    floats = mixed.search(passes, lambda floats: names, cost, names[:needed])
    assert (floats and len(floats)) == chosen


def test_what_lies_between_integers_and_floats_is_no_operation_that_could_stay_float():
    nodes = (
        Node("QUANTIZE", results=(0,)),
        Node("CONV_2D", "stem", ("int8",), results=(1,)),
        Node("SOFTMAX", "", ("int8",), after="stem", results=(2,)),
        Node("QUANTIZE", "", ("uint8",), after="stem", results=(3,)),  # Has the output's name.
    )
    tensors = tuple(Tensor(name, "int8", ()) for name in ("in", "stem", "output1", "output"))
    graph = Graph(nodes, tensors, 1, {})
    assert mixed.by_result(graph) == {"stem": nodes[1], "output1": nodes[2]}


FLOATS = dataclasses.replace(TARGETS["edge"], precision="mixed", floats=("stem", "norm"))


@pytest.mark.parametrize(
    ("nodes", "status"),
    [
        ([Node("CONV_2D", "stem", ("float32",)), Node("QUANTIZE", "", ("int8",))], "pass"),
        ([Node("DEQUANTIZE", "", ("float32",), after="a"), Node("ADD", "a", ("int8",))], "pass"),
        ([Node("SOFTMAX", "", ("float32",), after="norm")], "pass"),
        ([Node("CONV_2D", "stem", ("float32",)), Node("ADD", "sum", ("float32",))], "fail"),
        ([Node("CONV_2D", "stem2", ("float32",))], "fail"),
    ],
)
def test_floats_are_where_they_are_said_to_be(nodes, status):
    graph = {"nodes": tuple(nodes)}
    checks = {
        check.name: check
        for check in judge(dataclasses.replace(evidence("edge", graph=graph), target=FLOATS))
    }
    assert checks["no_float_tensor"].status == status


@pytest.mark.parametrize(
    ("kernels", "bytes_of", "status"),
    [
        ([("float32", (1_000, 1_000))], 5_000_000, "pass"),  # A million in float32, one in int8.
        ([("int8", (1_000, 1_000))], 5_000_000, "fail"),
        ([("float32", (1_000, 1_000))], 9_000_000, "fail"),
        ([("float32", (1_000, 1_000))], 2_000_000, "warning"),
    ],
)
def test_float_kernels_may_be_four_times_as_large(kernels, bytes_of, status):
    tensors = tuple(Tensor("k", dtype, shape) for dtype, shape in kernels)
    nodes = (Node("CONV_2D", "stem", ("float32",), results=(5,)),)
    facts = evidence("edge", graph={"nodes": nodes, "tensors": tensors})
    facts = dataclasses.replace(facts, target=FLOATS, weights=2_000_000, bytes=bytes_of)
    checks = {check.name: check for check in judge(facts)}
    assert checks["plausible_size"].status == status


def outlying(scale):
    """A network with a channel that is far larger than the others and made small again behind."""
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(6, 3, activation="relu", name="large")(x)
    x = layers.Conv2D(6, 3, activation="relu", name="small")(x)
    x = layers.Flatten()(x)
    model = keras.Model(image, layers.Dense(3, name="last")(x), name="outlying")
    first, second = model.get_layer("large"), model.get_layer("small")
    kernel, bias = first.get_weights()
    kernel[..., 0], bias[0] = scale * np.abs(kernel[..., 0]), scale
    first.set_weights([kernel, bias])
    kernel, bias = second.get_weights()
    kernel[:, :, 0] /= scale
    second.set_weights([kernel, bias])
    head = model.get_layer("last")
    head.set_weights([20 * head.get_weights()[0], head.get_weights()[1]])
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.random.default_rng(0).integers(0, 256, (120, 8, 8, 3)).astype(np.uint8)
    return model, export.Samples(calibration=x, test_x=x)


def exported(folder, network=None, **options):
    model, samples = network or outlying(3e4)
    wanted = {"targets": ("edge",), "labels": ("a", "b", "c"), "provers": (), **options}
    try:
        return export.export_model(model, folder, samples=samples, **wanted)
    except export.GateFailure as failure:
        return failure.report


@pytest.fixture
def nearest(monkeypatch):
    """Leaves kernels as the converter rounds them: rounded anew, the outlying network passes."""
    monkeypatch.setattr("export.attempts._impossible", lambda *_: {"rounding": "a test"})


@pytest.mark.slow
def test_where_one_channel_outshines_all_others_its_layers_stay_float(
    tmp_path, in_process, nearest, monkeypatch
):
    monkeypatch.setattr("export.attempts._names", lambda task, target: "kept")
    report = exported(tmp_path / "out")
    edge = report.artifacts["edge"]
    assert (edge.verdict, edge.precision, edge.rescue.precision) == ("pass", "mixed", "int8")
    assert set(edge.floats) <= {"large", "small"}
    assert edge.floats
    assert (edge.input.dtype, edge.input.scale, edge.output.dtype) == ("uint8", 1.0, "uint8")
    graph = read_graph(tmp_path / "out" / "edge.tflite")
    made = {node.layer for node in graph.nodes if "float32" in node.dtypes and node.layer}
    assert made == set(edge.floats)
    kept = json.loads((tmp_path / "out" / "report.json").read_text())["artifacts"]["edge"]
    assert (kept["precision"], kept["float_layers"]) == ("mixed", list(edge.floats))
    assert kept["instead_of"]["refused"].startswith("sqnr_db: ")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Files in place of refused ones" in page
    assert f'<td class="detail">{html.escape(edge.arithmetic)}</td>' in page


@pytest.mark.slow
def test_mixed_files_of_two_exports_are_the_same_bytes(tmp_path, nearest):
    network = outlying(3e4)
    reports = [exported(tmp_path / name, network) for name in ("one", "two")]
    first, second = (report.artifacts["edge"] for report in reports)
    assert first.floats == second.floats != ()
    assert first.sha256 == second.sha256


@pytest.mark.slow
def test_files_that_are_rounded_anew_are_the_same_bytes(tmp_path):
    network = outlying(3e4)
    reports = [exported(tmp_path / name, network) for name in ("one", "two")]
    first, second = (report.artifacts["edge"] for report in reports)
    assert (first.verdict, first.arithmetic) == ("pass", "int8 with compensated rounding")
    assert first.sha256 == second.sha256


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"rescue": "none"}, {"edge_precision": "int8"}])
def test_without_a_rescue_such_a_file_is_refused(tmp_path, in_process, options):
    report = exported(tmp_path / "out", **options)
    assert {check.name for _, check in report.failures()} >= {"sqnr_db"}
    assert not (tmp_path / "out" / "edge.tflite").exists()
    assert isinstance(report.artifacts["edge"].checks[0], Check)
