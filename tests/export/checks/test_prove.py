"""Which prover tries which file, and how its figures are judged; none needs to be installed."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import types
from pathlib import Path

import numpy as np
import pytest

import export
from export.checks import prove as proving
from export.checks.prove import PROVERS, prove, register_prover, with_provers
from export.checks.provers import ethos_u, litert_gpu, mediapipe_tasks, tflite_micro
from export.checks.provers.prover import Prover, Subject
from export.checks.provers.tflite_micro import smallest
from export.tflite.tensor import TensorInfo

EDGE = export.TARGETS["edge"]
FINER = dataclasses.replace(EDGE, precision="16x8")
SUBJECT = Subject(
    path=Path("edge.tflite"),
    target=EDGE,
    input=TensorInfo("image", "uint8", (1, 4, 4, 3), 1.0, 0),
    output=TensorInfo("probabilities", "int8", (1, 2), 1 / 256, -128),
    kind="image",
    pixels=True,
    labels=("a", "b"),
    test_x=Path("x.npz"),
)
FLOAT = TensorInfo("features", "float32", (1, 8))
SUMMARY = (
    "network,inference_time,sram_memory_used,off_chip_flash_memory_used\nedge,0.00125,50.5,79.25\n"
)


def test_what_is_not_installed_is_skipped_and_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("VK_DRIVER_FILES", str(tmp_path / "none.json"))
    *packages, gpu = prove(SUBJECT, tmp_path)
    assert [proof.check.name for proof in (*packages, gpu)] == list(EDGE.provers) == list(PROVERS)
    assert {proof.check.status for proof in (*packages, gpu)} == {"skipped"}
    assert not any(proof.figures for proof in (*packages, gpu))
    for proof in packages:
        assert "is not installed (pip install 'zoo-residual[provers]')" in proof.check.detail
    assert gpu.check.detail == "no Vulkan device (that of Chromium is enough: apt install chromium)"


MINE = """
import os, signal, tempfile, time
from export.checks.provers.prover import Absent

def measure(path, x, labels):
    if path.read_text() == "crash":
        os.abort()
    if path.read_text() == "slow":
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        time.sleep(60)
    if path.read_text() == "absent":
        raise Absent("no device")
    if path.read_text() == "nan":
        return {"error": float("nan")}
    return {"rows": len(x), "label": labels[int(path.read_text())], "here": tempfile.gettempdir()}
