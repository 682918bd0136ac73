"""Which tables of a folder are its splits, and what is said of the others."""

import gzip

import pytest

from zoo.data.reading import Reading
from zoo.data.sources import find_reader, load_dataset
from zoo.data.tables import table
from zoo.errors import RequestError
from zoo.forms import Vector

LABEL = Reading(label_column="kind")
UNREAD = "not read, as not called train.csv, val.csv or test.csv: "


def write(folder, sizes):
    """Tables of so many rows by their name."""
    for name, size in sizes.items():
        rows = "".join(f"{i % 9 / 2},{'ab'[i % 2]}\n" for i in range(size))
        content = f"size,kind\n{rows}".encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)


@pytest.mark.parametrize(
    ("others", "sizes"),
    [
        ({"val.csv": 20, "test.csv": 10}, (60, 20, 10)),
        ({"validation.csv": 20, "test.csv": 10}, (60, 20, 10)),
        ({"Valid.CSV": 20, "testing.csv.gz": 10}, (60, 20, 10)),
        ({"dev.csv": 20, "TEST.csv": 10}, (60, 20, 10)),
        ({"dev.csv.gz": 20}, (54, 6, 20)),  # The one other split is measured.
        ({"test.csv": 10}, (54, 6, 10)),
    ],
)
def test_tables_of_splits(tmp_path, others, sizes):
    write(tmp_path, {"train.csv": 60, **others})
    data = load_dataset(str(tmp_path), Vector, reading=LABEL)
    assert (len(data.train), len(data.validation), len(data.test)) == sizes
    assert not any("not read" in note for note in data.notes)


@pytest.mark.parametrize(
    ("others", "unread"),
    [
        (["submission.csv"], "submission.csv"),
        (["eval.csv", "test2.csv"], "eval.csv, test2.csv"),
        (["my_validation.csv"], "my_validation.csv"),
        (["training.csv"], "training.csv"),
        (["train.csv.gz"], "train.csv"),
        (["notes.txt"], None),
    ],
)
def test_other_tables_are_named(tmp_path, others, unread):
    write(tmp_path, {"train.csv": 60, "test.csv": 10, **dict.fromkeys(others, 20)})
    data = load_dataset(str(tmp_path), Vector, reading=LABEL)
    assert len(data.test) == 10
    said = [note for note in data.notes if note.startswith("not read")]
    assert said == ([UNREAD + unread] if unread else [])


@pytest.mark.parametrize(
    ("names", "split"),
    [
        (("val.csv", "validation.csv"), "validation"),
        (("dev.csv", "valid.csv.gz"), "validation"),
        (("test.csv", "testing.csv"), "test"),
    ],
)
def test_two_tables_of_a_split_are_refused(tmp_path, names, split):
    write(tmp_path, {"train.csv": 60, **dict.fromkeys(names, 20)})
    with pytest.raises(RequestError, match=f"{' and '.join(names)}, both of the {split} split"):
        load_dataset(str(tmp_path), Vector, reading=LABEL)


@pytest.mark.parametrize(("name", "taken"), [("test", True), ("dev", False), ("training", False)])
def test_a_table_beside_pictures_is_no_split_without_a_train_table(tmp_path, name, taken):
    write(tmp_path, {f"{name}.csv": 20})
    (tmp_path / "red").mkdir()
    (tmp_path / "red/1.png").write_bytes(b"")
    assert (find_reader(str(tmp_path)) is table) == taken
