"""What the columns of a table become: features, fitted to the training split."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from zoo import forms
from zoo.data.numbers import GAPS, NUMBERS, Spelling, find_spelling
from zoo.data.tables.csv import Table
from zoo.data.tables.kinds import CONSTANT, Kinds, clipped
from zoo.errors import RequestError
from zoo.forms import Column
from zoo.registry import unknown

# More categories make the model larger, and the rarest have too few examples to learn from.
MOST_CATEGORIES = 100
BINS = 32
MOST_BYTES = 1 << 32  # Size of all features of a table.
MOST_NAMES = 200  # With more names, no similar one is suggested.


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
    """Turns the cells of a table into features.

    Args:
        form: What each column becomes.
        table: Has these columns, in any order; others are ignored.

    Returns:
        (rows, features), float32.

    Raises:
        RequestError: A column is missing.
    """
    count = sum(len(column.features) for column in form.columns)
    if (needed := 4 * count * len(table)) > MOST_BYTES:
        raise RequestError(
            f"{table.path}: {len(table):,} rows of {count:,} features take {needed >> 30} GB, over "
            f"{MOST_BYTES >> 30}; give fewer rows, or fewer columns"
        )
    features = np.zeros((len(table), count), np.float32)
    first = 0
    for column in form.columns:
        width = len(column.features)
        part = features[:, first : first + width]
        first += width
        cells = column_cells(table, column.name)
        if column.kind == "number":
            numbers = _spelling(column, table).read_all(cells)
            empty = ~np.isfinite(numbers)
            _fill_bins(part, np.where(empty, column.fill, numbers), column.edges)
            if column.indicator:
                part[:, -1] = empty
        else:
            places = {value: place for place, value in enumerate(column.vocabulary)}
            for row, cell in enumerate(cells):
                if cell in places:
                    part[row, places[cell]] = 1
    return features


def surprises(form: forms.Table, tables: Sequence[Table]) -> list[str]:
    """Returns notes on cells that are empty, unreadable, or of an unknown category.

    Raises:
        RequestError: A column of numbers holds too much text to be one.
    """
    notes: dict[str, list[str]] = {}
    for column in form.columns:
        for reason, count, example in _surprises(column, tables):
            shown = f", such as {example}" if example else ""
            notes.setdefault(reason, []).append(f"{column.name} ({count:,}{shown})")
    return [listing(reason, names) for reason, names in notes.items()]


def _surprises(column: Column, tables: Sequence[Table]) -> Iterator[tuple[str, int, str]]:
    """Yields what is odd about a column: a reason, the number of cells, and one of them."""
    empty, odd, example = 0, 0, ""
    for table in tables:
        cells = column_cells(table, column.name)
        if column.kind == "number":
            spelling = _spelling(column, table)
            strange = {cell for cell in set(cells) if spelling.read(cell) is None}
        else:
            strange = set(cells) - {*column.vocabulary, ""}
        texts = [row for row, cell in enumerate(cells) if cell in strange] if strange else []
        if column.kind == "number":
            filled = sum(cell.lower() not in GAPS for cell in cells)
            empty += int((~np.isfinite(spelling.read_all(cells))).sum()) - len(texts)
        else:
            empty += sum(not cell for cell in cells)
        if not texts:
            continue
        where = f"{clipped(cells[texts[0]])} in line {table.lines[texts[0]]}"
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
    elif odd:
        yield "cells of no known category, read as none of them", odd, example


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
    counts = Counter(table.columns[column.name])
    texts = sum(count for cell, count in counts.items() if learnt.read(cell) is None)
    if not texts:
        return learnt
    best = find_spelling(counts, table.separator)
    unread = sum(count for cell, count in counts.items() if best.read(cell) is None)
    return best if best.unit == learnt.unit and unread < texts else learnt


def _spelled(column: Column) -> str:
    """Returns the median of a column as its numbers are spelled."""
    return f"{column.fill:.6g}".replace(".", column.decimal) + column.unit


def _fill_bins(features: np.ndarray, numbers: np.ndarray, edges: Sequence[float]) -> None:
    """Encodes numbers piecewise linearly, so that a model can bend between the bins.

    Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning", section
    3.1; here the edges are quantiles of the distinct values.
    """
    for place, (low, high) in enumerate(itertools.pairwise(edges)):
        features[:, place] = np.clip((numbers - low) / (high - low), 0, 1)


def _number(name: str, numbers: np.ndarray, spelling: Spelling) -> Column:
    finite = numbers[np.isfinite(numbers)]
    distinct = np.unique(finite)
    places = np.linspace(0, 1, 1 + min(BINS, max(len(distinct) - 1, 1)))
    edges = sorted({float(edge) for edge in np.quantile(distinct, places)})
    # A column that is constant or empty has one edge, and a bin needs two.
    if len(edges) == 1:
        edges.append(edges[0] + max(1.0, float(np.spacing(abs(edges[0])))))
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