"""


def judge(figures, target):
    return figures["label"] == "a", f"{figures['rows']} rows say {figures['label']}"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A prover from a module that only this process's `sys.path` leads to, and its target."""
    monkeypatch.setattr(proving, "PROVERS", dict(PROVERS))
    (tmp_path / "somebodys_prover.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    measure = importlib.import_module("somebodys_prover").measure
    np.savez(tmp_path / "x.npz", x=np.zeros((5, 2)))
    return register_prover(Prover("mine", measure, judge))


@pytest.mark.parametrize(
    ("advisory", "content", "status", "says"),
    [
        (False, "0", "pass", "5 rows say a"),
        (False, "1", "fail", "5 rows say b"),
        (False, "crash", "fail", "SIGABRT"),
        (False, "nan", "fail", "ValueError: Out of range float values"),
        (False, "slow", "warning", "its time ended before it had an answer"),
        (True, "1", "warning", "5 rows say b"),
        pytest.param(False, "2", "fail", "IndexError", marks=pytest.mark.slow),
        pytest.param(False, "absent", "skipped", "no device", marks=pytest.mark.slow),
        pytest.param(True, "0", "pass", "5 rows say a", marks=pytest.mark.slow),
        pytest.param(True, "2", "warning", "IndexError", marks=pytest.mark.slow),
        pytest.param(True, "crash", "warning", "SIGABRT", marks=pytest.mark.slow),
        pytest.param(True, "absent", "skipped", "no device", marks=pytest.mark.slow),
    ],
)
def test_a_prover_from_outside(mine, tmp_path, monkeypatch, advisory, content, status, says):
    path = tmp_path / "cpu.tflite"
    path.write_text(content)
    if advisory:
        advising = dataclasses.replace(mine, advisory=lambda target: target.name == "cpu")
        monkeypatch.setitem(proving.PROVERS, "mine", advising)
    (target,) = with_provers([export.TARGETS["cpu"]], ["mine", "mine"])
    subject = dataclasses.replace(SUBJECT, path=path, target=target, test_x=tmp_path / "x.npz")
    (proof,) = prove(subject, tmp_path)
    assert (proof.check.name, proof.check.status) == ("mine", status)
    assert says in proof.check.detail
    assert proof.figures.get("here", str(tmp_path)) == str(tmp_path)


def test_a_prover_that_scores_gets_the_truth_where_it_is_known(tmp_path, monkeypatch):
    given = {}

    def measure(*arguments):
        given["truth"] = arguments[3:]
        return {}

    module = types.SimpleNamespace(measure=measure)
    imports = types.SimpleNamespace(import_module=lambda name: module)
    monkeypatch.setattr(proving, "importlib", imports)
    monkeypatch.setattr(proving.tempfile, "tempdir", None)  # Set back after the test.
    job = {
        "measure": ["somebodys_prover", "measure"],
        "modules": [],
        "artifact": "edge.tflite",
        "test_x": str(tmp_path / "x.npz"),
        "labels": ["a"],
        "results": str(tmp_path / "results.json"),
        "scratch": str(tmp_path),
    }
    np.savez(tmp_path / "x.npz", x=np.zeros((5, 2)), y=np.arange(3))
    proving._measure_here({**job, "scores": True})
    assert given["truth"][0].tolist() == [0, 1, 2]
    proving._measure_here({**job, "scores": False})
    assert given["truth"] == ()
    np.savez(tmp_path / "x.npz", x=np.zeros((5, 2)))
    proving._measure_here({**job, "scores": True})
    assert given["truth"] == (None,)


@pytest.mark.parametrize(
    ("own", "fast", "count", "passed"),
    [
        (0.9933, 0.9967, 300, True),  # One sample.
        (0.985, 0.9967, 300, False),
        (0.99, 1.0, 100, True),
        (0.98, 1.0, 100, False),
        (0.9, 1.0, 10, True),
        (1.0, 0.9, 100, True),
    ],
)
def test_micro_has_to_be_right_as_often_as_litert(own, fast, count, passed):
    figures = {"max_steps": 1, "samples": 8, "fast_steps": 2, "arena_bytes": 70_000}
    figures |= {"scored": count, "top1": own, "fast_top1": fast}
    verdict, detail = tflite_micro.judge(figures, EDGE)
    assert verdict == passed
    assert f"{own:.2%} right on {count} samples, LiteRT {fast:.2%}" in detail


def test_a_prover_that_no_process_could_run_is_refused(mine):
    measure = mine.measure
    for wrong, says in (
        (Prover("mine", measure, judge), "exists already"),
        (Prover("my own", measure, judge), "letters, digits and underscores"),
        (Prover("own", lambda path, x, labels: {}, judge), "make it a function of a module"),
    ):
        with pytest.raises(export.ExportError, match=says):
            register_prover(wrong)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["mediapipes"], "unknown prover 'mediapipes'; did you mean 'mediapipe'"),
        ("mediapipe", "provers is the string 'mediapipe'"),
        ([None], "unknown prover 'None'"),
    ],
)
def test_provers_are_known_before_any_work(names, says):
    with pytest.raises(export.ExportError, match=says):
        with_provers([EDGE], names)
    unknown = dataclasses.replace(EDGE, provers=("nobody",))
    with pytest.raises(export.ExportError, match="unknown prover 'nobody'"):
        with_provers([unknown], None)
    assert with_provers([unknown], ()) == (dataclasses.replace(EDGE, provers=()),)


@pytest.mark.parametrize(
    ("prover", "changes", "reason"),
    [
        (mediapipe_tasks, {}, ""),
        (mediapipe_tasks, {"kind": "features"}, "classifies pictures and sounds"),
        (mediapipe_tasks, {"kind": "features", "sound": True}, "refuses int8"),
        (mediapipe_tasks, {"kind": "features", "sound": True, "output": FLOAT}, ""),
        (mediapipe_tasks, {"kind": "features", "sound": True, "labels": ()}, "needs labels"),
        (mediapipe_tasks, {"pixels": False}, "pixels from 0 to 255"),
        (mediapipe_tasks, {"input": TensorInfo("i", "float32", (1, 4, 4, 1))}, "colour"),
        (mediapipe_tasks, {"labels": ()}, "needs labels"),
        (mediapipe_tasks, {"output": TensorInfo("values", "float32", (1, 2))}, "no values"),
        (mediapipe_tasks, {"input": TensorInfo("i", "int8", (1, 4, 4, 3))}, "refuses int8"),
        (mediapipe_tasks, {"input": TensorInfo("i", "int16", (1, 4, 4, 3))}, "refuses int16"),
        (tflite_micro, {}, ""),
        (tflite_micro, {"target": FINER}, ""),
        (tflite_micro, {"target": export.TARGETS["gpu"]}, "integers"),
        (ethos_u, {}, ""),
        (ethos_u, {"target": export.TARGETS["cpu"]}, "integers"),
        (litert_gpu, {}, ""),
        (litert_gpu, {"target": export.TARGETS["gpu"]}, ""),
        (litert_gpu, {"target": FINER}, "int16"),
        (litert_gpu, {"streams": True}, "a stream"),
    ],
)
def test_what_a_prover_does_not_try(prover, changes, reason):
    why = prover.unfit(dataclasses.replace(SUBJECT, **changes))
    assert reason in why
    assert bool(why) == bool(reason)


