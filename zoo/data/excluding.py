"""Examples that are left out at the user's request, by the names of their files.

They are left out after the splits are made, so that all others stay where they are.
"""

from __future__ import annotations

import csv
import os
import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import RequestError

FILE, MARK = "file", "exclude"  # Columns of a list.
UNMARKED = frozenset({"", "no", "n", "0", "false"})  # In lower case.
_TABLES = (".csv", ".tsv")
_SHOWN = 6


@dataclass(frozen=True)
class Excluded:
    """A list of examples to leave out.

    Attributes:
        path: The list.
        meant: The names that each entry may mean.
    """

    path: str
    meant: Mapping[str, frozenset[str]]

    @property
    def names(self) -> frozenset[str]:
        """All names that may be meant."""
        return frozenset().union(*self.meant.values())

    def notes(self, left_out: Sequence[str], source: str) -> list[str]:
        """Returns what was left out, and which entries name nothing.

        Raises:
            RequestError: None of the entries names an example.
        """
        out = frozenset(left_out)
        unknown = [entry for entry, names in self.meant.items() if not names & out]
        if len(unknown) == len(self.meant):
            raise RequestError(
                f"--{MARK}={self.path}: none of its {len(unknown):,} entries is a file of "
                f"{source}, the first {unknown[0]!r}; give paths from there on"
            )
        notes = [f"left out, as {self.path} says: {listed(left_out)}"]
        if unknown:
            notes.append(f"no file of {source}, but named in {self.path}: {listed(unknown)}")
        return notes


def read_excluded(path: str, source: str) -> Excluded:
    """Reads a list of examples to leave out.

    In a `.csv` or `.tsv` file their names are in the column "file", or in the first if none has
    that name; if there is a column "exclude", only rows count that have something in it but "no",
    "0" or "false". In another file each line is a name.

    Args:
        path: The list.
        source: The data. Names may begin in its folder, in the current folder, or at the root.

    Raises:
        RequestError: There is no such file, it is no text, or it names nothing.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="surrogateescape")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise RequestError(f"--{MARK}={path} cannot be read: {why}") from error
    is_table = Path(path).suffix.lower() in _TABLES
    entries = _of_table(path, text) if is_table else [*map(str.strip, text.splitlines())]
    meant = {entry: _meant(entry, source) for entry in entries if entry}
    if not meant:
        raise RequestError(f"--{MARK}={path} names no files; each line names one")
    return Excluded(path, meant)


def kept_rows(
    names: Mapping[str, Sequence[str]], excluded: Collection[str]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Returns by split the rows that stay, and the names of all others.

    Args:
        names: By split: of all examples.
        excluded: Those to leave out.

    Raises:
        RequestError: Nothing stays of a split.
    """
    kept = {
        split: np.flatnonzero([name not in excluded for name in given]).astype(np.int64)
        for split, given in names.items()
    }
    for split, rows in kept.items():
        if len(names[split]) and not len(rows):
            raise RequestError(f"--{MARK} leaves out all of the {split} split")
    out = (name for given in names.values() for name in given if name in excluded)
    return kept, tuple(dict.fromkeys(out))


def as_array(names: Iterable[str]) -> np.ndarray:
    """Returns names as an array of strings that are shared, not copied."""
    names = [*names]
    array = np.empty(len(names), object)
    array[:] = names
    return array


def listed(names: Sequence[str]) -> str:
    """Returns the number of names, and the first of them."""
    more = [f"and {len(names) - _SHOWN:,} more"] if len(names) > _SHOWN else []
    return f"{len(names):,} ({', '.join([*names[:_SHOWN], *more])})"


def _of_table(path: str, text: str) -> list[str]:
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise RequestError(f"--{MARK}={path} is no CSV: {error}") from error
    columns = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if FILE not in columns:
        return [row[0].strip() for row in rows]
    place = columns.index(FILE)
    rows = [row for row in rows[1:] if len(row) > place]
    if MARK not in columns:
        return [row[place].strip() for row in rows]
    mark = columns.index(MARK)
    marked = [r for r in rows if len(r) > mark and r[mark].strip().lower() not in UNMARKED]
    if rows and not marked:
        raise RequestError(
            f"--{MARK}={path}: none of its {len(rows):,} rows has something in the column "
            f"{MARK!r}; write yes where a file is to be left out"
        )
    return [row[place].strip() for row in marked]


def _meant(entry: str, source: str) -> frozenset[str]:
    """Returns the names that an entry may mean: as it is, or seen from the folder of the data."""
    slashed = entry.replace("\\", "/")
    folder = source if os.path.isdir(source) else os.path.dirname(source)
    seen = os.path.relpath(slashed, folder or ".").replace(os.sep, "/")
    return frozenset({entry, posixpath.normpath(slashed), seen})
