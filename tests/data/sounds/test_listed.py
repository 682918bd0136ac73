"""A CSV of paths of sounds and their labels."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.sounds.written_sounds import write_sounds
from zoo.checkpoints.card import Card
from zoo.data.dataset import form_of
from zoo.data.reading import Reading
from zoo.data.sounds.listed import claims
from zoo.data.sources import load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Sequence, Vector


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sounds(tmp_path_factory.mktemp("sounds") / "tones")


def written(folder, name, *, head="file,word", row="{path},{label}", labels=("high", "low")):
    rows = [
        row.format(path=f"tones/{label}/{number}.wav", label=label, split=split)
        for label in labels
        for number, split in enumerate(["train"] * 6 + ["val"] * 2 + ["test"] * 2)
    ]
    path = folder.parent / name
    path.write_text("\n".join([head, *rows] if head else rows) + "\n")
    return str(path)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"head": "word;file", "row": "{label};{path}"},
        {"head": ""},
        {"head": "file,person,word", "row": "{path},ann,{label}"},
    ],
)
def test_columns_of_paths_and_labels(folder, form):
    column = "word" if "person" in form.get("head", "") else None
    source = written(folder, "list.csv", **form)
    dataset = load_dataset(source, Sequence, reading=Reading(label_column=column))
    assert dataset.labels == ("high", "low")
    assert [len(split) for split in dataset.splits.values()] == [14, 2, 4]
    assert dataset.divided


def test_a_column_of_splits(folder):
    source = written(folder, "split.csv", head="file,word,split", row="{path},{label},{split}")
    dataset = load_dataset(source, Sequence)
    assert [len(split) for split in dataset.splits.values()] == [12, 4, 4]
    assert all(
        np.bincount(split.y).tolist() == [len(split) // 2] * 2 for split in dataset.splits.values()
    )
    assert not dataset.divided


@pytest.mark.parametrize(
    ("form", "reading", "message"),
    [
        (
            {"head": "file,person,word", "row": "{path},ann,{label}"},
            Reading(),
            "has the columns file, person, word; say which holds the labels",
        ),
        ({}, Reading(label_column="wrod"), "has no column 'wrod' of labels; it has file, word"),
        (
            {"head": "file,word,split", "row": "{path},{label},monday"},
            Reading(),
            "line 2: split 'monday' is not train, val or test",
        ),
        ({"row": "x{path},{label}"}, Reading(), "20 of 20 files are missing, the first 'xtones"),
        (
            {"row": "{path},{label}\ntones/low/7.wav,{label}"},
            Reading(),
            "7.wav is low in train, and high in train in",
        ),
        (
            {"head": "file,word,split", "row": "{path},{label},train\n./{path},{label},{split}"},
            Reading(),
            "6.wav is high in validation, and high in train in",
        ),
        ({"row": "{path},{label}"}, Reading(group="person"), "person is no column of tones/high"),
    ],
)
def test_what_is_wrong_is_named(folder, form, reading, message):
    with pytest.raises(RequestError, match=message):
        load_dataset(written(folder, "wrong.csv", **form), Sequence, reading=reading)


def test_repeated_and_missing_rows_are_named(folder):
    row = "{path},{label}\n{path},{label}\n"
    source = written(folder, "odd.csv", row=row + "tones/low/../high/3.wav,high")
    with open(source, "a") as file:
        file.write("tones/high/gone.wav,high\n")
    dataset = load_dataset(source, Sequence)
    assert sum(len(split) for split in dataset.splits.values()) == 20
    assert "40 rows repeat others" in dataset.notes
    assert any(
        "1 of 61 files are missing, the first 'tones/high/gone.wav'" in note
        for note in dataset.notes
    )


def test_a_column_of_persons(folder):
    row = "{path},{label},{split}"
    source = written(folder, "persons.csv", head="file,word,person", row=row)
    dataset = load_dataset(source, Sequence, reading=Reading(group="person"))
    assert dataset.labels == ("high", "low")
    # train, val and test are three persons here, of 12, 4 and 4 sounds.
    assert sorted(len(split) for split in dataset.splits.values()) == [4, 4, 12]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_lines_may_end_as_on_any_system(folder, end):
    path = folder.parent / "ends.csv"
    path.write_bytes(Path(written(folder, "list.csv")).read_text().replace("\n", end).encode())
    assert load_dataset(str(path), Sequence).labels == ("high", "low")
    path.write_bytes(f"a,b{end}".encode() + f"1,2{end}".encode() * 9)
    assert not claims(str(path))


def test_other_tables_are_tables(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(
        "name,age,label\n" + "\n".join(f"p{i},{i * i % 17},{'yn'[i % 2]}" for i in range(40))
    )
    assert load_dataset(str(path), Vector, reading=Reading(label_column="label")).labels == (
        "n",
        "y",
    )


def test_a_list_of_test_sounds_alone_can_be_measured_and_not_learnt(folder):
    own = load_dataset(written(folder, "list.csv"), Sequence)
    source = written(folder, "t.csv", head="file,word,split", row="{path},{label},test")
    card = Card("residual_lstm", ("low", "high"), form_of(own))
    splits = load_for(card, source, Reading(measured=True)).splits
    assert [len(split) for split in splits.values()] == [0, 0, 20]
    assert np.bincount(splits["test"].y).tolist() == [10, 10]
    with pytest.raises(RequestError, match="no row is of the train split"):
        load_dataset(source, Sequence)
