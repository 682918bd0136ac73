"""The labels used are those of the file itself, and contradicting labels are refused."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest

import export
from export.tflite.metadata import attach
from export.tflite.metadata_schema import AXIS_LABELS
from zoo.artifacts.opening.open import artifact_labels, check_written, open_artifact
from zoo.errors import RequestError

DIGITS = tuple("0123456789")
WORDS = ("cat", "dog", "cow")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A `.tflite` of three outputs that says nothing about itself."""
    import keras
    import tensorflow as tf

    features = keras.Input((4,), batch_size=1)
    model = keras.Model(features, keras.layers.Dense(3)(features))
    path = tmp_path_factory.mktemp("bare") / "bare.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    return path


@pytest.fixture
def place(bare, tmp_path):
    """A folder with a copy of that file, in a folder that holds other things."""
    folder = tmp_path / "parent" / "models"
    folder.mkdir(parents=True)
    return shutil.copy(bare, folder / "some.tflite")


def put_inside(path, text, name="labels.txt"):
    """Puts labels into a file; those of another name need metadata that point to them."""
    if name != "labels.txt":
        model = export.LiteModel(path)
        file = {"name": name, "type": AXIS_LABELS}
        graph = {
            "input_tensor_metadata": [{"name": model.input.name}],
            "output_tensor_metadata": [{"name": model.output.name, "associated_files": [file]}],
        }
        attach(path, {"subgraph_metadata": [graph]}, {name: text, "notes.txt": "not\nlabels\n"})
        return
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, text)


def labels_of(path):
    with open_artifact(str(path)) as artifact:
        return artifact_labels(artifact)


@pytest.mark.parametrize(
    ("inside", "name", "beside", "expected"),
    [
        ("cat\ndog\ncow\n", "labels.txt", None, WORDS),
        ("cat\r\ndog\r\ncow", "labelmap.txt", None, WORDS),
        (None, "", "cat\ndog\ncow\n", WORDS),
        ("cat\ndog\ncow\n", "labels.txt", "cat\ndog\ncow", WORDS),
        ("cat\ndog\ncow\n", "classes.txt", "cow\ndog\ncat\n", None),
        ("cat\ndog\ncow\n", "labels.txt", "cat\ndog\n", None),
        (None, "", None, ()),
    ],
)
def test_the_labels_of_a_file(place, inside, name, beside, expected):
    (place.parent.parent / "labels.txt").write_text("of\nanother\nexport\n")
    if inside:
        put_inside(place, inside, name)
    if beside:
        (place.parent / "labels.txt").write_text(beside)
    if expected is not None:
        assert labels_of(place) == expected
        return
    with pytest.raises(
        RequestError, match=r"labels inside .* are cat, dog, cow, those of .* co?"
    ) as e:
        labels_of(place)
    assert len(str(e.value).splitlines()) == 1


def test_the_labels_of_a_saved_model(exported_digits, tmp_path):
    assert labels_of(exported_digits / "saved_model") == DIGITS
    assert labels_of(exported_digits / "saved_model" / "1") == DIGITS
    # A SavedModel that was moved still knows those that classify_bytes answers with.
    shutil.copytree(exported_digits / "saved_model", tmp_path / "a" / "moved")
    assert labels_of(tmp_path / "a" / "moved") == DIGITS
    (tmp_path / "labels.txt").write_text("\n".join("1023456789"))
    assert labels_of(tmp_path / "a" / "moved") == DIGITS
    (tmp_path / "a" / "labels.txt").write_text("\n".join("1023456789"))
    for path in (tmp_path / "a" / "moved", tmp_path / "a" / "moved" / "1"):
        with pytest.raises(RequestError, match=r"inside .* 0, 1, 2, … \(10 in all\), those of"):
            labels_of(path)


def test_a_file_runs_in_a_process_of_its_own(place):
    x = np.random.default_rng(0).normal(size=(150, 4)).astype(np.float32)
    with open_artifact(str(place)) as artifact:
        assert artifact.shape == (4,)
        assert np.array_equal(artifact.run(x, None), export.LiteModel(place)(x))


REPORT = {
    "artifacts": {
        "cpu": {"file": "cpu.tflite", "checks": {"sqnr_db": "pass"}},
        "edge": {"file": None, "checks": {"finite": "pass", "sqnr_db": "fail: 3 dB, at least 25"}},
        "saved_model": {"file": "saved_model/1", "checks": {}},
    }
}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "edge.tflite",
            "was not written, since it failed sqnr_db: 3 dB, at least 25; written: cpu",
        ),
        ("", "is a whole export; give one of its files: cpu.tflite, saved_model/1"),
        ("cpu.tflite", ""),
        ("gpu.tflite", ""),  # It was not asked for.
        ("saved_model", ""),
    ],
)
def test_what_an_export_left_out_is_refused_with_the_reason(tmp_path, name, says):
    (tmp_path / "cpu.tflite").write_bytes(b"")
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    refused = ""
    try:
        check_written(str(tmp_path / name))
    except RequestError as error:
        refused = str(error)
    assert says in refused
    assert bool(says) == bool(refused)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"artifacts": 3}', '{"artifacts": {"edge": 1}}']
)
def test_the_report_of_another_program_is_left_alone(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    check_written(str(tmp_path / "edge.tflite"))
    check_written(str(tmp_path))
