"""Data sets of the library `datasets`, on this disk."""

from __future__ import annotations

import importlib.util
import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.data.sounds.written_sounds import tone
from zoo.data import hugging_face
from zoo.data.reading import Reading
from zoo.data.sources import find_pictures, load_dataset
from zoo.errors import RequestError
from zoo.forms import Sound


@pytest.fixture(autouse=True)
def _own_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    if importlib.util.find_spec("datasets") is not None:
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


def encoded(colour, size=40):
    file = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(file, "PNG")
    return file.getvalue()


def written(label, values):
    """A data set of a picture for each value."""
    datasets = pytest.importorskip("datasets")
    image = [{"bytes": encoded((9 * n, 0, 0)), "path": None} for n in range(len(values))]
    features = datasets.Features({"image": datasets.Image(), "label": label(datasets)})
    return datasets.Dataset.from_dict({"image": image, "label": values}, features=features)


LABELS = {
    "text": (lambda d: d.Value("string"), [None, "cat", "dog"], ("cat", "dog"), 8),
    "a word for none": (lambda d: d.Value("string"), ["None", "cat", "nan"], None, 0),
    "spaces": (lambda d: d.Value("string"), [" ", "cat", "dog"], ("cat", "dog"), 8),
    "fractions": (lambda d: d.Value("float32"), [float("nan"), 1.0, 2.0], ("1.0", "2.0"), 8),
    "numbers": (lambda d: d.Value("int64"), [-1, 1, 1], ("-1", "1"), 0),
    "classes": (lambda d: d.ClassLabel(names=["cat", "dog"]), [-1, 0, 1], ("cat", "dog"), 8),
    "gaps": (lambda d: d.ClassLabel(names=["cat", "dog"]), [None, 0, 1], ("cat", "dog"), 8),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", LABELS)
def test_examples_without_a_class_are_left_out_and_counted(tmp_path, caplog, case):
    label, values, classes, lacking = LABELS[case]
    written(label, values * 8).save_to_disk(str(tmp_path / "some"))
    data = load_dataset(f"hf:{tmp_path / 'some'}")
    assert data.labels == (classes or ("None", "cat", "nan"))
    assert sum(map(len, data.splits.values())) == 24 - lacking
    said = f"left out, without a class: {lacking} of 24 examples"
    assert (said in caplog.text) == (lacking > 0)


@pytest.mark.slow
def test_a_train_split_without_classes_is_refused(tmp_path):
    written(LABELS["gaps"][0], [None] * 9).save_to_disk(str(tmp_path / "none"))
    with pytest.raises(RequestError, match="has no example with a class in its train split"):
        load_dataset(f"hf:{tmp_path / 'none'}")


def pictures(counts, names=("red/dark", "green"), label=None):
    """A split of so many pictures of each class, all of one colour."""
    datasets = pytest.importorskip("datasets")
    colours = ((90, 0, 0), (0, 200, 0))
    y = [number for number, count in enumerate(counts) for _ in range(count)]
    shades = [tuple(min(255, c + index) for c in colours[k]) for index, k in enumerate(y)]
    return datasets.Dataset.from_dict(
        {"image": [{"bytes": encoded(s), "path": None} for s in shades], "label": label or y},
        features=datasets.Features(
            {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(names))}
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", ["saved", "parquet"])
def test_pictures_and_splits_are_read(tmp_path, form):
    datasets = pytest.importorskip("datasets")
    parts = {"train": pictures((9, 8)), "validation": pictures((3, 2)), "test": pictures((2, 2))}
    folder = tmp_path / "colours"
    if form == "saved":
        datasets.DatasetDict(parts).save_to_disk(str(folder))
    else:
        for name, part in parts.items():
            part.to_parquet(folder / f"{name}.parquet")
    steps = []
    reading = Reading(progress=lambda *step: steps.append(step))
    data = load_dataset(f"hf:{folder}", reading=reading)
    assert data.name == "colours"
    assert data.labels == ("green", "red_dark")
    assert {name: len(part) for name, part in data.splits.items()} == {
        "train": 17,
        "validation": 5,
        "test": 4,
    }
    for part in data.splits.values():
        green = part.x[:, 5, 5, 1] > part.x[:, 5, 5, 0]
        assert green.tolist() == (part.y == 0).tolist()
    assert (26, 26) in steps
    steps.clear()
    again = find_pictures(f"hf:{folder}", reading)
    assert again.labels == data.labels
    assert steps == []  # They were written once.


@pytest.mark.slow
def test_one_split_is_divided_and_a_test_split_without_classes_is_left_out(tmp_path, caplog):
    datasets = pytest.importorskip("datasets")
    pictures((20, 20)).save_to_disk(str(tmp_path / "one"))
    data = load_dataset(f"hf:{tmp_path / 'one'}")
    assert data.divided
    assert len(data.test) == 4
    blind = pictures((2, 2), label=[-1] * 4)
    parts = {"train": pictures((20, 20)), "test": blind, "more": pictures((2, 2))}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "two"))
    data = load_dataset(f"hf:{tmp_path / 'two'}")
    assert sum(map(len, data.splits.values())) == 40
    assert "left out, without a class: 4 of 4 examples of the split test" in caplog.text
    assert "left out, since they are no splits: more" in caplog.text


@pytest.mark.slow
def test_sounds_are_read(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = {"audio": [], "word": []}
    for index in range(40):
        file = io.BytesIO()
        soundfile.write(file, tone(200 + 600 * (index % 2), 0.3), 8000, format="FLAC")
        rows["audio"].append({"bytes": file.getvalue(), "path": None})
        rows["word"].append(("low", "high")[index % 2])
    encoded_sound = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    features = datasets.Features({"audio": encoded_sound, "word": datasets.Value("string")})
    # A cast needs none of the packages that encode sounds.
    data = datasets.Dataset.from_dict(rows, features=features)
    data = data.cast_column("audio", datasets.Audio())
    data.save_to_disk(str(tmp_path / "words"))
    with pytest.raises(RequestError, match="has 0 columns of classes"):
        load_dataset(f"hf:{tmp_path / 'words'}", Sound)
    reading = Reading(label_column="word")
    read = load_dataset(f"hf:{tmp_path / 'words'}", Sound, reading=reading)
    assert read.labels == ("high", "low")
    assert read.train.x.shape[1] == 2400
    crossings = (np.diff(np.sign(read.train.x[:, :2000]), axis=1) != 0).sum(axis=1)
    assert ((crossings > 200) == (read.train.y == 0)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "source", "message"),
    [
        (("a/b", "a_b"), "", "has the classes 'a/b' and 'a_b', which folders cannot tell apart"),
        (("a", "b"), "/none", "there is no folder"),
    ],
)
def test_what_cannot_be_read(tmp_path, names, source, message):
    pictures((4, 4), names).save_to_disk(str(tmp_path / "two"))
    with pytest.raises(RequestError, match=message):
        load_dataset(f"hf:{tmp_path / 'two'}{source}")
    assert not [*(tmp_path / "cache").rglob("*.png")]


@pytest.mark.slow
def test_a_table_holds_no_pictures(tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict({"a": [1, 2], "label": [0, 1]}).save_to_disk(str(tmp_path / "table"))
    with pytest.raises(RequestError, match="has 0 columns of pictures or sounds, one is needed"):
        load_dataset(f"hf:{tmp_path / 'table'}")


def test_without_the_package_the_message_names_the_extra(monkeypatch):
    monkeypatch.setattr(hugging_face.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match=r"pip install 'zoo-residual\[hf\]'"):
        load_dataset("hf:me/photos")
