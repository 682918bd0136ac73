"""A CSV of paths of pictures and their labels."""

import shutil

import numpy as np
import pytest

from tests.data.written_photos import write_photos
from zoo.checkpoints.card import Card
from zoo.data.reading import Reading
from zoo.data.sources import find_pictures, load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Picture, Vector

FORM = Picture(shape=(8, 8, 3), mean=(0.0,) * 3, std=(1.0,) * 3)
ROWS = [(label, number) for label in ("red", "green") for number in range(10)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twenty pictures of two colours in one folder: red-000.png and so on."""
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder / "classes", {"red": 10, "green": 10})
    (folder / "all").mkdir()
    for label, number in ROWS:
        path = folder / "classes" / label / f"{number:03}.png"
        shutil.copy(path, folder / "all" / f"{label}-{number:03}.png")
    return folder


def listed(photos, name, *, head="file,label", row="all/{label}-{number:03}.png,{label}", more=()):
    lines = [
        row.format(label=label, number=number, age=20 + number, split="tv"[number > 7])
        for label, number in ROWS
    ]
    path = photos / name
    path.write_text("\n".join([*([head] if head else []), *lines, *more]) + "\n")
    return str(path)


def loaded(source, **reading):
    return load_dataset(source, reading=Reading(form=FORM, **reading))


@pytest.mark.parametrize(
    ("form", "reading"),
    [
        ({}, {}),
        ({"head": ""}, {}),
        ({"head": "label;name", "row": "{label};all\\{label}-{number:03}.png"}, {}),
        ({"row": "{label}-{number:03},{label}"}, {"folder": "all"}),  # Kaggle's form.
        ({"row": "all/{label}-{number:03},{label}"}, {}),
        (
            {"head": "age,id,class", "row": "{age},{label}-{number:03}.png,{label}"},
            {"folder": "all"},
        ),
        (
            {"head": "a,b,c", "row": "{label},all/{label}-{number:03}.png,{age}"},
            {"label_column": "a"},
        ),
        (
            {"head": "one,two,label", "row": "gone.png,all/{label}-{number:03}.png,{label}"},
            {"path_column": "two"},
        ),
    ],
)
def test_forms_of_lists(photos, form, reading):
    if "folder" in reading:
        reading = {**reading, "folder": str(photos / reading["folder"])}
    dataset = loaded(listed(photos, "LIST.CSV" if reading else "list.csv", **form), **reading)
    assert dataset.labels == ("green", "red")
    assert [np.bincount(split.y).tolist() for split in dataset.splits.values()] == [
        [8, 8], [1, 1], [1, 1],
    ]  # fmt: skip
    for split in dataset.splits.values():  # Red pictures are those that are called red.
        assert np.array_equal(split.x.mean((1, 2)).argmax(-1), np.where(split.y == 1, 0, 1))


def test_splits_and_groups(photos):
    source = listed(
        photos, "s.csv", head="file,label,Split", row="all/{label}-{number:03}.png,{label},{split}"
    )
    (photos / "s.csv").write_text((photos / "s.csv").read_text().replace(",t\n", ",train\n"))
    (photos / "s.csv").write_text((photos / "s.csv").read_text().replace(",v\n", ",test\n"))
    assert [len(s) for s in loaded(source).splits.values()] == [14, 2, 4]
    assert not loaded(source).divided

    row = "all/{label}-{number:03}.png,{label},{number}"
    source = listed(photos, "g.csv", head="file,label,person", row=row)
    dataset = loaded(source, group="person")
    # A person is a red and a green picture.
    assert all(np.bincount(s.y).tolist() == [len(s) / 2] * 2 for s in dataset.splits.values())
    assert dataset.form.group == "person"
    card = Card("resnet8", dataset.labels, dataset.form)
    again = load_for(card, source, Reading(label_column="label", measured=True))
    assert again.fingerprint() == dataset.fingerprint()


@pytest.mark.parametrize(
    ("form", "reading", "message"),
    [
        ({"head": "file,a,b", "row": "all/{label}-{number:03}.png,{label},{age}"}, {}, "say which"),
        ({}, {"label_column": "labl"}, "no column 'labl' of labels; it has file, label"),
        ({}, {"label_column": "file,label"}, "no column 'file' of labels"),
        ({}, {"path_column": "path"}, "no column 'path' of paths; it has file, label"),
        (
            {"row": "{label}-{number:03}.png,{label}"},
            {},
            "20 of 20 files are missing.*--folder=DIR",
        ),
        (
            {"more": ["all/red-003.png,green", "./all/green-001.png,red"]},
            {},
            "2 files are listed with two labels.*red-003.png is green in train, and red in train",
        ),
        ({}, {"folder": "nowhere"}, "nowhere is no folder"),
        ({"row": "{number},{label}"}, {"folder": "."}, "no column names files in"),
        ({"row": "{number},{label}"}, {}, "if a column names pictures, say where they are"),
        ({"row": "all/{label}-{number:03}.png,x"}, {}, "'x' in every row"),
        ({}, {"rate": 8.0}, "--rate makes no sense"),
    ],
)
def test_what_is_wrong_is_named(photos, form, reading, message):
    with pytest.raises(RequestError, match=message):
        loaded(listed(photos, "wrong.csv", **form), **reading)


def test_ids_that_fit_two_files_are_refused(photos, tmp_path):
    shutil.copytree(photos / "all", tmp_path / "all")
    for name in ("red-001", "green-002"):
        shutil.copy(tmp_path / "all" / f"{name}.png", tmp_path / "all" / f"{name}.jpg")
    source = listed(tmp_path, "ids.csv", row="{label}-{number:03},{label}")
    with pytest.raises(RequestError, match="2 of 20 ids fit several files, the first 'red-001'"):
        loaded(source, folder=str(tmp_path / "all"))


def test_few_missing_files_and_labels_are_left_out(photos):
    more = ["all/gone.png,red", "all/red-001.png,", "all/red-000.png,red"]
    dataset = loaded(listed(photos, "odd.csv", more=more))
    assert sum(map(len, dataset.splits.values())) == 20
    assert dataset.notes == (
        "left out, without a label: 1 rows of odd.csv",
        "left out: 1 of 22 files are missing, the first 'all/gone.png' (line 22)",
        "1 rows repeat others",
    )


def test_tables_stay_tables(photos):
    """Also with a column of names of pictures, or of numbers that are names of files."""
    rows = "\n".join(f"{n},{n % 7},p{n}.png,{'yn'[n % 2]}" for n in range(40))
    path = photos / "all" / "people.csv"
    path.write_text(f"name,age,photo,label\n{rows}")
    read = load_dataset(str(path), Vector, reading=Reading(label_column="label"))
    assert read.labels == ("n", "y")
    shutil.copy(photos / "all" / "red-001.png", photos / "all" / "3.png")
    path.write_text("a,b,label\n" + "\n".join(f"{n},{n % 7},{n % 2}" for n in range(3, 40)))
    with pytest.raises(RequestError, match="is a table"):
        load_dataset(str(path), Picture)


def test_lists_can_be_packed(photos):
    encoded = find_pictures(listed(photos, "pack.csv"))
    assert encoded.labels == ("green", "red")
    assert [len(encoded.y[split]) for split in ("train", "validation", "test")] == [16, 2, 2]
