"""What the columns of a table become: features, fitted to the training split."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from zoo import forms
from zoo.data.labels import folded
from zoo.data.numbers import GAPS, NUMBERS, PLAIN, Spelling, find_spelling
from zoo.data.tables.csv import Table
from zoo.data.tables.dates import part_names, read_date
from zoo.data.tables.kinds import CONSTANT, MOST_NAMES, Kinds, clipped
from zoo.errors import RequestError
from zoo.forms import LARGEST, SMALLEST, Column
from zoo.registry import unknown

# More categories make the model larger, and the rarest have too few examples to learn from.
MOST_CATEGORIES = 100
# Bins of a number: a hundredth of the rows, from 32 to 128. UCI Adult's capital gains are 119
# numbers, of which each says something else; but in few rows a narrow bin holds noise.
BINS = range(32, 129)
LOST = "numbers too close together for float32, of which many become one; subtract the least of all"


def fit_columns(table: Table, label: str, kinds: Kinds) -> tuple[forms.Table, list[str]]:
    """Decides what each column of a training split becomes.

    Args:
        table: The training split.
        label: Name of the column to learn.
        kinds: What the columns of the whole file are.

    Returns:
        The form of its rows, and notes for the user.

    Raises:
        RequestError: No column is left.
    """
    columns: list[Column] = []
    notes = {reason: list(names) for reason, names in kinds.notes.items()}
    for name, cells in table.columns.items():
        if name in kinds.numbers:
            spelling = kinds.numbers[name]
            numbers = spelling.read_all(cells)
            if len(np.unique(numbers)) == 1 or not np.isfinite(numbers).any():
                notes.setdefault(CONSTANT, []).append(name)
            else:
                columns.append(_number(name, numbers, spelling))
                if _lost(numbers):
                    notes.setdefault(LOST, []).append(name)
        elif name in kinds.categories:
            counts = Counter(cells)
            if len(counts) == 1:
                notes.setdefault(CONSTANT, []).append(name)
                continue
            if len(counts) > MOST_CATEGORIES:
                reason = f"cut to the {MOST_CATEGORIES} most frequent categories"
                notes.setdefault(reason, []).append(f"{name} ({len(counts):,})")
            commonest = sorted(counts, key=lambda value: (-counts[value], value))
            vocabulary = tuple(commonest[:MOST_CATEGORIES])
            columns.append(Column(name, "category", vocabulary=vocabulary))
    lines = [listing(reason, names) for reason, names in notes.items()]
    if not columns:
        raise RequestError(
            f"{table.path} has no column that could tell {label!r}: {'; '.join(lines)}"
        )
    return forms.Table.of(label, table.header, tuple(columns)), lines


def encode(form: forms.Table, table: Table) -> np.ndarray:
    """Turns the cells of a table into rows of numbers, as `zoo.forms.Column` describes them.

    A number beyond the edges of its column is the edge, which means the same to a model and has
    room in float32.

    Args:
        form: What each column becomes.
        table: Has these columns, in any order; others are ignored.

    Returns:
        (rows, columns), float32.

    Raises:
        RequestError: A column is missing.
    """
    rows = np.empty((len(table), len(form.columns)), np.float32)
    for place, column in enumerate(form.columns):
        if column.absent:
            rows[:, place] = column.empty
            continue
        cells = column_cells(table, column.name)
        if column.kind == "number":
            numbers = _spelling(column, table).read_all(cells)
            inside = np.clip(numbers, column.edges[0], column.edges[-1])
            rows[:, place] = np.where(np.isfinite(numbers), inside, column.empty)
        else:
            indices = _indices(column, cells)
            rows[:, place] = [indices.get(cell, column.unseen) for cell in cells]
    return rows


def matched(form: forms.Table, table: Table, label: str) -> tuple[forms.Table, list[str]]:
    """Matches the columns of a checkpoint with those of a table that has another label.

    The column of the new label is read as empty too: a model must not see what it has to tell.

    Args:
        form: What the checkpoint takes.
        table: The training split.
        label: Name of the column to learn.

    Returns:
        The form of the table's rows, and notes that name columns that are missing or left out.

    Raises:
        RequestError: The table has none of the columns.
    """
    known = [column.name for column in form.columns if not column.absent]
    lacking = [name for name in known if name not in table.columns]
    extra = [name for name in table.columns if name not in (*known, label)]
    if all(name == label or name in lacking for name in known):
        raise RequestError(
            f"{table.path} has none of the checkpoint's columns; {listing('it takes', known)}"
        )
    columns = tuple(
        dataclasses.replace(column, absent=column.absent or column.name in (*lacking, label))
        for column in form.columns
    )
    notes = {
        "missing, read as empty": lacking,
        "read as empty, since it is the label now": [label] if label in known else [],
        "left out, not known to the checkpoint": extra,
    }
    new = dataclasses.replace(form, label=label, header=table.header, columns=columns)
    return new, [listing(reason, names) for reason, names in notes.items() if names]


def surprises(form: forms.Table, tables: Sequence[Table]) -> list[str]:
    """Returns notes on cells that are empty, unreadable, or of an unknown category.

    Raises:
        RequestError: Columns are missing, or one of numbers holds too much text to be one.
    """
    notes: dict[str, list[str]] = {}
    names = [column.name for column in form.columns if not column.absent]
    for table in tables:
        _check_columns(table, [name for name in names if name not in table.columns])
    for column in form.columns:
        if column.absent:
            continue
        for reason, count, example in _surprises(column, tables):
            shown = f", such as {example}" if example else ""
            notes.setdefault(reason, []).append(f"{column.name} ({count:,}{shown})")
    return [listing(reason, names) for reason, names in notes.items()]


def _check_columns(table: Table, lacking: Sequence[str]) -> None:
    """Refuses a table that lacks columns of a model.

    Raises:
        RequestError: It does; the message also names dates that cannot be read as such.
    """
    if not lacking:
        return
    for name, cells in table.columns.items():
        row = next(
            (row for row, cell in enumerate(cells) if cell and read_date(cell) is None), None
        )
        if row is not None and {*part_names(name)} & {*lacking}:
            raise RequestError(
                f"{table.path}: column {name!r} held dates where the model learnt, and now "
                f"{clipped(cells[row])} in line {table.lines[row]}; spell it like 2024-03-31"
            )
    what = "missing column" if len(lacking) == 1 else "missing columns"
    raise RequestError(
        f"{table.path}: {listing(what, lacking)}; {listing('it has', [*table.columns])}"
    )


def _surprises(column: Column, tables: Sequence[Table]) -> Iterator[tuple[str, int, str]]:
    """Yields what is odd about a column: a reason, the number of cells, and one of them."""
    empty, odd, example = 0, 0, ""
    for table in tables:
        cells = column_cells(table, column.name)
        if column.kind == "number":
            spelling = _spelling(column, table)
            strange = spelling.texts(cells)
        else:
            strange = set(cells) - {*_indices(column, cells), ""}
        texts = [row for row, cell in enumerate(cells) if cell in strange] if strange else []
        if column.kind == "number":
            empty += int((~np.isfinite(spelling.read_all(cells))).sum()) - len(texts)
        else:
            empty += sum(not cell for cell in cells)
        if not texts:
            continue
        where = f"{clipped(cells[texts[0]])} in line {table.lines[texts[0]]}"
        filled = sum(cell.lower() not in GAPS for cell in cells)
        if column.kind == "number" and len(texts) > (1 - NUMBERS) * filled:
            raise RequestError(
                f"{table.path}: column {column.name!r} holds numbers, but {len(texts):,} of "
                f"{filled:,} cells are none, such as {where}; spell them like "
                f"{_spelled(column)}, or leave them empty"
            )
        odd += len(texts)
        example = example or where
    if empty:
        yield "empty cells, read as the median or as a category of their own", empty, ""
    if odd and column.kind == "number":
        yield "text among numbers, read as empty; mend it or leave it empty", odd, example
    elif odd and not PLAIN.texts(strange) and odd + empty == sum(map(len, tables)):
        yield "numbers where categories were learnt, read as none of them", odd, example
    elif odd:
        yield "cells of no known category, read as none of them", odd, example


def _indices(column: Column, cells: Iterable[str]) -> dict[str, int]:
    """Returns the index of each cell that is a category, as it is or but for upper case.

    A program may write "TRUE" for "True". Where the vocabulary holds both, they differ.
    """
    exact = {value: index for index, value in enumerate(column.vocabulary)}
    counts = Counter(map(folded, exact))
    alike = {folded(value): index for value, index in exact.items() if counts[folded(value)] == 1}
    indices = {cell: exact.get(cell, alike.get(folded(cell))) for cell in set(cells)}
    return {cell: index for cell, index in indices.items() if index is not None}


def column_cells(table: Table, name: str) -> Sequence[str]:
    """Returns the cells of a column.

    Raises:
        RequestError: There is none of that name; the message holds the nearest.
    """
    if name not in table.columns:
        raise RequestError(
            f"{table.path}: {unknown('column', name, list(table.columns)[:MOST_NAMES])}"
        )
    return table.columns[name]


def _spelling(column: Column, table: Table) -> Spelling:
    """Returns how a table spells the numbers of a column: as in training, or with the other mark.

    A program in another language may write "1,5" for "1.5", and both are read. A number with
    another unit means something else, and is not read.
    """
    learnt = Spelling(column.decimal, column.unit)
    cells = table.columns[column.name]
    texts = learnt.texts(cells)
    if not texts:
        return learnt
    counts = Counter(cells)
    best = find_spelling(counts, table.separator)
    unread, before = (sum(counts[cell] for cell in part) for part in (best.texts(counts), texts))
    return best if best.unit == learnt.unit and unread < before else learnt


def _spelled(column: Column) -> str:
    """Returns the median of a column as its numbers are spelled."""
    return f"{column.fill:.6g}".replace(".", column.decimal) + column.unit


def _lost(numbers: np.ndarray) -> bool:
    """Returns whether float32 tells at most half of the distinct numbers of a column apart."""
    finite = np.unique(numbers[np.isfinite(numbers)].clip(-LARGEST, LARGEST))
    return 2 * len(np.unique(finite.astype(np.float32))) <= len(finite)


def _number(name: str, numbers: np.ndarray, spelling: Spelling) -> Column:
    finite = numbers[np.isfinite(numbers)].clip(-LARGEST, LARGEST).astype(np.float32)
    finite = np.where(abs(finite) < SMALLEST, 0, finite).astype(np.float64)
    distinct = np.unique(finite)
    bins = min(max(len(numbers) // 100, BINS[0]), BINS[-1], max(len(distinct) - 1, 1))
    places = np.linspace(0, 1, 1 + bins)
    edges = sorted({float(edge) for edge in np.quantile(distinct, places)})
    # A column that is constant or empty has one edge, and a bin needs two.
    if len(edges) == 1:
        edges.append(edges[0] + max(1.0, float(np.spacing(np.float32(abs(edges[0]))))))
    return Column(
        name,
        "number",
        edges=tuple(edges),
        fill=float(np.median(finite)),
        indicator=len(finite) < len(numbers),
        decimal=spelling.decimal,
        unit=spelling.unit,
    )


def listing(reason: str, names: Sequence[str]) -> str:
    """Returns a note: a reason and its columns, the first few by name."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{reason}: {', '.join(names[:6])}{more}"
