"""Whether the first line of a table holds the names of its columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence

from zoo.data.numbers import GAPS, NUMBERS, as_number, is_number

_ROWS = 1000  # Rows that are compared with the first line.


def holds_names(
    first: Sequence[str], rows: Sequence[Sequence[str]], wanted: Collection[str] = ()
) -> tuple[bool, bool]:
    """Decides whether a table's first line holds names or is a row like the others.

    Text above numbers is a name. Text that occurs again in its own column is not. Numbers in the
    first line make it a row, unless they count the columns, as in names by pandas: 0, 1, 2.

    Args:
        first: Cells of the first line.
        rows: Cells of the other lines.
        wanted: Names that the user asks for. If one is in the first line, that holds names.

    Returns:
        Whether it holds names, and whether that is a guess, which the user should know.
    """
    numbers: dict[int, float] = {}
    texts: dict[int, str] = {}
    for place, cell in enumerate(first):
        number = as_number(cell)
        if number is not None and math.isfinite(number):
            numbers[place] = number
        elif number is None and cell.lower() not in GAPS:
            texts[place] = cell
    if set(wanted) & set(texts.values()):
        return True, False
    if numbers and not _count_columns(numbers, len(texts)):
        return False, False
    columns = list(itertools.islice(zip(*rows[:_ROWS], strict=True), len(first)))
    if not numbers and any(_are_numbers(columns[place]) for place in texts if columns):
        return True, False
    again = sum(cell in columns[place] for place, cell in texts.items()) if columns else 0
    names = bool(numbers or texts) and (not texts or again < len(texts) / 2)
    return names, bool(numbers) and names


def _count_columns(numbers: Mapping[int, float], texts: int) -> bool:
    """Returns whether the numbers of a line could be names: whole, and one more in each column."""
    offsets = {number - place for place, number in numbers.items()}
    if len(offsets) > 1:
        return False
    offset = offsets.pop()
    if texts and len(numbers) > 1:
        return offset == round(offset)  # Such as years.
    return offset in (0, -1) and (len(numbers) > 2 or bool(texts))


def _are_numbers(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(map(is_number, filled)) >= NUMBERS * len(filled)
