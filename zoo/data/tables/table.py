"""Data sets from tables: a CSV file, or a folder with one for each split."""

from __future__ import annotations

import dataclasses
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from zoo import forms
from zoo.checkpoints.card import Card
from zoo.data.dataset import Dataset, Split, divide, with_test_split
from zoo.data.excluding import as_array, kept_rows
from zoo.data.folders.splits import WORDS
from zoo.data.labels import check_splits, class_indices, class_names, joined, target_values
from zoo.data.numbers import GAPS, Spelling, as_number, find_spelling
from zoo.data.reading import Reading
from zoo.data.tables.columns import (
    column_cells,
    encode,
    fit_columns,
    listing,
    matched,
    surprises,
)
from zoo.data.tables.csv import Table, read_table
from zoo.data.tables.dates import DATES, with_parts
from zoo.data.tables.kinds import SPELLED, judge, parse_kinds, spelled
from zoo.data.tables.order import by_order, least_width
from zoo.errors import RequestError
from zoo.forms import Picture, Vector
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION

SUFFIXES = (".csv", ".csv.gz")
SPLITS = {"train": "train", "validation": "val", "test": "test"}
# Names of the tables in a folder. "training.csv" may be a log beside pictures.
_WORDS = {"train": ("train",), **{split: WORDS[split] for split in ("validation", "test")}}

KNOWN_AS = "a .csv file or a folder of train.csv and test.csv"
OPTIONS = frozenset({"exclude"})


def claims(source: str) -> bool:
    """Returns whether a source is a table, or a folder of tables."""
    return bool(table_files(source))


def open(source: str, reading: Reading) -> Dataset:
    """Reads a table, see `load_table`.

    Raises:
        RequestError: The model takes no features, or the checkpoint no table.
    """
    if reading.kind is Picture:
        raise RequestError(
            f"{source} is a table, whose rows are features, and the model takes pictures; choose "
            "--model=residual_mlp, or if a column names pictures, say where they are: --folder=DIR"
        )
    if not issubclass(reading.kind, Vector):
        raise RequestError(
            f"{source} is a table, whose rows are features, no {reading.kind.kind} data; "
            "choose --model=residual_mlp"
        )
    if reading.card is not None and not isinstance(reading.card.input, forms.Table):
        raise RequestError(
            f"the checkpoint was not trained on a table, and {source} is one; "
            "give its numbers in an .npz file"
        )
    return load_table(
        source,
        label_column=reading.label_column,
        task=reading.task,
        header=reading.header,
        card=reading.card,
        columns=reading.columns,
        kinds_given=parse_kinds(reading.kinds),
        excluded=reading.excluded,
    )


def table_files(source: str | os.PathLike[str]) -> dict[str, Path]:
    """Returns the CSV files of a source by split; empty if it is something else.

    A single file is "train". A folder holds `train.csv`, `val.csv` and `test.csv`, or `.csv.gz`.
    Beside a `train.csv` other words for the other splits do too, such as `validation.csv`.

    Raises:
        RequestError: Two tables of a folder are of one split.
    """
    path = Path(source)
    if path.name.lower().endswith(SUFFIXES):
        return {"train": path}
    stems: dict[str, str] = {}
    files: dict[str, Path] = {}
    for file in _tables_in(path):
        stem = _stem(file)
        for split in (split for split, words in _WORDS.items() if stem.lower() in words):
            if stems.setdefault(split, stem) != stem:
                raise RequestError(
                    f"{source} holds {files[split].name} and {file.name}, both of the {split} "
                    "split; keep one"
                )
            files[split] = file
    if "train" not in files:
        return {split: file for split, file in files.items() if stems[split] == SPLITS[split]}
    return {split: files[split] for split in SPLITS if split in files}


