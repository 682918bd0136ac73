"""The page says how to call the files of this export, and its Python code runs."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest

from export.checks.evidence import Check
from export.clients.integration import render
from export.tflite.metadata import About

LABELS = tuple("0123456789")


def code(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_the_page_is_written_and_names_every_file(exported):
    page = (exported.folder / "INTEGRATION.md").read_text()
    for artifact in exported.report.artifacts.values():
        assert f"| `{artifact.file}` | {artifact.precision} | {artifact.bytes:,} |" in page
    assert "`image` uint8 1×16×16×3, (x − 0) · 1" in page
    assert all('"edge.tflite"' in code(page, language)[0] for language in ("kotlin", "js"))
    assert 'forResource: "edge", ofType: "tflite"' in code(page, "swift")[0]


@pytest.mark.parametrize("target", ["cpu", "edge"])
def test_its_python_runs_as_it_stands_without_tensorflow(exported, target):
    only = {target: exported.report.artifacts[target]}
    page = render(dataclasses.replace(exported.report, artifacts=only), labels=LABELS, pixels=True)
    (text,) = code(page, "python")
    check = "\nimport sys; assert 'tensorflow' not in sys.modules; print(probabilities.sum())"
    done = subprocess.run(
        [sys.executable, "-c", text + check],
        cwd=exported.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout.splitlines()[-1]) == pytest.approx(1, abs=0.03)


def test_microcontrollers_get_every_operator(exported):
    (text,) = code((exported.folder / "INTEGRATION.md").read_text(), "cpp")
    operators = exported.report.artifacts["edge"].operators
    assert len(re.findall(r"resolver\.Add\w+\(\);", text)) == len(operators)
    assert f"MicroMutableOpResolver<{len(operators)}>" in text
    assert {"AddConv2D", "AddFullyConnected"} <= set(re.findall(r"Add\w+", text))


def test_tasks_are_named_only_where_they_fit(exported):
    for changes in ({"labels": (), "pixels": True}, {"labels": LABELS, "pixels": False}):
        page = render(exported.report, **changes)
        assert "kotlin" not in page
        assert "```python" in page


@pytest.mark.parametrize(
    ("about", "says"),
    [
        (About(rate=8000), ["one channel, 8,000 in a second, from -1 to 1", "by 32768"]),
        (About(features=("x", "y"), step_rate=61.7), ["in this order: x, y.", "61.7 steps in a"]),
        (About(step_rate=50.0), ["There are 50 steps in a second, evenly spaced."]),
        (About(features=("x", "y")), ["in this order: x, y."]),
        (About(), []),
    ],
)
def test_the_page_says_what_the_numbers_of_the_input_are(exported, about, says):
    page = render(exported.report, labels=LABELS, pixels=False, about=about)
    assert ("## The input" in page) == bool(says)
    assert all(part in page for part in says)
    assert ("second" in page) == (about.rate is not None or about.step_rate is not None)


@pytest.mark.parametrize(
    ("status", "precision", "says"),
    [
        ("pass", "int8", "`edge.tflite` keeps its answers on LiteRT's GPU accelerator too"),
        ("warning", "int8", "`edge.tflite` is not for a GPU."),
        ("skipped", "int8", ""),
        ("skipped", "16x8", "`edge.tflite` is not for a GPU."),
    ],
)
def test_which_file_is_for_a_gpu(exported, status, precision, says):
    checks = (Check("litert_gpu", status, "tried"),)
    edge = exported.report.artifacts["edge"]
    edge = dataclasses.replace(edge, precision=precision, checks=checks)
    artifacts = {**exported.report.artifacts, "edge": edge}
    page = render(
        dataclasses.replace(exported.report, artifacts=artifacts), labels=LABELS, pixels=True
    )
    (line,) = [line for line in page.splitlines() if "For a GPU take" in line]
    assert line.startswith("For a GPU take `gpu.tflite`.")
    assert line.removeprefix("For a GPU take `gpu.tflite`.").strip().startswith(says)
    assert ("`edge.tflite`" in line) == bool(says)
