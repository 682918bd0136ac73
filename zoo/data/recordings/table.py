"""One long table of many recordings, with a column of labels and a column that tells them apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.data.dataset import Dataset, with_test_split
from zoo.data.groups import apart_by
from zoo.data.labels import class_indices, class_names, joined
from zoo.data.numbers import GAPS, as_number
from zoo.data.reading import Reading
from zoo.data.recordings.logs import numbers_of
from zoo.data.recordings.windowed import Raw, check_asked, windowed
from zoo.data.tables.columns import column_cells
from zoo.data.tables.csv import Table, read_table
from zoo.data.tables.table import find_label, table_files
from zoo.errors import RequestError

KNOWN_AS = "a .csv file of recordings"
OPTIONS = frozenset(
    {"rate", "window", "hop", "time_column", "recording_column", "group", "exclude"}
)
_NONE = -1  # In place of a class: the row has no label.
_NAMES = ("recording", "session", "file", "filename", "trial", "segment", "take", "series")


def claims(source: str) -> bool:
    """Returns whether a source is a table, or a folder of tables."""
    return bool(table_files(source))


def open(source: str, reading: Reading) -> Dataset:
    """Reads tables of many recordings, see `zoo.data.recordings.windowed`.

    Rows of one recording follow each other. Where its label changes, windows end; all its parts are
    in one split. Rows without a label are left out.

    Raises:
        RequestError: The model takes no sequences; a column is missing or empty; the recordings
            cannot be used.
    """
    check_asked(source, reading)
    files, renamed = with_test_split(table_files(source))
    if "train" not in files:
        raise RequestError(f"{source} holds no train.csv")
    wanted = [name for name in (reading.label_column, reading.recording_column) if name]
    tables = {split: read_table(path, reading.header, wanted) for split, path in files.items()}
    label = find_label(tables["train"], reading.label_column)
    known = reading.card.labels if reading.card else None
    labelled = {split: _labelled(table, label) for split, table in tables.items()}
    cells = [tables["train"].columns[label][row] for row in labelled["train"]]
    labels = known or class_names(cells, f"{tables['train'].path}: column {label!r}")
    notes = joined(cells, labels) if known is None else []
    raws = list[Raw]()
    for split, table in tables.items():
        if dropped := len(table) - len(labelled[split]):
            notes.append(f"left out, without a label: {dropped:,} rows of {table.path.name}")
        raws += _raws(table, split, label, labelled[split], labels, reading)
    name = Path(source).name.removesuffix(".gz").removesuffix(".csv")
    return windowed(name, labels, raws, reading, [*notes, *renamed])


def _labelled(table: Table, label: str) -> np.ndarray:
    """Returns the rows that have a label. Among numbers, "None" is no label; among words it is."""
    cells = column_cells(table, label)
    gaps = {cell for cell in {*cells} if cell.lower() in GAPS}
    if any(as_number(cell) is None for cell in {*cells} - gaps):
        gaps = {""}
    rows = np.flatnonzero([cell not in gaps for cell in cells])
    if not len(rows):
        raise RequestError(f"{table.path}: column {label!r} is empty in every row")
    return rows


def _raws(
    table: Table,
    split: str,
    label: str,
    labelled: np.ndarray,
    labels: tuple[str, ...],
    reading: Reading,
) -> Iterator[Raw]:
    recording = _recording_column(table, reading.recording_column)
    group = apart_by(reading) or recording
    if group not in table.columns and reading.group is None:
        group = recording
    if group not in table.columns:
        raise RequestError(f"{table.path} has no column {group!r}, which --group names")
    places = [f"{table.path}, line {line}" for line in table.lines]
    y = np.full(len(table), _NONE)
    cells = [table.columns[label][row] for row in labelled]
    y[labelled] = class_indices(cells, labels, lambda row: places[labelled[row]])
    ids, groups = table.columns[recording], table.columns[group]
    keys = [*zip(ids, groups, y.tolist(), strict=True)]
    starts = [row for row in range(len(keys)) if row == 0 or keys[row] != keys[row - 1]]
    columns = numbers_of(table, (label, recording, group))
    for first, end in zip(starts, [*starts[1:], len(keys)], strict=True):
        if y[first] == _NONE:
            continue
        part = {name: values[first:end] for name, values in columns.items()}
        place = f"{places[first]}, recording {ids[first]!r}"
        name = f"{table.path.name}:{table.lines[first]}"
        yield Raw(place, split, int(y[first]), groups[first], name, part or "it holds no numbers")


def _recording_column(table: Table, asked: str | None) -> str:
    if asked is not None:
        if asked not in table.columns:
            raise RequestError(f"{table.path} has no column {asked!r}, named as --recording_column")
        return asked
    for name in table.columns:
        if name.lower().removesuffix("_id").removesuffix("id").rstrip() in _NAMES:
            return name
    listed = ", ".join(list(table.columns)[:8])
    raise RequestError(
        f"{table.path} is a table, and this model takes sequences; if each row is an example, say "
        "--model=residual_mlp; if the rows are samples of recordings, name the column that tells "
        f"these apart: --recording_column=NAME ({listed})"
    )
