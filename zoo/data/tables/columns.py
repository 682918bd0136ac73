"""What the columns of a table become: features, fitted to the training split."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from zoo.checkpoints.card import Column, Columns
from zoo.data.tables.csv import Table, as_number
from zoo.errors import RequestError
from zoo.registry import unknown

# Beyond that the rarest have too few examples to learn from, and the model grows for nothing.
MOST_CATEGORIES = 100
BINS = 32
# A column with less text among its numbers has wrong cells; with more, it is text.
WRONG_CELLS = 0.05
# In fewer rows a column of distinct values may well be a measurement.
ID_ROWS = 20


def fit_columns(table: Table, label: str) -> tuple[Columns, list[str]]:
    """Decides what each column of a training split becomes.

    Numbers are told from text by their cells. Columns that tell nothing are left out: the same in
    every row; an id (whole numbers that count the rows, or distinct ones in a column named "id" or
    "…_id"); text that differs in more than half of the rows.

    Args:
        table: The training split.
        label: Name of the column to tell.

    Returns:
        The columns, and notes for the user.

    Raises:
        RequestError: No column is left.
    """
    columns: list[Column] = []
    constant, ids, texts, cut, wrong = [], [], [], [], []
    for name, cells in table.columns.items():
        if name == label:
            continue
        counts = Counter(cells)
        numbers, strays = _numbers(cells)
        finite = numbers[np.isfinite(numbers)]
        is_number = len(strays) <= WRONG_CELLS * sum(1 for cell in cells if cell)
        if len(counts) == 1 or (is_number and not len(finite)):
            constant.append(name)
        elif is_number and _is_id(name, numbers):
            ids.append(name)
        elif is_number:
            if strays:
                wrong.append(f"{name} ({cells[strays[0]]!r} in line {table.lines[strays[0]]})")
            columns.append(_number(name, finite, indicator=len(finite) < len(numbers)))
        elif len(cells) >= ID_ROWS and len(counts) > len(cells) / 2:
            texts.append(name)
        else:
            if len(counts) > MOST_CATEGORIES:
                cut.append(f"{name} ({len(counts):,})")
            commonest = sorted(counts, key=lambda value: (-counts[value], value))
            vocabulary = tuple(commonest[:MOST_CATEGORIES])
            columns.append(Column(name, "category", vocabulary=vocabulary))
    if not columns:
        raise RequestError(
            f"{table.path} has no column that could tell {label!r}: all are constant or ids"
        )
    reasons = {
        "left out, the same in every row": constant,
        "left out, an id": ids,
        "left out, text that differs in most rows": texts,
        f"cut to the {MOST_CATEGORIES} most frequent categories": cut,
        "text among numbers, read as empty": wrong,
    }
    notes = [listing(reason, found) for reason, found in reasons.items() if found]
    return Columns(label, table.header, tuple(columns)), notes


def encode(columns: Columns, table: Table) -> np.ndarray:
    """Turns the cells of a table into features.

    Args:
        columns: What each column becomes.
        table: Has these columns, in any order; others are ignored.

    Returns:
        (rows, features), float32.

    Raises:
        RequestError: A column is missing.
    """
    features: list[np.ndarray] = []
    for column in columns.columns:
        cells = column_cells(table, column.name)
        if column.kind == "number":
            numbers, _ = _numbers(cells)
            empty = ~np.isfinite(numbers)
            filled = np.where(empty, column.fill, numbers)
            features.extend(_through_bins(filled, column.edges))
            if column.indicator:
                features.append(empty)
        else:
            place = {value: index for index, value in enumerate(column.vocabulary)}
            chosen = np.array([place.get(cell, -1) for cell in cells])
            features.extend(chosen == index for index in place.values())
    return np.stack(features, axis=1).astype(np.float32)


def surprises(columns: Columns, tables: Iterable[Table]) -> list[str]:
    """Returns notes on cells that the training split did not prepare for, or that are empty."""
    empty: Counter[str] = Counter()
    unseen: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for table in tables:
        for column in columns.columns:
            cells = column_cells(table, column.name)
            if column.kind == "number":
                numbers, _ = _numbers(cells)
                empty[column.name] += int((~np.isfinite(numbers)).sum())
            else:
                empty[column.name] += sum(not cell for cell in cells)
                known = {*column.vocabulary, ""}
                strangers = [cell for cell in cells if cell not in known]
                unseen[column.name] += len(strangers)
                if strangers:
                    examples.setdefault(column.name, strangers[0])
    gaps = [f"{name} ({count:,})" for name, count in empty.items() if count]
    strange = [
        f"{name} ({count:,}, such as {examples[name]!r})" for name, count in unseen.items() if count
    ]
    notes = {
        "empty cells, read as the median or as a category of their own": gaps,
        "cells of no known category, read as none of them": strange,
    }
    return [listing(reason, found) for reason, found in notes.items() if found]


def column_cells(table: Table, name: str) -> Sequence[str]:
    """Returns the cells of a column.

    Raises:
        RequestError: There is none of that name; the message holds the nearest.
    """
    if name not in table.columns:
        raise RequestError(f"{table.path}: {unknown('column', name, list(table.columns))}")
    return table.columns[name]


def _numbers(cells: Sequence[str]) -> tuple[np.ndarray, list[int]]:
    """Returns cells as numbers, NaN for what is empty or text, and the rows that hold text."""
    parsed = [as_number(cell) for cell in cells]
    texts = [row for row, number in enumerate(parsed) if number is None]
    return np.array([math.nan if number is None else number for number in parsed]), texts


def _is_id(name: str, numbers: np.ndarray) -> bool:
    if len(numbers) < ID_ROWS or not np.isfinite(numbers).all():
        return False
    if (numbers != np.round(numbers)).any() or len(np.unique(numbers)) < len(numbers):
        return False
    named = name.lower() == "id" or name.lower().endswith("_id")
    return named or bool(np.ptp(numbers) == len(numbers) - 1)


def _through_bins(numbers: np.ndarray, edges: Sequence[float]) -> list[np.ndarray]:
    """Encodes numbers piecewise linearly, so that a model can bend between the bins.

    Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning", section
    3.1; here the edges are quantiles of the distinct values.
    """
    bins = itertools.pairwise(edges)
    return [np.clip((numbers - low) / (high - low), 0, 1) for low, high in bins]


def _number(name: str, finite: np.ndarray, *, indicator: bool) -> Column:
    distinct = np.unique(finite)
    places = np.linspace(0, 1, 1 + min(BINS, max(len(distinct) - 1, 1)))
    edges = sorted({float(f"{edge:.7g}") for edge in np.quantile(distinct, places)})
    # Numbers that are equal in seven digits are one edge, and a bin needs two.
    edges = edges if len(edges) > 1 else [edges[0], edges[0] + 1]
    return Column(
        name,
        "number",
        edges=tuple(edges),
        fill=float(f"{np.median(finite):.7g}"),
        indicator=indicator,
    )


def listing(reason: str, names: Sequence[str]) -> str:
    """Returns a note: a reason and the columns that it is about, the first few by name."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{reason}: {', '.join(names[:6])}{more}"
