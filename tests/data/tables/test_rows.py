"""What is said of a table whose columns are not those that a model learnt."""

import pytest

from zoo.data.tables.columns import encode, surprises
from zoo.data.tables.rows import rows_of
from zoo.errors import RequestError
from zoo.forms import Column, Table

FORM = Table.of(
    "kind",
    True,
    (
        Column("price", "number", edges=(0.0, 1.0, 9.0), fill=2.0),
        Column("colour", "category", vocabulary=("red", "green")),
    ),
)


def read(path, lines):
    path.write_text("\n".join(lines) + "\n")
    _, table, notes = rows_of(path, FORM)
    return notes + surprises(FORM, [table]), encode(FORM, table).tolist()


PLAIN = ["1.5,green"] * 30


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (["price,colour", "1,red"], None),
        (["colour,kind,price", "red,a,1"], None),
        (["price,colour,size", "1,red,2"], "left out, not known to the model: size"),
        (
            ["price,colour", "1,5", "1,6"],
            "numbers where categories were learnt, read as none of them: colour (2, such as '5' in "
            "line 2)",
        ),
        (
            ["price,colour", "1,5", "1,red"],
            "cells of no known category, read as none of them: colour (1, such as '5' in line 2)",
        ),
        *(
            (
                ["price,colour", *PLAIN, f'"{cell}",red'],
                f"text among numbers, read as empty; mend it or leave it empty: price (1, such as "
                f"'{cell}' in line 32)",
            )
            for cell in ("$7.25", "1,234 kg", "about 3", "1/2")
        ),
    ],
)
def test_odd_columns_are_named(tmp_path, lines, note):
    notes, rows = read(tmp_path / "new.csv", lines)
    assert notes == ([] if note is None else [note])
    assert len(rows) == len(lines) - 1
    if note and "text" in note:
        assert rows[-1] == [2.0, 0.0]


@pytest.mark.parametrize(
    ("vocabulary", "cell", "index"),
    [
        (("True", "False"), "TRUE", 0),
        (("True", "False"), "false", 1),
        (("Straße", "Weg"), "STRASSE", 0),
        (("Red", "red", "Blue"), "red", 1),
        (("Red", "red", "Blue"), "RED", 3),
        (("Red", "red", "Blue"), "BLUE", 2),
        (("True", "False"), "Tru", 2),
        (("True", ""), "", 1),
        (("True", "False"), "", 2),
        (("café", "bar"), "cafe", 2),
        (("caf\u00e9", "bar"), "Cafe\u0301", 0),
        (("cafe\u0301", "bar"), "caf\u00e9", 0),
    ],
)
def test_categories_match_but_for_case_where_one_fits(tmp_path, vocabulary, cell, index):
    form = Table.of("kind", True, (Column("x", "category", vocabulary=vocabulary),))
    path = tmp_path / "new.csv"
    path.write_text(f"x,n\n{cell},1\n")
    _, table, _ = rows_of(path, form)
    assert encode(form, table).tolist() == [[index]]
    unknown = [note for note in surprises(form, [table]) if "no known category" in note]
    assert bool(unknown) == (index == len(vocabulary) and cell != "")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["colour,x", "red,1"], "missing column: price; it has: colour, x"),
        (["size,x", "red,1"], "missing columns: price, colour; it has: size, x"),
        (["price,colour", "$7.25,red", "$8,red"], r"2 of 2 cells are none, such as '\$7.25' in li"),
        (["price,colour", "red,red"], "column 'price' holds numbers, but 1 of 1 cells are none"),
        (
            ["price,colour", "1.5,red", "7 kg,red"],
            "1 of 2 cells are none, such as '7 kg' in line 3",
        ),
    ],
)
def test_columns_of_another_type_are_refused(tmp_path, lines, message):
    with pytest.raises(RequestError, match=message):
        read(tmp_path / "new.csv", lines)


BORN = Table.of(
    "kind",
    True,
    tuple(Column(f"born {part}", "number", edges=(0.0, 9.0)) for part in ("year", "weekday")),
)


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (["2024-03-31", "", "1.4.2024"], None),
        ([""], None),
        (["2024-03-31", "03/04/2024"], "'born' held dates .*, and now '03/04/2024' in line 3"),
        (["soon", "later"], "'born' held dates .*, and now 'soon' in line 2; spell it like"),
    ],
)
def test_dates_are_named_by_their_own_column(tmp_path, dates, message):
    path = tmp_path / "new.csv"
    path.write_text("\n".join(["born,size", *(f"{date},1" for date in dates)]))
    written, table, notes = rows_of(path, BORN)
    assert notes == ["left out, not known to the model: size"]
    assert [*written.columns] == ["born", "size"]
    if message is None:
        assert surprises(BORN, [table]) == [
            "empty cells, read as the median or as a category of their own: born year (1), "
            "born weekday (1)"
        ]
    else:
        with pytest.raises(RequestError, match=message):
            surprises(BORN, [table])
