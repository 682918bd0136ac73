"""Which file a cell of a list names."""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from zoo.data.folders.broken import MOST_BROKEN
from zoo.data.labels import folded
from zoo.data.tables.csv import SEPARATORS, Table, find_separator
from zoo.errors import RequestError

_FEW = 20  # Cells of a column that are looked at.
_LINES = 6  # Lines that decide whether a CSV is a list of files.


class Files:
    """The files of one kind below a folder, by path, or by path without suffix.

    Args:
        folder: Where paths begin.
        suffixes: Of this kind of file, in lower case.
    """

    def __init__(self, folder: Path, suffixes: Collection[str]) -> None:
        self.folder = folder
        self._suffixes = frozenset(suffixes)
        self._below: dict[Path, Mapping[str, Sequence[Path]]] = {}
        self._names: dict[Path, Mapping[str, Sequence[Path]]] = {}

    def of(self, cell: str) -> Sequence[Path]:
        """Returns the files that a cell may mean: none, one, or several that differ in suffix.

        If there is none of that name, those count whose name differs in upper case, or in how its
        letters are composed: a Mac may write "ä" as two characters.
        """
        path = self.folder / (cell if os.sep == "\\" else cell.replace("\\", "/"))
        if not cell or "\0" in cell:
            return ()
        if self.has_suffix(cell) and os.path.isfile(path):
            return (path,)
        if path.parent not in self._names:
            self._names[path.parent] = self._of_kind(self._on_disk(path.parent))
        fitting = self._names[path.parent].get(folded(path.name), ())
        return [file for file in fitting if _stem(file) == path.name] or fitting

    def has_suffix(self, cell: str) -> bool:
        """Returns whether a cell ends like a file of this kind."""
        return Path(cell).suffix.lower() in self._suffixes

    def _of_kind(self, folder: Path) -> Mapping[str, Sequence[Path]]:
        """Returns the files of this kind in a folder, by name but for case, with suffix or not."""
        names: dict[str, list[Path]] = {}
        for path in itertools.chain.from_iterable(self._inside(folder).values()):
            if self.has_suffix(path.name):
                for name in (_stem(path), path.name):
                    names.setdefault(folded(name), []).append(path)
        return names

    def _on_disk(self, folder: Path) -> Path:
        """Returns a folder by its name on the disk, where one alone is alike."""
        if os.path.isdir(folder) or folder == folder.parent:
            return folder
        parent = self._on_disk(folder.parent)
        alike = self._inside(parent).get(folded(folder.name), ())
        return alike[0] if len(alike) == 1 else parent / folder.name

    def _inside(self, folder: Path) -> Mapping[str, Sequence[Path]]:
        """Returns what is in a folder, by name but for case."""
        if folder not in self._below:
            names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
            alike: dict[str, list[Path]] = {}
            for name in names:
                alike.setdefault(folded(name), []).append(folder / name)
            self._below[folder] = alike
        return self._below[folder]


def lists(source: str, suffixes: Collection[str], folder: str | None = None) -> bool:
    """Returns whether a CSV names files of a kind: with their suffix, or such that exist.

    Args:
        source: Path of the file.
        suffixes: Of this kind of file.
        folder: Where the paths begin; None: beside the CSV.
    """
    path = Path(source)
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        lines = [file.readline(2**12) for _ in range(_LINES)]
    separator = find_separator(lines, SEPARATORS)
    rows = [_cells(line, separator) for line in (lines[1:] if lines[1] else lines) if line.strip()]
    files = Files(Path(folder) if folder else path.parent, suffixes)
    if any(map(files.has_suffix, itertools.chain.from_iterable(rows[:1]))):
        return True
    # A number of a table may be the name of one file by chance, but not those of a whole column.
    return any(all(map(files.of, column)) for column in zip(*rows, strict=False))


def path_column(table: Table, files: Files, asked: str | None) -> str:
    """Returns the column of a list that holds the paths.

    Raises:
        RequestError: There is none, or none of the name that is asked for.
    """
    names = list(table.columns)
    if asked is not None:
        if asked not in names:
            raise RequestError(
                f"{table.path} has no column {asked!r} of paths; it has {', '.join(names)}"
            )
        return asked
    for name in names:
        if any(map(files.has_suffix, table.columns[name])):
            return name
    for name in names:
        if any(files.of(cell) for cell in table.columns[name][:_FEW]):
            return name
    raise RequestError(
        f"{table.path}: no column names files in {files.folder}; it has {', '.join(names)}. Say "
        "which holds the paths, --path_column=NAME, and where they begin, --folder=DIR"
    )


def find_files(
    table: Table, column: str, rows: Sequence[int], files: Files
) -> tuple[dict[int, Path], list[str]]:
    """Finds the files of some rows.

    Returns:
        The file of each row that has one, and a note on the others.

    Raises:
        RequestError: More than a twentieth of the files is missing, or a cell without suffix fits
            several files.
    """
    cells = table.columns[column]
    fitting = {row: files.of(cells[row]) for row in rows}
    several = [row for row in rows if len(fitting[row]) > 1]
    if several:
        first = fitting[several[0]]
        raise RequestError(
            f"{table.path}: {len(several):,} of {len(rows):,} ids fit several files, the first "
            f"{cells[several[0]]!r}: {', '.join(path.name for path in first)}; give suffixes, or "
            "keep one of these files"
        )
    missing = [row for row in rows if not fitting[row]]
    known = {row: fitting[row][0] for row in rows if fitting[row]}
    if not missing:
        return known, []
    first_cell = cells[missing[0]]
    said = (
        f"{len(missing):,} of {len(rows):,} files are missing, the first {first_cell!r} "
        f"(line {table.lines[missing[0]]})"
    )
    if len(missing) > MOST_BROKEN * len(rows):
        raise RequestError(
            f"{table.path}: {said}; paths begin in {files.folder}, say where they do: --folder=DIR"
        )
    return known, [f"left out: {said}"]


def _stem(path: Path) -> str:
    return path.name.rpartition(".")[0]


def _cells(line: str, separator: str) -> list[str]:
    cells = next(iter(csv.reader([line.strip()], delimiter=separator)), [])
    return [cell.strip() for cell in cells]
