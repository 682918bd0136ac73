from pathlib import Path

import pytest

from zoo.data.reading import Reading
from zoo.data.sources import load_dataset, load_for
from zoo.data.tables.csv import Table
from zoo.data.tables.dates import read_date, with_parts
from zoo.errors import RequestError
from zoo.forms import Vector


def table(**columns):
    return Table(Path("t.csv"), True, columns, range(len(next(iter(columns.values())))))


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("2024-03-31", ("2024", "3", "7", "0")),
        ("2024-03-31T23:15:00", ("2024", "3", "7", "23")),
        ("2024-03-31 05:15:00.25+01:00", ("2024", "3", "7", "5")),
        ("1.4.2024", ("2024", "4", "1", "0")),
        ("01.04.2024 9:30", ("2024", "4", "1", "9")),
        ("", ("", "", "", "")),
    ],
)
def test_a_date_becomes_its_parts(cell, parts):
    read, dates = with_parts(table(born=["1999-12-31", cell], kind=["a", "b"]), ["kind"])
    assert dates == ["born"]
    named = ("born year", "born month", "born weekday", "born hour")
    assert list(read.columns) == [*named, "kind"]
    assert tuple(read.columns[name][1] for name in named) == parts


@pytest.mark.parametrize(
    "cell", ["03/04/2024", "20240331", "2024", "2024-13-01", "31.4.2024", "12.5", "2024-3-1", "a"]
)
def test_what_could_mean_something_else_is_no_date(cell):
    assert read_date(cell) is None
    whole = table(x=[cell] * 3)
    assert with_parts(whole, []) == (whole, [])


@pytest.mark.parametrize(
    "columns",
    [
        {"x": ["2024-01-01", "soon", "later"]},
        {"x": ["2024-01-01"], "x year": ["7"]},
        {"x": ["", "none"]},
    ],
)
def test_columns_that_stay(columns):
    whole = table(**columns)
    assert with_parts(whole, []) == (whole, [])
    assert with_parts(table(x=["2024-01-01"]), ["x"])[1] == []


@pytest.mark.parametrize(
    ("kept", "cells", "split"),
    [
        (["x year"], [""], True),
        (["n", "x hour"], ["", "none"], True),
        (["x year"], ["2024-01-01", ""], True),
        (["x", "x year"], [""], False),
        (["y year"], [""], False),
        (["x year"], ["03/04/2024"], False),  # It is refused later, with this cell.
        (["x year"], ["", "soon"], False),
    ],
)
def test_an_empty_column_becomes_the_parts_that_are_wanted(kept, cells, split):
    read, dates = with_parts(table(x=cells), kept)
    assert dates == (["x"] if split else [])
    assert read.columns.get("x year") == (
        [cell.partition("-")[0] if cell[:1] == "2" else "" for cell in cells] if split else None
    )


ROWS = [
    f"{2020 + i % 2}-01-{1 + i % 28:02},{9000 + i % 4},{i % 9},{'ab'[i % 2]}" for i in range(80)
]
TEXT = "\n".join(["day,zip,n,kind", *ROWS]) + "\n"


@pytest.mark.parametrize(("kinds", "zip_is"), [((), "number"), (("zip:category",), "category")])
def test_dates_are_learnt_and_read_again(tmp_path, kinds, zip_is):
    from zoo.checkpoints.card import Card

    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    reading = Reading(label_column="kind", kinds=kinds)
    data = load_dataset(str(path), Vector, reading=reading)
    columns = {column.name: column.kind for column in data.form.columns}
    # The month and the hour are the same in every row.
    assert columns == {"day year": "number", "day weekday": "number", "zip": zip_is, "n": "number"}
    assert any(note.endswith("and hour: day") for note in data.notes)
    again = load_for(Card("residual_mlp", data.labels, data.form), str(path))
    assert again.fingerprint() == data.fingerprint()


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        (("zap:number",), "unknown column 'zap'.*'zip'"),
        (("kind:number",), "unknown column 'kind'"),
        (("zip",), "--columns takes NAME:number or NAME:category, not 'zip'"),
        (("zip:text",), "not 'zip:text'"),
        (("day:number",), "column 'day' is no number in 80 of 80 cells, such as day"),
    ],
)
def test_wrong_kinds(tmp_path, kinds, says):
    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    with pytest.raises(RequestError, match=says) as error:
        load_dataset(str(path), Vector, reading=Reading(label_column="kind", kinds=kinds))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("day", "zips", "year"),
    [("", "9000", 2020), ("2021-01-04", "2021-01-05", 2021), ("soon", "9000", None)],
)
def test_a_test_table_is_read_as_the_train_table(tmp_path, day, zips, year):
    header = "day,zip,n,kind"
    rows = [line.replace(",90", ",z90") for line in ROWS]
    (tmp_path / "train.csv").write_text("\n".join([header, *rows]))
    (tmp_path / "test.csv").write_text("\n".join([header, f"{day},{zips},1,a"]))
    reading = Reading(label_column="kind")
    if year is None:
        with pytest.raises(RequestError, match=r"'day' held dates .*, and now 'soon' in line 2"):
            load_dataset(str(tmp_path), Vector, reading=reading)
        return
    data = load_dataset(str(tmp_path), Vector, reading=reading)
    assert [column.name for column in data.form.columns][:3] == ["day year", "day weekday", "zip"]
    assert data.test.x[0, 0] == (year if day else data.form.columns[0].empty)
    assert data.test.x[0, 2] == data.form.columns[2].unseen


def test_dates_kept_as_categories(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    reading = Reading(label_column="kind", kinds=("day:category",))
    data = load_dataset(str(path), Vector, reading=reading)
    assert data.form.columns[0].name == "day"
