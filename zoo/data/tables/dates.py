"""Columns of dates, as columns of numbers: year, month, weekday and hour."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence
from datetime import datetime

from zoo.data.numbers import GAPS, NUMBERS
from zoo.data.tables.csv import Table

PARTS = ("year", "month", "weekday", "hour")
DATES = "dates, read as year, month, weekday (1 is Monday) and hour"
# Only spellings with one meaning: 2024-03-31 and 31.3.2024, but not 03/04/2024.
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].+)?")
_DOTS = re.compile(
    r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?: ([0-9]{1,2}):[0-9]{2}(?::[0-9]{2})?)?"
)


def read_date(cell: str) -> datetime | None:
    """Returns the date in a cell; None: it is none."""
    try:
        if _ISO.fullmatch(cell):
            return datetime.fromisoformat(cell)
        if match := _DOTS.fullmatch(cell):
            day, month, year, hour = (int(part or 0) for part in match.groups())
            return datetime(year, month, day, hour)
    except ValueError:
        pass
    return None


def part_names(name: str) -> list[str]:
    """Returns the names of the columns that a column of dates becomes."""
    return [f"{name} {part}" for part in PARTS]


def with_parts(table: Table, kept: Collection[str]) -> tuple[Table, list[str]]:
    """Replaces each column of dates by columns of its parts, such as "born year".

    A cell that is no date becomes empty.

    Args:
        table: Any table.
        kept: Names of columns that stay as they are. Parts among them are wanted: then a column
            whose cells are all empty becomes its parts too.

    Returns:
        The table, and the names of its columns of dates.
    """
    columns, dates = dict[str, Sequence[str]](), list[str]()
    for name, cells in table.columns.items():
        filled = [cell for cell in cells if cell.lower() not in GAPS]
        parts = part_names(name)
        known = (
            {cell: read_date(cell) for cell in set(cells)}
            if any(map(read_date, filled[:20]))
            else {}
        )
        read = sum(known.get(cell) is not None for cell in filled)
        are_dates = read >= NUMBERS * len(filled) if filled else bool(set(parts) & set(kept))
        if not are_dates or name in kept or set(parts) & set(table.columns):
            columns[name] = cells
            continue
        dates.append(name)
        for part, named in zip(PARTS, parts, strict=True):
            numbers = {cell: _part(date, part) for cell, date in known.items()}
            columns[named] = [numbers.get(cell, "") for cell in cells]
    return (dataclasses.replace(table, columns=columns) if dates else table), dates


def _part(date: datetime | None, part: str) -> str:
    if date is None:
        return ""
    return str(date.isoweekday() if part == "weekday" else getattr(date, part))