def load_table(
    source: str,
    *,
    label_column: str | None = None,
    task: Task = CLASSIFICATION,
    header: bool | None = None,
    card: Card | None = None,
    columns: forms.Table | None = None,
    kinds_given: Mapping[str, str] = MappingProxyType({}),
    excluded: Collection[str] = (),
) -> Dataset:
    """Loads tables as features.

    A single file is divided into splits. In a folder, the training table provides the validation
    split if there is no `val.csv`, and the test split if there is no `test.csv`.

    Args:
        source: As for `table_files`.
        label_column: Name of the column to learn, or its number: 0 is the first, -1 the last.
            None: that of the card.
        task: What is learnt, such as classes or values.
        header: Whether the first line holds names; None: the card decides, or how it looks.
        card: Card of a checkpoint, whose columns and classes are used; None: they are fitted.
        columns: Of a checkpoint that learns another label: its columns are used as far as the table
            has them, and classes are new.
        kinds_given: "number" or "category" for columns by name, whatever they look like.
        excluded: Names of rows to leave out, such as "pets.csv:17".

    Returns:
        Features from 0 to 1, float32.

    Raises:
        RequestError: It is no table, or nothing can be learnt from it.
    """
    files, renamed = with_test_split(table_files(source))
    if "train" not in files:
        raise RequestError(
            f"{source} holds {', '.join(p.name for p in files.values())} and no train.csv"
        )
    form = card.input if card and isinstance(card.input, forms.Table) else None
    wanted = [column.name for column in form.columns] if form else []
    if form is not None and header is None:
        header = form.header or None
    tables, notes = {}, [*renamed]
    if unread := [file.name for file in _tables_in(Path(source)) if file not in files.values()]:
        notes.append(listing("not read, as not called train.csv, val.csv or test.csv", unread))
    for split, path in files.items():
        table = read_table(
            path,
            header,
            [*wanted, *([label_column] if label_column else [])],
            width=least_width(form) if form else 0,
        )
        header = table.header
        tables[split] = table
    whole = list(tables.values())
    if not header:
        notes.append('no header: the columns are called "column 1", "column 2" and so on')
    elif whole[0].guessed:
        names = ", ".join(list(whole[0].columns)[:4])
        notes.append(f"the first line is read as names: {names}, …; if it is a row: --noheader")
    width = len(whole[0].columns)
    if form is not None:
        if label_column is not None and not form.header:
            label_column = str([*whole[0].columns].index(find_label(whole[0], label_column)))
        for split, table in tables.items():
            tables[split], ordered = by_order(table, form)
            notes += ordered
        whole = list(tables.values())
    label = find_label(whole[0], label_column or (form.label if form else None))
    taken = form or columns
    kept = [label, *kinds_given, *(column.name for column in (taken.columns if taken else ()))]
    for split, table in tables.items():
        tables[split], dates = with_parts(table, kept)
        if split == "train":
            kept += tables[split].columns
            notes += [listing(DATES, dates)] if dates else []
    whole = list(tables.values())
    if columns is not None:
        form, said = matched(columns, whole[0], label)
        notes += said
    kinds = judge(whole, label, kinds_given) if form is None else None
    spelling = find_spelling(Counter(column_cells(whole[0], label)), whole[0].separator)
    for split, table in tables.items():
        tables[split], dropped = _with_labels(table, label, task)
        if dropped:
            notes.append(f"left out, without a label: {dropped:,} rows of {table.path.name}")

    cells = tables["train"].columns[label]
    if task.learns == "values":
        labels: tuple[str, ...] = (label,)
        if example := spelled(label, cells, spelling):
            notes.append(listing(SPELLED, [example]))
    else:
        where = f"{tables['train'].path}: column {label!r}"
        labels = card.labels if card is not None else class_names(cells, where)
        notes += joined(cells, labels) if card is None else []
    targets = {
        split: _targets(table, label, labels, spelling if task.learns == "values" else None)
        for split, table in tables.items()
    }
    train, y = tables["train"], targets["train"]
    parts = dict(zip(SPLITS, divide(y, task, set(tables)), strict=True))
    divided = "test" not in tables
    for split, rows in parts.items():
        if split == "train" or split not in tables:
            tables[split], targets[split] = train.take(rows), y[rows]
    still, lost = kept_rows({split: table.names() for split, table in tables.items()}, excluded)
    if lost:
        tables = {split: tables[split].take(rows) for split, rows in still.items()}
        targets = {split: targets[split][rows] for split, rows in still.items()}

    if form is None:
        assert kinds is not None
        form, fitted = fit_columns(tables["train"], label, kinds)
        notes += fitted
    if card is None:
        form = dataclasses.replace(form, cells=0 if header else width)
    notes += surprises(form, list(tables.values()))
    splits = {
        s: Split(encode(form, tables[s]), targets[s], task=task, names=as_array(tables[s].names()))
        for s in SPLITS
    }
    notes += check_splits(splits, labels, str(source), learn=card is None)
    return Dataset(
        _stem(Path(source)),
        labels,
        splits,
        form=form,
        notes=tuple(notes),
        divided=divided,
        excluded=lost,
    )


def _tables_in(folder: Path) -> list[Path]:
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if file.name.lower().endswith(SUFFIXES) and file.is_file()]


def _stem(path: Path) -> str:
    return re.sub(r"(\.csv)?(\.gz)?$", "", path.name, flags=re.IGNORECASE)


def find_label(table: Table, label: str | None) -> str:
    """Returns the name of the column of labels, which is asked for by name or number.

    Raises:
        RequestError: There is none of that name or number, or none was asked for.
    """
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
        column_cells(table, label)  # Raises, with the nearest names.
        raise
    except IndexError:
        raise RequestError(
            f"there is no column {label} in {table.path}; it has {len(names)}, from 0"
        ) from None


def _with_labels(table: Table, label: str, task: Task) -> tuple[Table, int]:
    """Returns the rows that have a label, and how many have none."""
    cells = column_cells(table, label)
    # Among numbers "None" is an empty cell; among words it is a word.
    gaps = GAPS if task.learns == "values" or _mostly_numbers(cells) else ("",)
    rows = np.flatnonzero([cell.lower() not in gaps for cell in cells])
    if not len(rows):
        raise RequestError(f"{table.path}: column {label!r} is empty in every row")
    dropped = len(cells) - len(rows)
    return (table.take(rows) if dropped else table), dropped


def _mostly_numbers(cells: Sequence[str]) -> bool:
    words = {cell for cell in cells if cell and cell.lower() not in GAPS}
    return bool(words) and all(as_number(word) is not None for word in words)


def _targets(
    table: Table, label: str, labels: tuple[str, ...], spelling: Spelling | None
) -> np.ndarray:
    """Returns the values of a regression if a spelling is given, else the classes."""

    def place(row: int) -> str:
        return f"{table.path}, line {table.lines[row]}"

    cells = column_cells(table, label)
    if spelling is not None:
        return target_values(cells, spelling, place)
    return class_indices(cells, labels, place)
