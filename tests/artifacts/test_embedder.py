"""A checkpoint's body, exported: its files give features."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import export
import zoo
from export.checks.parity import cosines
from zoo.data.digits import load_digits


def exported(folder, targets):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.artifact.prove", lambda *subject: ())  # `make test-provers` does.
        return zoo.export("resnet8.digits", output=folder, targets=targets, embedder=True).folder


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    return exported(tmp_path_factory.mktemp("embedder") / "digits", ("cpu",))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    test = load_digits().test
    for index in range(8):
        Image.fromarray(test.x[index, ..., 0]).resize((50, 40)).save(folder / f"{index}.png")
    return folder


def report_of(folder, name, least):
    report = json.loads((folder / "report.json").read_text())
    artifact = report["artifacts"][name]
    assert artifact["verdict"] == "pass"
    assert artifact["output"]["name"] == "embedding"
    assert artifact["output"]["shape"][-1] == 64
    assert artifact["parity"]["cosine"] >= least
    assert artifact["checks"]["cosine"] == "pass"
    assert not {"accuracy", "top1_agreement"} & set(artifact["checks"])
    return report


@pytest.mark.slow
def test_the_report_tells_of_features(embedder):
    report_of(embedder, "saved_model", 0.9999)
    report = report_of(embedder, "cpu", 0.9999)
    assert report["outputs"] == {"kind": "embedding", "decided": "as asked"}
    assert report["reference"] == {"top1": None}
    assert not (embedder / "labels.txt").exists()
    assert export.labels_inside(embedder / "cpu.tflite") == ()
    assert "ImageEmbedder" in (embedder / "INTEGRATION.md").read_text()
    assert "cosine 1.00000" in (embedder / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("file", ["cpu.tflite", "saved_model"])
def test_files_give_the_features_of_the_checkpoint(embedder, pictures, file):
    expected = zoo.embed(pictures, checkpoint="resnet8.digits")
    given = zoo.embed(pictures, artifact=str(embedder / file))
    assert given.files == expected.files
    largest = np.abs(expected.features).max()
    assert np.abs(given.features - expected.features).max() < 1e-4 * largest


@pytest.mark.slow
def test_smaller_files_do_so_too(pictures, tmp_path):
    folder = exported(tmp_path / "digits", ("gpu", "edge"))
    expected = zoo.embed(pictures, checkpoint="resnet8.digits")
    for name, least in (("gpu", 0.9999), ("edge", 0.99)):
        report_of(folder, name, least)
        given = zoo.embed(pictures, artifact=str(folder / f"{name}.tflite"))
        assert cosines(given.features, expected.features).min() >= least


@pytest.mark.slow
def test_other_commands_refuse_features_in_one_line(zoo_command, embedder, pictures):
    file = f"--artifact={embedder / 'cpu.tflite'}"
    for command in (("predict", str(pictures)), ("evaluate", "--data=digits")):
        code, out, err = zoo_command(command[0], file, *command[1:])
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert f"gives features, no labels or values; zoo embed {file} writes them" in err


def test_a_classifier_is_no_embedder(exported_digits, pictures):
    file = str(exported_digits / "cpu.tflite")
    with pytest.raises(zoo.RequestError, match="gives probabilities, no features; export them"):
        zoo.embed(pictures, artifact=file)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"labels": "names.txt"}, "--labels names answers, and --embedder exports none"),
        ({"trainable_head": True}, "a trainable head tells two or more classes apart"),
    ],
)
def test_what_features_cannot_have_is_refused(tmp_path, asked, message):
    with pytest.raises(zoo.RequestError, match=message):
        zoo.export("resnet8.digits", output=tmp_path / "out", embedder=True, **asked)
    assert not [*tmp_path.iterdir()]
