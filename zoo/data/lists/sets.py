"""Sets of labels: a column of yes and no for each label, or one column of separated labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zoo.data.labels import check_label, class_indices, class_names
from zoo.data.tables.csv import Table
from zoo.errors import RequestError

# What may stand between two labels of a cell, in the order in which it is tried.
SEPARATORS = "|;, "
_YES, _NO = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no", ""})


def is_flag(cells: Sequence[str]) -> bool:
    """Returns whether a column says yes or no, as 0/1, true/false or yes/no. Empty means no."""
    return {cell.lower() for cell in cells} <= _YES | _NO


def label_sets(
    table: Table,
    columns: Sequence[str],
    rows: Sequence[int],
    of_train: Sequence[int],
    place: Callable[[int], str],
    known: tuple[str, ...] | None,
) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """Reads a set of labels for each row, see `zoo.data.lists.truth.read_truth`.

    Returns:
        The labels, (rows, labels) uint8 of 0 and 1, and notes.

    Raises:
        RequestError: A cell is neither yes nor no, or there is one label only.
    """
    if len(columns) == 1 and not is_flag(table.columns[columns[0]]):
        return _separated(table, columns[0], rows, of_train, place, known)
    if len(columns) == 1:
        raise RequestError(
            f"{table.path}: column {columns[0]!r} is one label, yes or no; several are a "
            "multilabel task: name their columns, --label_column=A,B,C, or say "
            "--task=classification"
        )
    labels = known or tuple(columns)
    if set(labels) != set(columns):
        raise RequestError(
            f"{table.path} has the labels {', '.join(columns)}, the checkpoint "
            f"{', '.join(labels)}; they must be the same"
        )
    y = np.zeros((len(rows), len(labels)), np.uint8)
    for number, label in enumerate(labels):
        check_label(label, str(table.path))
        cells = table.columns[label]
        for index, row in enumerate(rows):
            cell = cells[row].lower()
            if cell not in _YES | _NO:
                raise RequestError(
                    f"{place(index)}: {label!r} is {cells[row]!r}; a label has 1 or 0"
                )
            y[index, number] = cell in _YES
    return labels, y, []


def _separated(
    table: Table,
    column: str,
    rows: Sequence[int],
    of_train: Sequence[int],
    place: Callable[[int], str],
    known: tuple[str, ...] | None,
) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    cells = table.columns[column]
    # A label may hold a space: where the labels are known, a cell that is one is not separated.
    several = [cell for cell in cells if cell not in (known or ())]
    separator = next((sign for sign in SEPARATORS if any(sign in cell for cell in several)), "|")
    parts = {
        row: [cells[row]]
        if cells[row] in (known or ())
        else [part for part in map(str.strip, cells[row].split(separator)) if part]
        for row in rows
    }
    where = f"{table.path}: column {column!r}"
    if not any(parts[row] for row in of_train):
        raise RequestError(f"{where} is empty in every row of the train split")
    labels = known or class_names([part for row in of_train for part in parts[row]], where)
    y = np.zeros((len(rows), len(labels)), np.uint8)
    numbers = [index for index, row in enumerate(rows) for _ in parts[row]]
    flat = [part for row in rows for part in parts[row]]
    y[numbers, class_indices(flat, labels, lambda part: place(numbers[part]))] = 1
    shown = "a space" if separator == " " else repr(separator)
    return labels, y, [f"the labels of column {column!r} are separated by {shown}"]
