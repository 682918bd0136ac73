"""A checkpoint that learnt a table without names reads others by their order, or refuses them."""

import dataclasses
import json

import pytest

from tests.data.joined import joined
from zoo.artifacts.opening.columns import ColumnsFile, document
from zoo.checkpoints.card import Card, parse_card
from zoo.checkpoints.typed_json import construct, parse_json
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset, load_for
from zoo.data.tables.columns import encode, surprises
from zoo.data.tables.rows import rows_of
from zoo.errors import RequestError
from zoo.forms import Vector

# A class, a number, a date, and two columns of which nothing can be learnt.
CELLS = [
    ["ab"[i % 2], f"{i % 7 + 0.5}", f"20{10 + i % 9}-03-1{i % 7}", "5", f"{100 + i % 11 + 0.25}"]
    for i in range(60)
]
ORDERS = {"first": [0, 1, 2, 3, 4], "middle": [1, 2, 0, 4, 3], "last": [1, 2, 3, 4, 0]}


def written(path, rows, header=()):
    path.write_text("".join(",".join(row) + "\n" for row in ([header] if header else []) + rows))
    return path


def ordered(order, rows=CELLS):
    return [[row[place] for place in order] for row in rows]


def learnt(folder, order):
    path = written(folder / "old.csv", ordered(order))
    reading = Reading(kind=Vector, label_column=str(order.index(0)), header=False)
    return load_dataset(str(path), Vector, reading=reading)


def predicted(path, form):
    table, read, notes = rows_of(path, form)
    notes += surprises(form, [read])
    return table, encode(form, read).tolist(), notes


def as_before(form):
    """The form in a card of an earlier version."""
    return dataclasses.replace(form, cells=0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("few", [1, 60])
def test_the_label_may_lack(tmp_path, order, few):
    order = ORDERS[order]
    data = learnt(tmp_path, order)
    label = f"column {order.index(0) + 1}"
    assert (data.form.label, data.form.cells) == (label, 5)
    rows = ordered(order)[:few]
    table, whole, notes = predicted(written(tmp_path / "whole.csv", rows), data.form)
    assert [*table.columns] == [f"column {number}" for number in range(1, 6)]
    assert not any("label" in note for note in notes)
    without = [[cell for cell in row if cell not in "ab"] for row in rows]
    table, read, notes = predicted(written(tmp_path / "new.csv", without), data.form)
    assert read == whole
    assert label not in table.columns
    assert any(note.endswith(f"read without {label}, which is the label") for note in notes)
    # What was predicted keeps the numbers of its columns, and is read by them.
    again = written(tmp_path / "again.csv", without, [*table.columns])
    assert predicted(again, data.form)[1] == whole
    named = written(tmp_path / "named.csv", without, ["w", "x", "y", "z"])
    if few > 1:
        assert predicted(named, data.form)[1] == whole


@pytest.mark.parametrize("order", ORDERS)
def test_an_empty_last_column_is_a_column(tmp_path, order):
    order = ORDERS[order]
    data = learnt(tmp_path, order)
    row = ordered(order)[0]
    _, read, _ = predicted(written(tmp_path / "new.csv", [[*row[:-1], ""]]), data.form)
    _, whole, _ = predicted(written(tmp_path / "whole.csv", [row]), data.form)
    names = [column.name for column in data.form.columns]
    differs = [name for name, a, b in zip(names, read[0], whole[0], strict=True) if a != b]
    assert set(differs) <= {"column 5"}


@pytest.mark.parametrize("count", [1, 3, 6, 7])
@pytest.mark.parametrize("order", ORDERS)
def test_other_numbers_of_columns_are_refused(tmp_path, order, count):
    data = learnt(tmp_path, ORDERS[order])
    row = [*ordered(ORDERS[order])[1], "7", "8"][:count]
    path = written(tmp_path / "new.csv", [row] * 3)
    with pytest.raises(RequestError, match=f"has {count} columns, and the checkpoint learnt 5"):
        predicted(path, data.form)


@pytest.mark.parametrize(("order", "known"), [("first", 5), ("middle", 4), ("last", 5)])
def test_older_cards_know_the_columns_that_they_read(tmp_path, order, known):
    order = ORDERS[order]
    data = learnt(tmp_path, order)
    form = as_before(data.form)
    rows = ordered(order)
    whole = predicted(written(tmp_path / "whole.csv", rows), data.form)[1]
    assert predicted(tmp_path / "whole.csv", form)[1] == whole
    without = [[cell for cell in row if cell not in "ab"] for row in rows]
    if known == 5:
        assert predicted(written(tmp_path / "new.csv", without), form)[1] == whole
    with pytest.raises(RequestError, match=f"has {known - 2} columns"):
        predicted(written(tmp_path / "few.csv", [row[: known - 2] for row in rows]), form)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("asked", [None, "label", "3"])
def test_a_table_with_names_is_measured_by_its_order(tmp_path, old, asked):
    order = [1, 2, 3, 0, 4]
    data = learnt(tmp_path, order)
    form = as_before(data.form) if old else data.form
    card = Card("residual_mlp", data.labels, form)
    plain = load_for(card, str(tmp_path / "old.csv"), Reading(measured=True))
    path = written(tmp_path / "new.csv", ordered(order), ["size", "born", "same", "label", "n"])
    named = load_for(card, str(path), Reading(measured=True, label_column=asked))
    assert named.fingerprint() == plain.fingerprint() == data.fingerprint()
    assert (joined(named).x == joined(data).x).all()
    assert any("the columns go by their order" in note for note in named.notes)
    assert not any("the columns go by their order" in note for note in plain.notes)


@pytest.mark.parametrize(
    ("order", "header", "message"),
    [
        ([1, 2, 3, 4], ["size", "born", "same", "n"], "unknown column 'column 4'"),
        ([1, 2, 3], ["size", "born", "same"], "has 3 columns, and the checkpoint learnt 5"),
        ([1, 2, 3, 0, 4, 4], [*"uvwxyz"], "has 6 columns, and the checkpoint learnt 5"),
        ([1, 2, 0, 3, 4], [*"vwxyz"], "class '5' is not one of a, b"),
    ],
)
def test_what_is_no_such_table_is_not_measured(tmp_path, order, header, message):
    data = learnt(tmp_path, [1, 2, 3, 0, 4])
    card = Card("residual_mlp", data.labels, data.form)
    path = written(tmp_path / "new.csv", ordered(order), header)
    with pytest.raises(RequestError, match=message):
        load_for(card, str(path), Reading(measured=True))


def test_a_table_with_names_is_learnt_without_their_number(tmp_path):
    path = written(tmp_path / "old.csv", CELLS, ["kind", "size", "born", "same", "n"])
    data = load_dataset(str(path), Vector, reading=Reading(label_column="kind"))
    assert (data.form.header, data.form.cells) == (True, 0)
    with pytest.raises(ValueError, match=r"input\.cells must be 0 or more, not -1"):
        dataclasses.replace(data.form, cells=-1)


@pytest.mark.parametrize("older", [False, True])
def test_cards_and_exported_columns_keep_the_number(tmp_path, older):
    data = learnt(tmp_path, ORDERS["first"])
    card = Card("residual_mlp", data.labels, data.form)
    of_card, of_file = json.loads(card.to_json()), document(card)
    if older:  # Earlier versions did not write it.
        del of_card["input"]["cells"], of_file["cells"]
    expected = 0 if older else 5
    assert parse_card(json.dumps(of_card)).input.cells == expected
    assert (
        construct(ColumnsFile, parse_json(json.dumps(of_file))).card(data.labels).input.cells
        == expected
    )
