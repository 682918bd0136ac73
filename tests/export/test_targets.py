"""Targets are data, and more can be added."""

from __future__ import annotations

import dataclasses

import pytest

import export
from export.targets import find_targets


def test_a_new_target_is_found_by_name(monkeypatch):
    monkeypatch.setattr("export.targets.TARGETS", dict(export.TARGETS))
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
