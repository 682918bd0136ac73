import uuid
from pathlib import Path

import numpy as np
import pytest

from zoo.data.tables.csv import Table
from zoo.data.tables.kinds import TWO_WAYS, judge

N = 120
RANDOM = np.random.default_rng(0)
DAYS = [f"2024{month:02}{day:02}" for month in range(1, 5) for day in range(1, 31)]


def kinds(tmp_path, *parts, name="n", label="label"):
    """Judges a column called `name`, which is the second of its table."""
    tables = [
        Table(
            tmp_path / "t.csv",
            True,
            {"first": ["x"] * len(cells), name: list(map(str, cells)), label: ["a"] * len(cells)},
            range(len(cells)),
        )
        for cells in parts
    ]
    return judge(tables, label)


COUNTS = {
    "from 0": range(N),
    "from 1": range(1, N + 1),
    "from a thousand": range(1000, 1000 + N),
    "in tens": range(0, 10 * N, 10),
    "down": range(N, 0, -1),
    "below zero": range(-N, 0),
    "shuffled": RANDOM.permutation(N),
    "as floats": [f"{i}.0" for i in range(N)],
    "with leading zeros": [f"{i:05}" for i in range(N)],
    "in groups of digits": [f"{i:,}" for i in range(950, 950 + N)],
    "a few rows are missing": [i for i in range(N) if i % 7],
    "a year and a number": [20230000 + i for i in range(60)] + [20240000 + i for i in range(60)],
    "days": DAYS,
    "times at equal distance": range(1700000000, 1700000000 + 60 * N, 60),
}
MEASURES = {
    "with repetitions": RANDOM.integers(0, N, N),
    "spread": RANDOM.choice(10**6, N, replace=False),
    "spread and sorted": sorted(RANDOM.choice(10**6, N, replace=False)),
    "fractions": np.arange(N) / 4,
    "one number twice": [*range(N - 1), 5],
    "a gap": [*range(N - 1), ""],
    "few rows": range(15),
    "ages": RANDOM.integers(18, 90, N),
    "Unix times": 1700000100 + RANDOM.integers(0, 600, N),
}


@pytest.mark.parametrize("case", COUNTS)
def test_a_column_that_counts_the_rows_is_left_out(tmp_path, case):
    judged = kinds(tmp_path, COUNTS[case])
    assert not judged.numbers
    assert judged.notes["left out, an id that counts the rows"] == ["n"]


@pytest.mark.parametrize("case", MEASURES)
def test_a_column_that_measures_is_kept(tmp_path, case):
    assert list(kinds(tmp_path, MEASURES[case]).numbers) == ["n"]


ID_NAMES = ["id", "ID", "user_id", "PassengerId", "customerID", "Unnamed: 0", "index", "row_id",
            "row number", "uuid", "order-id", "rownames"]  # fmt: skip
OTHER_NAMES = ["paid", "Valid", "humid", "PAID", "price_index", "width", "rowing", "idle", "grid"]


@pytest.mark.parametrize("name", ID_NAMES)
def test_distinct_numbers_by_the_name_of_an_id_are_one(tmp_path, name):
    assert not kinds(tmp_path, MEASURES["spread"], name=name).numbers
    assert kinds(tmp_path, MEASURES["with repetitions"], name=name).numbers


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_other_names_prove_nothing(tmp_path, name):
    assert kinds(tmp_path, MEASURES["spread"], name=name).numbers


def test_an_index_without_a_name_is_an_id(tmp_path):
    cells = list(map(str, MEASURES["spread"]))
    table = Table(tmp_path, True, {"column 1": cells, "n": cells, "y": cells}, range(N))
    assert list(judge([table], "y").numbers) == ["n"]


def test_numbers_that_go_on_in_the_test_table_count_the_rows(tmp_path):
    rows = RANDOM.permutation(N)
    sparse, rest = rows[:40], rows[40:]  # Of three rows one: not two are neighbours.
    assert kinds(tmp_path, sparse).numbers
    assert not kinds(tmp_path, sparse, rest).numbers


TEXTS = {
    "uuid": [uuid.UUID(int=int(i)) for i in RANDOM.integers(1, 2**60, N)],
    "numbered names": [f"row_{i}" for i in range(N)],
    "days": [f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in DAYS],
    "with a unit": [f"{i / 7:.3f} kg" for i in range(N)],
}


@pytest.mark.parametrize("case", TEXTS)
def test_text_that_differs_in_most_rows_is_left_out_with_an_example(tmp_path, case):
    judged = kinds(tmp_path, TEXTS[case])
    assert not judged.numbers
    assert not judged.categories
    (note,) = [names for reason, names in judged.notes.items() if "differs in most" in reason]
    assert note == [f"n ({str(TEXTS[case][0])!r} in line 0)"]


def test_a_column_of_numbers_with_much_text_among_them_is_said(tmp_path):
    cells = [f"{i % 25}.5" if i % 3 else f"{i % 25} or so" for i in range(N)]
    judged = kinds(tmp_path, cells)
    assert judged.categories == ["n"]
    ((reason, names),) = [item for item in judged.notes.items() if "n (" in str(item)]
    assert "spell all as numbers" in reason
    assert names == ["n ('0 or so' in line 0)"]


@pytest.mark.parametrize(
    "cells",
    [["yes", "no"] * 60, ["1", "2", "K"] * 40, ["none", "mild", "severe"] * 40, ["-", "+"] * 60],
)
def test_categories(tmp_path, cells):
    judged = kinds(tmp_path, cells)
    assert judged.categories == ["n"]
    assert list(judged.notes) == ["left out, the same in every row"]  # The first column.


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["5 kg", "7 kg", "1,234 kg"], True),
        (["USD 7.25", "USD 8", "none"], True),
        (["12cm", "9cm", ""], True),
        (["11th", "9th", "1st"], False),
        (["A4", "A5", "B4"], False),
        (["red", "7 kg", "green"], False),
    ],
)
def test_a_number_with_a_unit_is_named(cells, said):
    columns = {"size": cells * 10, "kind": ["a", "b", "a"] * 10}
    kinds = judge([Table(Path("t.csv"), True, columns, range(2, 32))], "kind")
    assert kinds.categories == ["size"]
    named = "numbers with a unit, read as categories; leave the unit out"
    assert kinds.notes == ({named: [f"size ({cells[0]!r} in line 2)"]} if said else {})


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["03/04/2024", "12/31/2024", "1/2/24"], True),
        (["03/04/2024 12:30", "12/31/2024 8:00", ""], True),
        (["1/2", "3/4", "5/8"], False),
        (["a 03/04/2024", "b", "c"], False),
    ],
)
def test_dates_that_may_be_read_in_two_ways_are_named(cells, said):
    columns = {"day": cells * 10, "kind": ["a", "b", "a"] * 10}
    kinds = judge([Table(Path("t.csv"), True, columns, range(2, 32))], "kind")
    assert kinds.categories == ["day"]
    assert (TWO_WAYS in kinds.notes) == said
