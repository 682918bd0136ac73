"""Every project of every family: written from a real export, and then run, built or parsed."""

import json
import subprocess
import sys
import tomllib
from xml.etree import ElementTree

import pytest

import export
from tests.artifacts.families import FAMILIES, family, predicted
from tests.export.clients.stand_in import BUILDS, CODES, build
from zoo.artifacts.serving.app import app

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Gives the exports of a family for cpu and edge, which are made once."""
    known = {}

    def of(name):
        if name not in known:
            folder = tmp_path_factory.mktemp("family")
            known[name] = family(name, folder, ("cpu", "edge"))
        return known[name]

    return of


@pytest.mark.parametrize("name", FAMILIES)
def test_python(name, made, tmp_path):
    exported = made(name)
    file = exported.folder / "cpu.tflite"
    project = app(file, platform="python", output=tmp_path / "app").folder
    done = subprocess.run(
        [sys.executable, "app.py", "--json", *map(str, exported.files)],
        cwd=project, capture_output=True, text=True, check=True,
    )  # fmt: skip
    mine = [json.loads(line)["scores"] for line in done.stdout.splitlines()]
    wanted = [row for rows in predicted(exported.files, file) for row in rows]
    assert len(mine) == len(wanted) > 2
    for scores, row in zip(mine, wanted, strict=True):
        if "labels" in row:
            known = {best["label"]: best["score"] for best in row["labels"]}
            assert {name: scores[name] for name in known} == pytest.approx(known, abs=1e-4)
        elif row["confidence"] is None:
            assert [*scores.values()] == pytest.approx([row["prediction"]], rel=1e-4)
        else:
            assert scores[row["prediction"]] == pytest.approx(row["confidence"], abs=1e-4)


@pytest.mark.parametrize("name", [pytest.param(name, marks=BUILDS) for name in FAMILIES])
def test_micro(name, made, tmp_path):
    """The project builds, and says something of numbers that a stand-in makes of nothing."""
    pytest.importorskip("tflite_micro")
    file = made(name).folder / "edge.tflite"
    project = app(file, platform="micro", output=tmp_path / "app").folder
    described = export.describe_file(file)
    program = build(tmp_path, project, _memory(described["inputs"], described["outputs"]))
    header = (project / "src/facts.h").read_text()
    count = int(header.partition("kValues = ")[2].partition(",")[0])
    numbers = "\n".join(["0.5"] * count)
    done = subprocess.run([program], input=numbers, capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    labels = export.labels_inside(file) or ("",)
    assert len(line.rpartition(":")[2].split()) == len(labels)


def _memory(inputs, outputs):
    """Returns an interpreter in C++ that calculates nothing."""
    tensors = {
        end: ", ".join(
            f"{{{CODES[info['dtype']][1]}, {{reinterpret_cast<int8_t*>(memory)}}}}"
            for info in infos
        )
        for end, infos in (("inputs", inputs), ("outputs", outputs))
    }
    return f"""
#include "tensorflow/lite/micro/micro_interpreter.h"
namespace tflite {{
alignas(16) static unsigned char memory[1 << 20];
static TfLiteTensor inputs[] = {{{tensors["inputs"]}}};
static TfLiteTensor outputs[] = {{{tensors["outputs"]}}};
TfLiteTensor* MicroInterpreter::input(size_t place) {{ return &inputs[place]; }}
TfLiteTensor* MicroInterpreter::output(size_t place) {{ return &outputs[place]; }}
TfLiteStatus MicroInterpreter::Invoke() {{ return kTfLiteOk; }}
}}  // namespace tflite
"""


@pytest.mark.parametrize("name", FAMILIES)
def test_android(name, made, tmp_path):
    exported = made(name)
    file = exported.folder / "cpu.tflite"
    project = app(file, platform="android", output=tmp_path / "app").folder
    model = (project / "app/src/main/assets/model.tflite").read_bytes()
    assert model == file.read_bytes()
    assert [ElementTree.parse(path) for path in project.rglob("*.xml")]
    assert [tomllib.loads(path.read_text()) for path in project.rglob("*.toml")]
    sources = [path.read_text() for path in project.rglob("*.kt*")]
    assert not any(mark in text for text in sources for mark in ("{{", "{%"))
