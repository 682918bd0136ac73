"""A CSV of paths and labels as labelled files in splits."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from zoo.data.dataset import with_test_split
from zoo.data.folders.classes import Classed
from zoo.data.folders.splits import split_of
from zoo.data.groups import apart_by
from zoo.data.lists.paths import Files, find_files, path_column
from zoo.data.lists.truth import has_label, label_columns, read_truth
from zoo.data.reading import Reading
from zoo.data.tables.csv import read_table
from zoo.errors import RequestError

# What readers of lists take beside the options of their kind of file.
OPTIONS = frozenset({"path_column", "folder", "group", "exclude"})
_SPLIT = "split"  # Name of the column that says which split a file is in.


def find_listed(
    source: str,
    reading: Reading,
    suffixes: Collection[str],
    group_of: Callable[[str, Reading], str],
) -> tuple[Classed, Mapping[str, Sequence[str]] | None]:
    """Reads a CSV with a column of paths and one of labels, or several for sets of labels.

    Paths begin beside the CSV, or in `reading.folder`, and may lack their suffix. A column "split"
    may say train, val or test.

    Args:
        source: The CSV.
        reading: The task, and which columns are asked for.
        suffixes: Of the kind of file, in lower case.
        group_of: Returns the group of a file by its path, if no column holds the groups.

    Returns:
        The files, and by split the group of each; None: no groups are asked for. The training split
        may be empty if a checkpoint is measured.

    Raises:
        RequestError: There is no such column, or more than one could hold the labels; files are
            missing; one is listed with two labels or in two splits; a split's name is unknown.
    """
    wanted = [name for name in (reading.label_column, reading.path_column) if name]
    table = read_table(Path(source), reading.header, wanted)
    folder = Path(reading.folder) if reading.folder else table.path.parent
    if not folder.is_dir():
        raise RequestError(f"--folder={folder} is no folder")
    files = Files(folder, suffixes)
    names, group = list(table.columns), apart_by(reading)
    paths = path_column(table, files, reading.path_column)
    split = next((name for name in names if name.casefold() == _SPLIT), None)
    own = reading.card.labels if reading.card else None
    known = own if reading.measured else None
    others = [name for name in names if name not in (paths, group, split)]
    columns = label_columns(table, others, reading, own)
    said = [*zip(*(table.columns[name] for name in columns), strict=True)]
    labelled = [row for row in range(len(table)) if has_label(said[row], reading.task)]
    notes = []
    if unlabelled := len(table) - len(labelled):
        notes.append(f"left out, without a label: {unlabelled:,} rows of {table.path.name}")

    def place(row: int) -> str:
        return f"{source}, line {table.lines[row]}"

    located, lacking = find_files(table, paths, labelled, files)
    splits = dict.fromkeys(located, "train")
    if split is not None:
        splits = {row: _split(table.columns[split][row], place(row)) for row in located}
    rows, repeated = _once(located, said, splits, place)
    of_train = [row for row in rows if splits[row] == "train"]
    if not of_train and (known is None or not rows):
        raise RequestError(f"{source}: no row is of the train split")
    labels, y, more = read_truth(table, columns, rows, of_train, reading, known)
    of_split, renamed = with_test_split(
        {
            name: [index for index, row in enumerate(rows) if splits[row] == name]
            for name in dict.fromkeys(["train", *(splits[row] for row in rows)])
        }
    )
    classed = Classed(
        table.path.stem,
        labels,
        {name: [located[rows[index]] for index in part] for name, part in of_split.items()},
        {name: y[part] for name, part in of_split.items()},
        (*notes, *lacking, *repeated, *more, *renamed),
        folder,
    )
    if group is None:
        return classed, None
    cells = table.columns.get(group) or [group_of(cell, reading) for cell in table.columns[paths]]
    return classed, {name: [cells[rows[i]] for i in part] for name, part in of_split.items()}


def _once(
    files: Mapping[int, Path],
    said: Sequence[tuple[str, ...]],
    splits: Mapping[int, str],
    place: Callable[[int], str],
) -> tuple[list[int], list[str]]:
    """Returns the rows without those that repeat another, and a note on these.

    Args:
        files: The file of each row.
        said: The labels of each row.
        splits: The split of each row.
        place: Says where a row stands, for the message.

    Raises:
        RequestError: Two rows say different things of one file.
    """
    first: dict[str, int] = {}
    differing: dict[int, int] = {}
    for row, path in files.items():
        other = first.setdefault(os.path.normpath(path), row)
        if (said[other], splits[other]) != (said[row], splits[row]):
            differing.setdefault(other, row)
    for other, row in differing.items():
        one, two = (f"{', '.join(said[which])} in {splits[which]}" for which in (other, row))
        count = f"{len(differing):,} files are listed with two labels or in two splits, the first: "
        raise RequestError(
            f"{count if len(differing) > 1 else ''}{place(row)}: {files[row].name} is {two}, and "
            f"{one} in {place(other)}; a file is listed with one label, and in one split"
        )
    repeated = len(files) - len(first)
    return [*first.values()], [f"{repeated:,} rows repeat others"] if repeated else []


def _split(cell: str, place: str) -> str:
    """Returns the split that a cell names; an empty one means the training split."""
    split = split_of(cell) if cell else "train"
    if split is None:
        raise RequestError(f"{place}: split {cell!r} is not train, val or test")
    return "test" if split == "eval" else split
