"""Embedders of sounds, recordings and tables: from the data to files that give features."""

from __future__ import annotations

import json

import numpy as np
import pytest

import zoo
from export.checks.parity import cosines
from tests.data.sounds.written_sounds import write_sounds
from tests.data.written_recordings import write_recordings


def sounds(folder):
    data = write_sounds(folder / "words", count=24)
    return {"model": "resnet8", "data": str(data)}, sorted(data.rglob("*.wav"))[:6]


def recordings(folder):
    data = write_recordings(folder / "moves", {"fast": 24, "slow": 24})
    asked = {"model": "residual_lstm", "data": str(data), "window": 1.0, "hop": 0.5}
    return {**asked, "config": {"depth": 1, "width": 16}}, sorted(data.rglob("*.csv"))[:6]


def table(folder):
    random = np.random.default_rng(0)
    sizes = random.normal(5, 2, 240).round(3)
    rows = [f"{size},{'ab'[i % 2]},{'yes' if size > 5 else 'no'}" for i, size in enumerate(sizes)]
    (folder / "people.csv").write_text("\n".join(["size,kind,answer", *rows]) + "\n")
    asked = {"model": "residual_mlp", "data": str(folder / "people.csv"), "label_column": "answer"}
    return {**asked, "config": {"depth": 1, "width": 32}}, [folder / "people.csv"]


FAMILIES = {"sounds": sounds, "recordings": recordings, "table": table}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_files_give_the_features_of_the_checkpoint(tmp_path, monkeypatch, zoo_command, name):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("export.artifact.prove", lambda *subject: ())  # `make test-provers` does.
    asked, files = FAMILIES[name](tmp_path)
    run = str(zoo.train(**asked, epochs=5, output=tmp_path / "run").folder)
    exported = zoo.export(run, output=tmp_path / "files", embedder=True)
    assert set(exported.report.written) == {"cpu", "gpu", "edge", "saved_model"}
    expected = zoo.embed(files, checkpoint=run)
    assert len(expected.places) >= len(files)
    for file, least in (
        ("cpu.tflite", 0.9999),
        ("gpu.tflite", 0.999),
        ("edge.tflite", 0.98),
        ("saved_model", 0.9999),
    ):
        given = zoo.embed(files, artifact=str(tmp_path / "files" / file))
        assert given.places == expected.places
        assert cosines(given.features, expected.features).min() >= least, file
    cpu = tmp_path / "files" / "cpu.tflite"
    for command in (
        ("predict", f"--artifact={cpu}", str(files[0])),
        ("app", f"--artifact={cpu}", f"--output={tmp_path / 'app'}"),
    ):
        code, out, err = zoo_command(*command)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert "gives features" in err
    text = (tmp_path / "files" / "INTEGRATION.md").read_text()
    assert "embedding" in text
    assert json.loads((tmp_path / "files" / "report.json").read_text())["outputs"]["kind"] == (
        "embedding"
    )