@pytest.mark.parametrize(
    ("change", "passed"),
    [
        ({}, True),
        ({"max_score_error": 2e-4}, False),
        ({"max_score_error": 2e-4, "step": 1 / 256}, True),
        ({"max_score_error": 2 / 256, "step": 1 / 256}, False),
        ({"labels_found": 9}, False),
    ],
)
def test_mediapipe_is_judged_by_scores_and_labels(change, passed):
    good = {
        "samples": 4,
        "max_score_error": 1e-6,
        "step": None,
        "labels": 10,
        "labels_found": 10,
    }
    assert mediapipe_tasks.judge({**good, **change}, EDGE)[0] == passed


@pytest.mark.parametrize(("steps", "passed"), [(4, True), (5, False)])
def test_micro_is_judged_by_steps(steps, passed):
    figures = {"samples": 8, "max_steps": steps, "fast_steps": 9, "arena_bytes": 59_008}
    assert tflite_micro.judge(figures, EDGE) == (
        passed,
        f"outputs within {steps} steps of LiteRT's reference kernels on 8 samples, at most 4 "
        "(9 of its fast ones); smallest arena 59,008 bytes",
    )


@pytest.mark.parametrize("needed", [1, 64, 1000, 16_384, 16_385, 1_000_000])
def test_the_smallest_arena_is_found(needed):
    arena = smallest(lambda size: size >= needed, 16_384, 1 << 20, 64)
    assert needed <= arena <= needed + 64


def test_no_arena_is_enough():
    with pytest.raises(ValueError, match="1,048,576 bytes are not enough"):
        smallest(lambda size: False, 16_384, 1 << 20, 64)


def test_a_missing_operator_is_named():
    log = "Didn't find op for builtin opcode 'GELU'\nFailed to get registration from op code GELU\n"
    assert tflite_micro.missing_operator(log) == "TensorFlow Lite Micro has no GELU"
    assert tflite_micro.missing_operator("Failed to resize buffer.") == ""


def test_operators_of_a_float_front_are_not_counted():
    printed = "CPU operators = 5 (62.5%)\nNPU operators = 3 (37.5%)\n"
    passed, detail = ethos_u.judge(ethos_u.read_summary(printed, SUMMARY, front=5), EDGE)
    assert passed
    assert "100.0 % of the operators behind the 5 of the float front on" in detail
    passed, detail = ethos_u.judge(ethos_u.read_summary(printed, SUMMARY, front=4), EDGE)
    assert not passed
    assert "75.0 %" in detail


def test_layers_that_are_float_on_purpose_are_not_counted():
    mixed = dataclasses.replace(EDGE, precision="mixed", floats=("stem",))
    printed = "CPU operators = 4 (40.0%)\nNPU operators = 6 (60.0%)\n"
    for floats, passed, says in ((4, True, "100.0 %"), (2, False, "75.0 %"), (0, False, "60.0 %")):
        figures = ethos_u.read_summary(printed, SUMMARY, floats=floats)
        result, detail = ethos_u.judge(figures, mixed)
        assert result == passed
        assert f"{says} of the operators but {floats} in and around the float layers" in detail
    assert not ethos_u.judge(ethos_u.read_summary(printed, SUMMARY, floats=4), EDGE)[0]


def test_velas_words_are_read():
    printed = "CPU operators = 1 (25.0%)\nNPU operators = 3 (75.0%)\n"
    figures = ethos_u.read_summary(printed, SUMMARY)
    assert figures["npu_percent"] == 75
    assert (figures["sram_kib"], figures["flash_kib"], figures["latency_ms"]) == (50.5, 79.25, 1.25)
    passed, detail = ethos_u.judge(figures, EDGE)
    assert not passed
    assert "75.0 % of the operators on ethos-u55-128 (1 on the CPU), at least 100 %" in detail
    lenient = dataclasses.replace(EDGE, gates=export.Gates(npu_percent=70))
    assert ethos_u.judge(figures, lenient)[0]
    with pytest.raises(ValueError, match="did not tell"):
        ethos_u.read_summary("", SUMMARY)
