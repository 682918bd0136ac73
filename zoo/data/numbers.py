"""Numbers as people and programs spell them: "1234.5", "1,234.50", "1 234,5", "$7.25", "5 %"."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Decimal = Literal[".", ","]

# A column is text if less than this share of its cells are numbers.
NUMBERS = 0.95
# A larger number counts as infinite, since the difference of two such numbers could overflow.
LARGEST = 1e300
# These mean an empty cell in a column of numbers. Among words, "none" is a word.
GAPS = frozenset({"", "none", "-", "--", "–", "—", ".", "nil", "missing", "unknown"})

_UNITS = "$€£¥₹₽₩₺₫₴₪฿₱₦%‰"
# The other mark, an apostrophe or a space separates groups of digits; there are three non-breaking
# spaces. Groups of two digits are Indian: 12,34,567.
_NUMBER = r"""
    (?P<sign>[-+]?) (?P<before>[{units}]?) \s? (?P<inner>[-+]?)
    (?P<digits> [0-9]*
        | [1-9][0-9]{{0,2}} (?P<group>[{other}'’ \u00a0\u2009\u202f]) [0-9]{{3}}
          (?: (?P=group) [0-9]{{3}} )*
        | [1-9][0-9]? (?: [{other}] [0-9]{{2}} )+ [{other}] [0-9]{{3}} )
    (?: [{decimal}] (?P<fraction>[0-9]*) )?
    (?P<power> [eE][-+]?[0-9]+ )? \s? (?P<after>[{units}]?)
"""
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    decimal: re.compile(_NUMBER.format(units=_UNITS, decimal=decimal, other=other), re.VERBOSE)
    for decimal, other in ((".", ","), (",", "."))
}
_PLAIN_DIGITS = re.compile(r"\D")


@dataclass(frozen=True)
class Spelling:
    """How the numbers of a column are spelled.

    Attributes:
        decimal: The mark before the fraction. The other mark separates groups of three digits.
        unit: The sign before or after each number, such as "$" or "%"; "": none.
    """

    decimal: Decimal = "."
    unit: str = ""

    def read(self, cell: str) -> float | None:
        """Returns the number in a cell; NaN if it is empty, None if it is text."""
        if cell.lower() in GAPS:
            return math.nan
        unit, number = _parse(cell, self.decimal) or ("", None)
        return number if unit == self.unit else None

    def texts(self, cells: Collection[str]) -> set[str]:
        """Returns the cells that are not empty and no numbers."""
        if self == PLAIN and plain_numbers(cells) is not None:
            return set()
        return {cell for cell in set(cells) if self.read(cell) is None}

    def read_all(self, cells: Collection[str]) -> np.ndarray:
        """Returns the numbers in cells, (cells,) float64. Text becomes NaN too."""
        if self == PLAIN and (plain := plain_numbers(cells)) is not None:
            return plain
        known: dict[str, float] = {}
        numbers = []
        for cell in cells:
            if cell not in known:
                number = self.read(cell)
                known[cell] = math.nan if number is None else number
            numbers.append(known[cell])
        return np.array(numbers, np.float64)


PLAIN = Spelling()


def plain_numbers(cells: Collection[str]) -> np.ndarray | None:
    """Returns what `as_number` gives for cells, (cells,) float64; None: one of them is text.

    It takes a tenth of the time, and the columns of most tables are plain numbers.
    """
    return _plain_numbers(tuple(cells))


@functools.lru_cache(maxsize=4)  # A column is asked about several times in a row.
def _plain_numbers(cells: tuple[str, ...]) -> np.ndarray | None:
    try:
        numbers = np.array([float(cell or "nan") for cell in cells], np.float64)
    except ValueError:
        return None
    if "_" in "".join(cells):
        return None
    numbers = np.where(abs(numbers) > LARGEST, np.copysign(np.inf, numbers), numbers)
    numbers.flags.writeable = False
    return numbers


def as_number(cell: str) -> float | None:
    """Returns the number in a cell, plainly spelled; NaN if it is empty, None if it is text."""
    if not cell:
        return math.nan
    try:
        # Python's float would also take "1_000".
        number = None if "_" in cell else float(cell)
    except ValueError:
        return None
    if number is not None and abs(number) > LARGEST:
        return math.copysign(math.inf, number)
    return number


def find_spelling(counts: Mapping[str, int], separator: str) -> Spelling:
    """Returns the spelling in which most cells are numbers.

    Args:
        counts: How often each cell occurs.
        separator: Separator of the table. It decides where a cell can be read in two ways: "1,234"
            has a group of digits in a table of commas, and a fraction in a table of semicolons.
    """
    if separator != ";" and plain_numbers(counts) is not None:
        return PLAIN
    read: Counter[Spelling] = Counter()
    ambiguous: list[str] = []
    short = long = False  # Whether there are numbers without a mark under 1000, and from 1000 on.
    for cell, count in counts.items():
        if cell.lower() in GAPS:
            continue
        point, comma = _parse(cell, "."), _parse(cell, ",")
        if point is not None:
            read[Spelling(".", point[0])] += count
        if comma is not None:
            read[Spelling(",", comma[0])] += count
        if point != comma:
            ambiguous.append(cell)
        elif point is not None:
            short |= abs(point[1]) < 1000
            long |= abs(point[1]) >= 1000
    if not read:
        return Spelling()
    most = max(read.values())
    # Of spellings that read equally many cells, the plainest comes first.
    best = min(
        (spelling for spelling, count in read.items() if count == most),
        key=lambda spelling: (spelling.unit, spelling.decimal == ","),
    )
    other = Spelling(",", best.unit)
    if best.decimal == "," or read[other] < most or not ambiguous:
        return best
    # Groups begin at 1000: a column may hold "950" and "1,234", but not "12345" and "1,234".
    grouped = short and not long
    if any("," in cell for cell in ambiguous):
        return other if separator != "," and not grouped else best
    return other if separator == ";" and grouped else best


def _parse(cell: str, decimal: Decimal) -> tuple[str, float] | None:
    """Returns the unit and the value of a number with this decimal mark; None: it is text."""
    if decimal == "." or ("." not in cell and "," not in cell):
        plain = as_number(cell)
        if plain is not None:
            return "", plain
    cell = cell.replace("−", "-")
    negative = cell.startswith("(") and cell.endswith(")")  # Accountants write -3 as (3).
    match = _PATTERNS[decimal].fullmatch(cell[1:-1] if negative else cell)
    if match is None:
        return None
    sign, before, inner, digits, fraction, power, after = match.group(
        "sign", "before", "inner", "digits", "fraction", "power", "after"
    )
    if not (digits or fraction) or (before and after) or (sign and inner):
        return None
    digits = _PLAIN_DIGITS.sub("", digits)
    number = as_number(f"{sign}{inner}{digits or '0'}.{fraction or '0'}{power or ''}")
    assert number is not None
    return before or after, -number if negative else number


def is_number(cell: str) -> bool:
    """Returns whether a cell is empty, or a number in any spelling."""
    return cell.lower() in GAPS or any(_parse(cell, decimal) for decimal in (".", ","))
