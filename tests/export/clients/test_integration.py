"""The page says how to call the files of this export, and its Python code runs."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest

from export.about import About
from export.checks.evidence import Check
from export.clients.app import FILES
from export.clients.integration import render
from export.report import Artifact, Report
from export.tflite.tensor import TensorInfo

LABELS = tuple("0123456789")


def code(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_the_page_is_written_and_names_every_file(exported):
    page = (exported.folder / "INTEGRATION.md").read_text()
    for artifact in exported.report.artifacts.values():
        assert f"| `{artifact.file}` | {artifact.precision} | {artifact.bytes:,} |" in page
    assert "`image` uint8 1×16×16×3, (x − 0) · 1" in page
    assert "`ImageClassifier`, on Android, on iOS and in browsers, opens `edge.tflite`" in page
    assert "scaled to 16×16 pixels already" in page


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


def apps(page):
    """Returns the file of each app, by its platform."""
    return dict(re.findall(r"^\| `(\w+)` \| `(\w+\.tflite)` \|", page, re.MULTILINE))


@pytest.fixture(scope="module")
def made():
    """A report of three files for pictures, as an export would write it."""
    pixels = TensorInfo("image", "float32", (1, 16, 16, 3), None, None)
    given = {"cpu": pixels, "gpu": pixels, "edge": dataclasses.replace(pixels, dtype="uint8")}
    scores = TensorInfo("probabilities", "float32", (1, 10), None, None)
    precisions = {"cpu": "float32", "gpu": "float16", "edge": "int8"}
    artifacts = {
        name: Artifact(
            f"{name}.tflite", precision, (), bytes=9_000, input=given[name], output=scores,
            operators={"CONV_2D": 1},
        )
        for name, precision in precisions.items()
    }  # fmt: skip
    return Report({"checkpoint": "made", "model": "made"}, {}, 100, None, artifacts)


def changed(report, name, **changes):
    artifacts = report.artifacts
    artifacts = {**artifacts, name: dataclasses.replace(artifacts[name], **changes)}
    return dataclasses.replace(report, artifacts=artifacts)


def test_apps_that_suit_the_files(made):
    report, says = made, {"labels": LABELS, "pixels": True}
    page = render(report, **says)
    assert apps(page) == {
        "web": "gpu.tflite",
        "python": "edge.tflite",
        "micro": "edge.tflite",
        "android": "gpu.tflite",
        "ios": "gpu.tflite",
    }
    assert {*apps(page)} == {*FILES}
    info = report.artifacts["edge"].input
    only = {"edge": report.artifacts["edge"]}
    alone = dataclasses.replace(report, artifacts=only)
    assert apps(render(alone, **says))["web"] == "edge.tflite"
    of_bytes = changed(alone, "edge", input=dataclasses.replace(info, dtype="int8"))
    page = render(of_bytes, **says)
    assert {*apps(page)} == {"python", "micro"}  # Browsers take no int8; nor does MediaPipe.
    assert "ImageClassifier" not in page


def test_no_apps_for_features(made):
    features = TensorInfo("embedding", "float32", (1, 64))
    only = {"cpu": dataclasses.replace(made.artifacts["cpu"], output=features)}
    page = render(dataclasses.replace(made, artifacts=only), labels=(), pixels=True)
    assert (apps(page), "ImageEmbedder" in page) == ({}, True)


def test_no_microcontroller_for_a_large_network(made):
    says = {"labels": LABELS, "pixels": True}
    large = changed(made, "edge", bytes=11_000_000)
    assert "micro" not in apps(render(large, **says))
    proofs = {"tflite_micro": {"arena_bytes": 54_321}}
    page = render(changed(made, "edge", proofs=proofs), **says)
    assert "; 54,321 bytes of working memory (arena) were enough" in page
    proofs = {"tflite_micro": {"arena_bytes": 5_000_000}}
    for changes in ({"proofs": proofs}, {"arena": 5_000_000}):
        page = render(changed(made, "edge", **changes), **says)
        assert {*apps(page)} == {"web", "python", "android", "ios"}


def test_apps_need_to_know_the_input(made):
    """Of numbers of which nothing is known there is no app; the code for Python stays."""
    page = render(made, labels=LABELS, pixels=False)
    assert (apps(page), "ImageClassifier" in page) == ({}, False)
    assert "```python" in page
    page = render(made, labels=(), pixels=True)
    assert "ImageClassifier" not in page
    of_checkpoint = dataclasses.replace(made, identity={**made.identity, "form": "{}"})
    for about in (About(rate=8000), About(step_rate=50.0)):
        assert not apps(render(made, labels=LABELS, pixels=False, about=about))
        assert apps(render(of_checkpoint, labels=LABELS, pixels=False, about=about))


def with_ends(report, **ends):
    """The report with another input or output of each file."""
    artifacts = report.artifacts.items()
    changed = {name: dataclasses.replace(item, **ends) for name, item in artifacts}
    return dataclasses.replace(report, artifacts=changed)


@pytest.mark.parametrize(("channels", "has"), [(1, True), (2, False), (3, True), (4, False)])
def test_apps_are_for_grey_and_coloured_pictures(made, channels, has):
    pictures = with_ends(made, input=TensorInfo("image", "float32", (1, 16, 16, channels)))
    assert bool(apps(render(pictures, labels=LABELS, pixels=True))) == has


def test_values_with_names_are_no_labels_of_mediapipe(made):
    values = with_ends(made, output=TensorInfo("values", "float32", (1, 10)))
    page = render(values, labels=LABELS, pixels=True)
    assert ("ImageClassifier" in page, "```python" in page) == (False, True)


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
