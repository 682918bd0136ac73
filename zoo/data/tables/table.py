"""Data sets from tables: a CSV file, or a folder of one for each split."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from zoo.checkpoints.card import Card, Task
from zoo.data.dataset import Dataset, Split, divide
from zoo.data.labels import check_splits, class_indices, class_names, target_values
from zoo.data.tables.columns import column_cells, encode, fit_columns, surprises
from zoo.data.tables.csv import Table, read_table
from zoo.errors import RequestError

SUFFIXES = (".csv", ".csv.gz")
SPLITS = {"train": "train", "validation": "val", "test": "test"}


def table_files(source: str | os.PathLike[str]) -> dict[str, Path]:
    """Returns the CSV files of a source by split; none where it is something else.

    A file alone is "train". Of a folder: `train.csv`, `val.csv` and `test.csv`, or `.csv.gz`.
    """
    path = Path(source)
    if path.name.endswith(SUFFIXES):
        return {"train": path}
    return {
        split: path / (name + suffix)
        for split, name in SPLITS.items()
        for suffix in SUFFIXES
        if (path / (name + suffix)).is_file()
    }


def load_table(
    source: str,
    *,
    label_column: str | None = None,
    task: Task = "classification",
    header: bool | None = None,
    card: Card | None = None,
) -> Dataset:
    """Loads tables as features.

    A file alone is divided into splits; of a folder, the training table gives the validation split
    where there is no `val.csv`, and the test split where there is no `test.csv`.

    Args:
        source: As for `table_files`.
        label_column: Name of the column to tell, or its number from 0, from -1 for the last;
            None: that of the card.
        task: Whether the labels are classes or values.
        header: Whether the first line holds names; None: as the card says, or as it looks.
        card: Of a checkpoint: its columns and classes are used, none are fitted.

    Returns:
        Features from 0 to 1, float32.

    Raises:
        RequestError: Not a table, or nothing can be learnt from it.
    """
    files = table_files(source)
    if "train" not in files:
        raise RequestError(
            f"{source} holds {', '.join(p.name for p in files.values())} and no train.csv"
        )
    columns = card.columns if card else None
    if columns is not None and header is None:
        header = columns.header
    tables, notes = {}, []
    for split, path in files.items():
        table = read_table(path, header)
        header = table.header
        tables[split] = table
    if not header:
        notes.append('no header: the columns are called "column 1", "column 2" and so on')
    label = _find_label(tables["train"], label_column or (columns.label if columns else None))
    for split, table in tables.items():
        tables[split], dropped = _with_labels(table, label)
        if dropped:
            notes.append(f"left out, without a label: {dropped:,} rows of {table.path.name}")

    if task == "regression":
        labels: tuple[str, ...] = (label,)
    elif card is not None:
        labels = card.labels
    else:
        where = f"{tables['train'].path}: column {label!r}"
        labels = class_names(tables["train"].columns[label], where)
    targets = {split: _targets(table, label, labels, task) for split, table in tables.items()}
    train, y = tables["train"], targets["train"]
    parts = dict(zip(SPLITS, divide(y, set(tables)), strict=True))
    for split, rows in parts.items():
        if split == "train" or split not in tables:
            tables[split], targets[split] = train.take(rows), y[rows]

    if columns is None:
        columns, fitted = fit_columns(tables["train"], label)
        notes += fitted
    notes += surprises(columns, tables.values())
    splits = {s: Split(encode(columns, tables[s]), targets[s]) for s in SPLITS}
    notes += check_splits(splits, labels, str(source), learn=card is None)
    path = Path(source)
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    return Dataset(name, labels, **splits, task=task, columns=columns, notes=tuple(notes))


def _find_label(table: Table, label: str | None) -> str:
    names = list(table.columns)
    if label is None:
        raise RequestError(
            f"say which column of {table.path} is the label: --label_column={names[-1]!r}, or "
            "its number from 0, or -1 for the last"
        )
    if label in names:
        return label
    try:
        return names[int(label)]
    except ValueError:
        column_cells(table, label)  # Tells the nearest names.
        raise
    except IndexError:
        raise RequestError(
            f"there is no column {label} in {table.path}; it has {len(names)}, from 0"
        ) from None


def _with_labels(table: Table, label: str) -> tuple[Table, int]:
    cells = column_cells(table, label)
    rows = np.flatnonzero([bool(cell) for cell in cells])
    if not len(rows):
        raise RequestError(f"{table.path}: column {label!r} is empty in every row")
    dropped = len(cells) - len(rows)
    return (table.take(rows) if dropped else table), dropped


def _targets(table: Table, label: str, labels: tuple[str, ...], task: Task) -> np.ndarray:
    cells = column_cells(table, label)
    places = [f"{table.path}, line {line}" for line in table.lines]
    if task == "regression":
        return target_values(cells, places)
    return class_indices(cells, labels, places)
