import math
from collections import Counter

import numpy as np
import pytest

from zoo.data.numbers import Spelling, as_number, find_spelling, plain_numbers

POINT, COMMA = Spelling("."), Spelling(",")

READ = [
    (POINT, {"1.5": 1.5, "-2": -2, "+.5": 0.5, "1.": 1, "1e3": 1000, "007": 7, "−4": -4}),
    (POINT, {"1,234": 1234, "-1,234,567.5": -1234567.5, "12,34,567": 1234567, "(1,234)": -1234}),
    (POINT, {"1 234.5": 1234.5, "1\u202f234": 1234, "1'234'567": 1234567, "9\u00a0876": 9876}),
    (COMMA, {"1,5": 1.5, "-0,25": -0.25, ",5": 0.5, "3": 3, "1e-3": 0.001, "1,5e3": 1500}),
    (COMMA, {"1.234,5": 1234.5, "1.234.567": 1234567, "1 234,5": 1234.5}),
    (Spelling(".", "$"), {"$7.25": 7.25, "-$7.25": -7.25, "$-1,000": -1000, "$ 5": 5}),
    (Spelling(",", "€"), {"7,25 €": 7.25, "1.234,50€": 1234.5, "-3€": -3}),
    (Spelling(".", "%"), {"12.5%": 12.5, "5 %": 5, "(3%)": -3}),
]
TEXT = [
    (POINT, ["1,5", "1,23", "1,2345", "1.234.567", "0,512", "1_000", "0x10", "1-2", "--1", "$5"]),
    (POINT, ["oops", "12 kg", "2020-01-01", "12:30", "1.2.3.4", "+", "e5", ".e5", "$", "%", "()"]),
    (COMMA, ["1.5", "1,234,567", "1,2,3", "1.23,5", "a,b", ","]),
    (Spelling(".", "$"), ["7.25", "€7.25", "$7.25$", "7.25%"]),
]


@pytest.mark.parametrize(("spelling", "cells"), READ)
def test_numbers_are_read(spelling, cells):
    assert {cell: spelling.read(cell) for cell in cells} == cells


@pytest.mark.parametrize(("spelling", "cells"), TEXT)
def test_text_is_no_number(spelling, cells):
    assert [cell for cell in cells if spelling.read(cell) is not None] == []


@pytest.mark.parametrize("cell", ["", "None", "none", "-", "--", "–", ".", "Unknown"])
def test_nothing_is_known_of_a_gap(cell):
    assert math.isnan(POINT.read(cell))


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "9" * 400, "-1e999", "1e301"])
def test_a_number_beyond_all_measure_is_infinite(cell):
    assert math.isinf(as_number(cell))
    assert math.isinf(POINT.read(cell))


COLUMNS = {
    "points": (["1.5", "2", "-3.25"], ",", POINT),
    "commas": (["1,5", "2", "-3,25"], ";", COMMA),
    "commas in quotes": (["1,5", "2,75"], ",", COMMA),
    "groups in quotes": (["1,234", "2,345"], ",", POINT),
    "groups beside small numbers": (["1,234", "950", "3"], ";", POINT),
    "groups of groups": (["1,234", "2,345,678"], ";", POINT),
    "three decimals": (["1,234", "0,512"], ",", COMMA),
    "three decimals everywhere": (["1,234", "2,345"], ";", COMMA),
    "three decimals beside large numbers": (["1,234", "12345"], ";", COMMA),
    "three decimals, points": (["1.234", "2.345"], ";", POINT),
    "groups of points": (["1.234", "950", "12"], ";", COMMA),
    "groups of points in a table of commas": (["1.234", "950", "12"], ",", POINT),
    "both marks": (["1.234,5", "999,0"], ",", COMMA),
    "dollars": (["$7.25", "$1,000"], ",", Spelling(".", "$")),
    "percent with commas": (["7,5%", "12 %"], ";", Spelling(",", "%")),
    "gaps": (["None", "-", "1,5"], ";", COMMA),
    "one odd cell": (["1.5"] * 30 + ["1,5"], ",", POINT),
    "text": (["a", "b"], ",", POINT),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_a_column_has_one_spelling(case):
    cells, separator, spelling = COLUMNS[case]
    assert find_spelling(Counter(cells), separator) == spelling


CELLS = ["1.5", "-2", "", "1e3", "inf", "1e301", "-1e999", "007", " 7"]


@pytest.mark.parametrize("odd", [None, "1_000", "1,000", "oops", "-", "none", "$5", "1e5e5"])
def test_a_whole_column_is_read_as_its_cells_are(odd):
    cells = CELLS if odd is None else [*CELLS, odd]
    singly = [POINT.read(cell) for cell in cells]
    expected = [math.nan if number is None else number for number in singly]
    np.testing.assert_array_equal(POINT.read_all(cells), expected)
    assert POINT.texts(cells) == {c for c, n in zip(cells, singly, strict=True) if n is None}
    assert (plain_numbers(cells) is None) == (odd is not None)
