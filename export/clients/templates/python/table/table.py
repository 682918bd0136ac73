"""Rows of tables: from .csv files, or typed in. A row is a number for each column."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FILES, LIVE = "tables (.csv)", "ask for each column"
JOINED = False
PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read(path: Path, form: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the lines of a table and their rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        separator = max(",;\t", key=head.count)
        lines = csv.reader(file, delimiter=separator, skipinitialspace=True)
        names = [name.strip() for name in next(lines, [])] if form["header"] else None
        for cells in lines:
            if not any(map(str.strip, cells)):
                continue
            try:
                known = dict(zip(names or numbered(len(cells), form), cells, strict=False))
            except ValueError as error:
                raise ValueError(f"line {lines.line_num}: {error}") from error
            lacking = [column["name"] for column in form["columns"] if column["name"] not in known]
            if lacking:
                raise ValueError(f"line {lines.line_num} has no column {lacking[0]!r}")
            yield f"line {lines.line_num}", row(known, form)


def numbered(count: int, form: dict[str, Any]) -> list[str]:
    """Names the columns of a table without names, from which that of the label may be left out."""
    learnt = form.get("cells", 0)  # Exports of earlier versions do not say it.
    names = [f"column {number}" for number in range(1, count + 2)]
    if learnt and count == learnt - 1:
        names.remove(form["label"])
    elif learnt and count != learnt:
        raise ValueError(
            f"{count} cells; the model learnt {learnt}, of which {form['label']} is the label"
        )
    return names[:count]


def live(form: dict[str, Any]) -> Iterator[np.ndarray]:
    """Asks for the cells of one row after the other; an empty answer is an empty cell."""
    try:
        while True:
            yield row(
                {column["name"]: input(f"{column['name']}: ") for column in form["columns"]}, form
            )
            print()
    except EOFError:
        return


def row(cells: dict[str, str], form: dict[str, Any]) -> np.ndarray:
    """Returns the row of texts by the names of their columns."""
    gaps = set(form["gaps"])
    numbers = []
    for column in form["columns"]:
        cell = cells[column["name"]].strip()
        cell = "" if cell.lower() in gaps else cell
        numbers.append((category if column["kind"] == "category" else number)(column, cell))
    return np.array(numbers, np.float32)


def number(column: dict[str, Any], cell: str) -> float:
    """Returns a number, cut to what makes a difference; for what is none, the empty cell's."""
    if column["unit"]:
        cell = cell.replace(column["unit"], "", 1).strip()
    if column["decimal"] == ",":
        cell = cell.replace(",", ".", 1)
    value = float(cell) if PLAIN.fullmatch(cell) else math.inf
    return (
        min(max(value, column["low"]), column["high"]) if math.isfinite(value) else column["empty"]
    )


def category(column: dict[str, Any], cell: str) -> float:
    """Returns the place of a category in the vocabulary, or that of unseen ones."""
    words = column["vocabulary"]
    return float(words.index(cell) if cell in words else column["unseen"])
