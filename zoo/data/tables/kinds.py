"""What each column of a table is: numbers, text, or nothing to learn from.

The whole file decides, before it is divided into splits. A column that counts the rows says nothing
about a new row, but a model would learn it if the rows are sorted by class. In a split such a
column has gaps, and looks like a measurement.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from zoo.data.numbers import GAPS, NUMBERS, Spelling, as_number, find_spelling, plain_numbers
from zoo.data.tables.csv import Table
from zoo.errors import RequestError
from zoo.registry import unknown

MOST_NAMES = 200  # With more names, no similar one is suggested.
# In fewer rows a column of distinct values may be a measurement.
ID_ROWS = 20
UNLIKE = "left out, text that differs in most rows; spell numbers as 1.5 and dates as 2024-03-31"
TWO_WAYS = "dates that may be read in two ways, taken for categories; spell them as 2024-03-31"
CONSTANT = "left out, the same in every row"
SPELLED = "numbers in a spelling of their own"
# Names of columns that number the rows: id, user_id, PassengerId, index, Unnamed: 0.
_ID_NAME = re.compile(
    r"(?:.*[\s_.-])?(?:id|uid|uuid|guid)|index|idx|row|row[\s_.-]?(?:id|names?|num(?:ber)?|no\.?)"
    r"|rec(?:ord)?[\s_.-]?(?:id|num(?:ber)?|no\.?)|unnamed: \d+(?:\.\d+)*|level_\d+",
    re.IGNORECASE,
)
# A number and its unit, which is no sign: "1,234 kg", "USD 7.25", "12cm".
_MEASURE = re.compile(r"[A-Z]{3} ?[0-9][0-9.,']*|[0-9][0-9.,']* ?(?!(?:st|nd|rd|th)$)[^\W\d_]{1,3}")
_SLASHED = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}\b")  # A date, in many countries.
_ID_IN_CAMEL_CASE = re.compile(r".*[a-z](?:Id|ID)")


@dataclass(frozen=True)
class Kinds:
    """What the columns of a file are.

    Attributes:
        numbers: How each column of numbers is spelled, by its name.
        categories: Names of the columns of text.
        notes: For the user: what was left out or read in an unexpected way, as a reason and its
            columns.
    """

    numbers: Mapping[str, Spelling]
    categories: Sequence[str]
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def parse_kinds(texts: Iterable[str]) -> dict[str, str]:
    """Returns the kind of each column in texts such as "age:number" and "zip:category".

    Raises:
        RequestError: One has another form.
    """
    kinds = {}
    for text in texts:
        name, _, kind = text.rpartition(":")
        if not name or kind not in ("number", "category"):
            raise RequestError(f"--columns takes NAME:number or NAME:category, not {text!r}")
        kinds[unicodedata.normalize("NFC", name)] = kind
    return kinds


def judge(
    tables: Sequence[Table], label: str, given: Mapping[str, str] = MappingProxyType({})
) -> Kinds:
    """Separates columns of numbers, columns of text, and columns that are left out.

    Left out are columns that are the same in every row; text that differs in more than half of the
    rows; and ids. An id is a column of distinct whole numbers that count the rows, or that is
    called "id" or the like, or that stands first without a name.

    Args:
        tables: That of the training split is first. A column counts the rows if it does so there,
            or in all tables together.
        label: Name of the column to learn, which is not judged.
        given: Kinds of columns that the user decides, by name.

    Raises:
        RequestError: There is no column of a given name, or a given number is text.
    """
    numbers: dict[str, Spelling] = {}
    categories: list[str] = []
    notes: dict[str, list[str]] = {}
    table = tables[0]
    for name in given:
        if name not in table.columns or name == label:
            names = [name for name in table.columns if name != label]
            raise RequestError(f"{table.path}: {unknown('column', name, names[:MOST_NAMES])}")
    for place, (name, cells) in enumerate(table.columns.items()):
        if name == label:
            continue
        counts = Counter(cells)
        spelling = find_spelling(counts, table.separator)
        filled, texts = _share_of_text(counts, spelling)
        if len(counts) == 1:
            notes.setdefault(CONSTANT, []).append(name)
        elif given.get(name) == "category":
            categories.append(name)
        elif given.get(name) == "number":
            if texts > filled / 2 or not filled:
                raise RequestError(
                    f"{table.path}: column {name!r} is no number in {texts:,} of {filled:,} "
                    f"cells, such as {_example(table, name, spelling)}"
                )
            numbers[name] = spelling
        elif texts > (1 - NUMBERS) * filled or not filled:
            if len(cells) >= ID_ROWS and len(counts) > len(cells) / 2:
                reason = UNLIKE
            else:
                categories.append(name)
                reason = "numbers for the most part, read as text; spell all as numbers"
                measures = sum(counts[cell] for cell in counts if _MEASURE.fullmatch(cell))
                dates = sum(counts[cell] for cell in counts if _SLASHED.match(cell))
                if measures > filled / 2:
                    reason = "numbers with a unit, read as categories; leave the unit out"
                elif dates > filled / 2:
                    reason = TWO_WAYS
                elif texts > filled / 2 or len(counts) <= ID_ROWS:
                    continue
            notes.setdefault(reason, []).append(_example(table, name, spelling))
        elif _is_id(tables, name, spelling, named=_names_rows(table, place, name)):
            notes.setdefault("left out, an id that counts the rows", []).append(name)
        else:
            numbers[name] = spelling
            if example := spelled(name, counts, spelling):
                notes.setdefault(SPELLED, []).append(example)
    return Kinds(numbers, categories, notes)


def _share_of_text(counts: Mapping[str, int], spelling: Spelling) -> tuple[int, int]:
    """Returns how many cells are filled, and how many of those are not numbers."""
    filled = sum(count for cell, count in counts.items() if cell.lower() not in GAPS)
    return filled, sum(counts[cell] for cell in spelling.texts(counts))


def _names_rows(table: Table, place: int, name: str) -> bool:
    """Returns whether the name of a column says that it is an id."""
    nameless = table.header and place == 0 and name == "column 1"
    return nameless or bool(_ID_NAME.fullmatch(name) or _ID_IN_CAMEL_CASE.fullmatch(name))


def _is_id(tables: Sequence[Table], name: str, spelling: Spelling, *, named: bool) -> bool:
    """Returns whether a column counts the rows of the first table, or of all together."""
    together = [tables[:1]]
    if len(tables) > 1 and all(name in table.columns for table in tables):
        together.append(tables)
    for part in together:
        cells = [cell for table in part for cell in table.columns[name]]
        numbers = spelling.read_all(cells)
        if len(cells) < ID_ROWS or not np.isfinite(numbers).all():
            continue
        distinct = len(set(cells)) == len(cells)
        if distinct and (numbers == np.round(numbers)).all() and (named or _count(numbers)):
            return True
    return False


def _count(numbers: np.ndarray) -> bool:
    """Returns whether distinct whole numbers count something: most are one step apart.

    Their order, start and step do not matter, and some may be missing. A measurement over such a
    range has some number twice: with 20 rows in 99.8 % of all cases, with more in nearly all.
    """
    steps = np.diff(np.sort(numbers))
    return bool(np.unique(steps, return_counts=True)[1].max() > len(steps) / 2 and steps.all())


def _example(table: Table, name: str, spelling: Spelling) -> str:
    """Returns a column's name with its first cell that is not a number, and that cell's line."""
    cells = table.columns[name]
    texts = spelling.texts(cells)
    row = next((row for row, cell in enumerate(cells) if cell in texts), 0)
    return f"{name} ({clipped(cells[row])} in line {table.lines[row]})"


def spelled(name: str, cells: Collection[str], spelling: Spelling) -> str:
    """Returns a column's name with a number in unusual spelling, and how it is read.

    Returns:
        "" if all are plain.
    """
    if plain_numbers(cells) is not None:
        return ""
    for cell in cells:
        number = spelling.read(cell)
        if number is not None and math.isfinite(number) and number != as_number(cell):
            return f"{name} ({clipped(cell)} is {number:.12g})"
    return ""


def clipped(cell: str) -> str:
    """Returns a cell in quotes; of a long one, the first letters."""
    return repr(cell if len(cell) <= 40 else f"{cell[:40]}…")
