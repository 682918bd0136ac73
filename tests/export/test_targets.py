"""Targets are data, and more can be added."""

from __future__ import annotations

import dataclasses

import pytest

import export
from export.precisions import PRECISIONS
from export.targets import Moved
from export.wanted import find_targets, parse_gates


def test_a_new_target_is_found_by_name(monkeypatch):
    monkeypatch.setitem(export.TARGETS, "mine", None)  # Which takes it away again in the end.
    del export.TARGETS["mine"]
    mine = dataclasses.replace(export.TARGETS["cpu"], name="mine")
    export.register_target(mine)
    assert find_targets(["mine", "gpu"]) == (mine, export.TARGETS["gpu"])


def test_targets_can_be_asked_for_with_changes():
    cpu, gpu, edge = find_targets(("cpu", "gpu", "edge"), "int8", "float32")
    assert (cpu.precision, gpu.precision, edge.precision) == ("float32", "float32", "int8")
    assert gpu.gates == cpu.gates
    assert edge.image_io == "int8"
    assert export.TARGETS["edge"].image_io == "uint8"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cpu", "target 'cpu' exists already"),
        ("saved_model", "cannot be called 'saved_model'"),
        ("trainable", "cannot be called 'trainable'"),
        ("../evil", "cannot be called '../evil'"),
    ],
)
def test_names_that_are_taken_or_no_file_names(name, message):
    with pytest.raises(export.ExportError, match=message):
        export.register_target(dataclasses.replace(export.TARGETS["cpu"], name=name))


@pytest.mark.parametrize(
    ("asked", "precision", "gates"),
    [
        ({"cpu_precision": "float16"}, "float16", export.TARGETS["gpu"].gates),
        ({"cpu_precision": "float32"}, "float32", export.TARGETS["cpu"].gates),
        ({"cpu_precision": "int8-dynamic"}, "int8-dynamic", PRECISIONS["int8-dynamic"].gates),
    ],
)
def test_a_precision_brings_its_gates(asked, precision, gates):
    (cpu,) = find_targets(["cpu"], **asked)
    assert (cpu.precision, cpu.gates) == (precision, gates)


def test_a_gate_moves_for_one_target():
    cpu, edge = find_targets(["cpu", "edge"], gates={"edge.sqnr_db": 20, "edge.npu_percent": 50})
    assert cpu == export.TARGETS["cpu"]
    assert (edge.gates.sqnr_db, edge.npu_percent) == (20, 50)
    assert edge.gates.top1_agreement == export.TARGETS["edge"].gates.top1_agreement
    assert edge.moved == (Moved("sqnr_db", 25, 20), Moved("npu_percent", 100, 50))
    (cpu,) = find_targets(["cpu"], gates={"cpu.sqnr_db": 60})
    assert cpu.moved == (Moved("sqnr_db", None, 60),)
    (finer,) = find_targets(["edge"], edge_precision="16x8", npu_percent=95)
    assert finer.moved == (Moved("npu_percent", 90, 95),)


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ({"edgy.sqnr_db": 20}, r"unknown target of a gate 'edgy'; did you mean 'edge'\?"),
        ({"edge.snqr_db": 20}, r"unknown gate of edge 'snqr_db'; did you mean 'sqnr_db'\?"),
        ({"gpu.max_rel_error": 0.1}, r"'gpu.max_rel_error' is of target 'gpu', which is not"),
        ({"edge.sqnr_db": 5}, r"'edge.sqnr_db' is 5; pass a number from 10 to 200"),
        ({"edge.accuracy_drop": 2}, r"'edge.accuracy_drop' is 2; pass a number from 0 to 1"),
        ({"edge.r2": float("nan")}, r"'edge.r2' is nan; pass a number from 0 to 1"),
        ({"cpu.npu_percent": 10}, r"'cpu.npu_percent' is of integers, and cpu is float32"),
        ({"sqnr_db": 20}, r"unknown target of a gate 'sqnr_db'"),
    ],
)
def test_gates_that_cannot_move(gates, message):
    with pytest.raises(export.ExportError, match=message) as error:
        find_targets(["cpu", "edge"], gates=gates)
    assert "\n" not in str(error.value)


def test_gates_as_text():
    limits = parse_gates(["edge.sqnr_db=20", "cpu.max_abs_error=1e-3"])
    assert limits == {"edge.sqnr_db": 20.0, "cpu.max_abs_error": 1e-3}
    for text in ("edge.sqnr_db", "edge.sqnr_db=", "edge.sqnr_db=low", "sqnr_db=20", "edge.r2=nan"):
        with pytest.raises(export.ExportError, match=r"no TARGET\.GATE=NUMBER"):
            parse_gates([text])
    with pytest.raises(export.ExportError, match=r"'edge\.r2' is moved twice"):
        parse_gates(["edge.r2=0.9", "edge.r2=0.8"])
