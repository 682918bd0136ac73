"""The labels of a list: a class, a value or a set of labels for each row, as the task wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from zoo.data.labels import class_indices, class_names, joined, target_values
from zoo.data.lists.sets import is_flag, label_sets
from zoo.data.numbers import GAPS, find_spelling
from zoo.data.reading import Reading
from zoo.data.tables.csv import Table
from zoo.data.tables.kinds import SPELLED, spelled
from zoo.errors import RequestError
from zoo.tasks import Task

# Of several columns, the one of such a name holds the labels.
_USUAL = frozenset({"label", "labels", "class", "classes", "category", "tags", "target"})


def label_columns(
    table: Table, others: Sequence[str], reading: Reading, known: Sequence[str] | None
) -> list[str]:
    """Returns the columns that hold the labels: one, or for sets of labels one for each label.

    Args:
        table: The list.
        others: Its columns without those of paths, groups and splits.
        reading: Has what the user asked for, and the task.
        known: Labels of a checkpoint.

    Raises:
        RequestError: There is no such column, or it is not clear which one it is.
    """
    names, asked = list(table.columns), reading.label_column
    if asked is not None:
        parts = [asked] if asked in names else [part.strip() for part in asked.split(",")]
        columns = [_by_number(part, names) for part in parts]
        for column in columns:
            if column not in others:
                raise RequestError(
                    f"{table.path} has no column {column!r} of labels; it has {', '.join(names)}"
                )
        if len(columns) > 1 and reading.task.learns != "sets":
            raise RequestError(
                f"--label_column={asked} names {len(columns)} columns, and a "
                f"{reading.task.name} has one; for several labels at a time say --task=multilabel"
            )
        return columns
    if reading.task.learns != "classes" and known and set(known) <= set(others):
        return [*known]
    if len(others) == 1:
        return [*others]
    flags = [name for name in others if is_flag(table.columns[name])]
    if reading.task.learns == "sets" and flags:
        return flags
    usual = [name for name in others if name.casefold() in _USUAL]
    if len(usual) != 1:
        raise RequestError(
            f"{table.path} has the columns {', '.join(names)}; say which holds the labels: "
            "--label_column=NAME"
        )
    return usual


def has_label(cells: Sequence[str], task: Task) -> bool:
    """Returns whether the cells of a row say what it is. An empty set of labels says so too."""
    if task.learns == "sets":
        return True
    return cells[0] != "" and not (task.learns == "values" and cells[0].lower() in GAPS)


def read_truth(
    table: Table,
    columns: Sequence[str],
    rows: Sequence[int],
    of_train: Sequence[int],
    reading: Reading,
    known: tuple[str, ...] | None,
) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """Reads the truth of some rows.

    Args:
        table: The list.
        columns: Where the labels are.
        rows: Those to read.
        of_train: Those of them that decide which labels there are.
        reading: Has the task.
        known: Labels of a checkpoint; None: the rows decide.

    Returns:
        The labels, the truth in the order of the rows, and notes.

    Raises:
        RequestError: A label is not what the task learns, or unknown to the checkpoint.
    """

    def place(index: int) -> str:
        return f"{table.path}, line {table.lines[rows[index]]}"

    if reading.task.learns == "sets":
        return label_sets(table, columns, rows, of_train, place, known)
    (column,) = columns
    cells = [table.columns[column][row] for row in rows]
    if reading.task.learns == "values":
        spelling = find_spelling(Counter(cells), table.separator)
        example = spelled(column, cells, spelling)
        notes = [f"{SPELLED}: {example}"] if example else []
        return known or (column,), target_values(cells, spelling, place), notes
    where = f"{table.path}: column {column!r}"
    labels = known or class_names([table.columns[column][row] for row in of_train], where)
    return labels, class_indices(cells, labels, place), [] if known else joined(cells, labels)


def _by_number(asked: str, names: Sequence[str]) -> str:
    if asked in names or not asked.lstrip("-").isdecimal():
        return asked
    number = int(asked)
    return names[number] if -len(names) <= number < len(names) else asked
