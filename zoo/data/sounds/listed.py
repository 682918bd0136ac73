"""A CSV of paths of sounds and their labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from zoo.data.dataset import Dataset
from zoo.data.folders.classes import Classed
from zoo.data.folders.splits import split_of
from zoo.data.groups import apart_by
from zoo.data.labels import class_indices, class_names
from zoo.data.reading import Reading
from zoo.data.sounds.decode import SUFFIXES
from zoo.data.sounds.files import check_asked, group_of, open_files
from zoo.data.tables.csv import read_table
from zoo.errors import RequestError

KNOWN_AS = "a .csv of paths of sounds"
OPTIONS = frozenset({"rate", "seconds", "group"})
_SPLIT = "split"  # Name of the column that says which split a sound is in.


def claims(source: str) -> bool:
    """Returns whether a source is a CSV whose second line names a sound file."""
    if not source.endswith(".csv") or not Path(source).is_file():
        return False
    with Path(source).open("rb") as file:
        lines = [file.readline(2**12).decode("utf-8", "replace") for _ in range(2)]
    return any(_is_sound(cell) for line in lines[-1:] for cell in line.replace(";", ",").split(","))


def open(source: str, reading: Reading) -> Dataset:
    """Reads a CSV with a column of paths, from its own folder on, and one of labels.

    A column "split" may say train, val or test.

    Raises:
        RequestError: There is no such column, or more than one could hold the labels; a file is
            missing; a split's name is unknown.
    """
    check_asked(source, reading)
    asked = reading.label_column
    table = read_table(Path(source), reading.header, [asked] if asked else [])
    names = list(table.columns)
    paths = next(name for name in names if any(map(_is_sound, table.columns[name])))
    group = apart_by(reading)
    truth = _label_column(
        source, [name for name in names if name not in (paths, group, _SPLIT)], names, asked
    )
    cells = table.columns[truth]

    def place(row: int) -> str:
        return f"{source}, line {table.lines[row]}"

    splits = _splits(table.columns.get(_SPLIT, [""] * len(cells)), place)
    folder = Path(source).parent
    places = [folder / name for name in table.columns[paths]]
    once, notes = _once(places, [*zip(cells, splits, strict=True)], place)
    known = reading.card.labels if reading.card and reading.measured else None
    of_train = [cell for cell, split in zip(cells, splits, strict=True) if split == "train"]
    if not of_train:
        raise RequestError(f"{source}: no row is of the train split")
    labels = known or class_names(of_train, f"{source}: column {truth!r}")
    y = class_indices(cells, labels, place)
    rows = {name: [row for row in once if splits[row] == name] for name in dict.fromkeys(splits)}
    files = {name: [places[row] for row in rows[name]] for name in rows}
    sounds = Classed(
        Path(source).stem, labels, files, {name: y[rows[name]] for name in rows}, tuple(notes)
    )
    if group is None:
        return open_files(sounds, reading)
    column = table.columns.get(group) or [group_of(name, reading) for name in table.columns[paths]]
    return open_files(sounds, reading, {name: [column[row] for row in rows[name]] for name in rows})


def _once(
    paths: Sequence[Path], said: Sequence[tuple[str, str]], place: Callable[[int], str]
) -> tuple[list[int], list[str]]:
    """Returns the rows without those that repeat another, and a note on these.

    Args:
        paths: The file of each row.
        said: Label and split of each row.
        place: Says where a row stands, for the message.

    Raises:
        RequestError: Two rows say different things of one file.
    """
    first: dict[str, int] = {}
    for row, path in enumerate(paths):
        other = first.setdefault(os.path.normpath(path), row)
        if said[other] != said[row]:
            one, two = (" in ".join(filter(None, said[which])) for which in (other, row))
            raise RequestError(
                f"{place(row)}: {path.name} is {two}, and {one} in {place(other)}; a sound has one "
                "label, and is in one split"
            )
    repeated = len(paths) - len(first)
    return [*first.values()], [f"{repeated:,} rows repeat others"] if repeated else []


def _label_column(source: str, others: list[str], names: list[str], asked: str | None) -> str:
    if asked is not None and asked.lstrip("-").isdecimal() and asked not in names:
        number = int(asked)
        asked = names[number] if -len(names) <= number < len(names) else asked
    if asked is not None and asked not in others:
        raise RequestError(f"{source} has no column {asked!r} of labels; it has {', '.join(names)}")
    if asked is None and len(others) != 1:
        raise RequestError(
            f"{source} has the columns {', '.join(names)}; say which holds the labels: "
            "--label_column=NAME"
        )
    return asked or others[0]


def _splits(cells: Sequence[str], place: Callable[[int], str]) -> list[str]:
    """Returns the split of each row; an empty cell is of the training split."""
    splits = []
    for row, cell in enumerate(cells):
        split = split_of(cell) if cell else "train"
        if split is None:
            raise RequestError(f"{place(row)}: split {cell!r} is not train, val or test")
        splits.append("test" if split == "eval" else split)
    return splits


def _is_sound(cell: str) -> bool:
    return Path(cell.strip().strip('"')).suffix.lower() in SUFFIXES
