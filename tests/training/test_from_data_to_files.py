"""Every form in which people have photos goes from the data to three files that pass."""

from __future__ import annotations

import csv
import importlib.util
import shutil

import pytest

import zoo
from tests.data.written_photos import photo, write_photos
from tests.data.written_squares import write_squares
from zoo.training.folds import CROSSED

COLOURS = ("red", "green", "blue")


EACH = 12


def folder(where, count=EACH, suffix=".png"):
    """So many photos of each class."""
    return write_photos(where / "photos", dict.fromkeys(COLOURS, count), suffix)


def of_classes(source, count=EACH, **data):
    """Arguments of `zoo.finetune`, and how many examples are cross-validated."""
    return {"data": str(source), **data}, count * len(COLOURS)


def few(count):
    return lambda where: of_classes(folder(where, count), count)


def heic(where):
    import pillow_heif

    pillow_heif.register_heif_opener()
    return of_classes(folder(where, suffix=".heic"))


def packed(kind):
    def make(where):
        photos = folder(where)
        return of_classes(shutil.make_archive(str(where / "packed"), kind, where, photos.name))

    return make


def kaggle(where):
    """A CSV of ids without suffixes, and the folder of the pictures beside it."""
    rows = [(f"{label}-{number}", label) for label in COLOURS for number in range(EACH)]
    (where / "pictures").mkdir()
    for number, (name, label) in enumerate(rows):
        photo(label, number).save(where / "pictures" / f"{name}.jpg")
    with (where / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "label"), *rows])
    return of_classes(where / "labels.csv", folder=str(where / "pictures"))


def hugging_face(where):
    datasets = pytest.importorskip("datasets")
    photos = sorted(folder(where).rglob("*.png"))
    labels = [sorted(COLOURS).index(path.parent.name) for path in photos]
    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=sorted(COLOURS))}
    rows = {"image": [{"bytes": p.read_bytes(), "path": None} for p in photos], "label": labels}
    data = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
    data.save_to_disk(str(where / "colours"))
    return of_classes(f"hf:{where / 'colours'}")


def squares(task, column):
    def make(where):
        data = write_squares(where / "squares", 120)
        more = {"folder": str(data / "pictures"), "label_column": column, "task": task}
        return {"data": str(data / "labels.csv"), "head_epochs": 60, "folds": 0, **more}, None

    return make


needs_heif = pytest.mark.skipif(
    importlib.util.find_spec("pillow_heif") is None, reason="HEIC needs pillow-heif"
)
ROWS = {
    "zip": packed("zip"),
    "tar": packed("tar"),
    "csv": kaggle,
    "hf": hugging_face,
    "2 a class": few(2),
    "3 a class": few(3),
    "5 a class": few(5),
    "multilabel": squares("multilabel", "colours"),
    "regression": squares("regression", "side"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("heic", marks=needs_heif), *ROWS])
def test_from_data_to_three_files(tmp_path, monkeypatch, name):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("export.artifact.prove", lambda *subject: ())  # `make test-provers` does.
    data, examples = {"heic": heic, **ROWS}[name](tmp_path)
    run = tmp_path / "run"
    tuned = zoo.finetune("resnet8.cifar10", **data, output=run, epochs=2, image_size=32)
    if examples is not None:
        [accuracy] = tuned.card.metrics
        assert (accuracy.split, accuracy.examples) == (CROSSED, examples)
        low, high = accuracy.interval
        assert low <= accuracy.value <= high
        assert accuracy.value > 0.6
    exported = zoo.export(str(run), output=tmp_path / "files")
    report = exported.report
    assert {name: artifact.verdict for name, artifact in report.artifacts.items()} == dict.fromkeys(
        ("cpu", "gpu", "edge", "saved_model"), "pass"
    )
    # A cross-validated checkpoint learnt all examples, and the report says so.
    assert report.learnt == (examples is not None)
    page = (tmp_path / "files" / "report.html").read_text()
    assert ("The model learnt these samples too" in page) == report.learnt
