"""What lies in the user's cache, and how it is cleared."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.cache import BusyError, cache_folder, locked
from zoo.errors import RequestError
from zoo.registry import unknown
from zoo.result import Result, TextTable

# Kinds of things by the folder that holds them; all can be made or fetched again.
_FOLDERS = ("pictures", "archives", "downloads", "hub", "faults")
_NESTED = ("archives", "hub")  # Below the hash of an archive, or the name of a repository.
_CHECKPOINTS = "checkpoints"  # They lie in the cache itself.
KINDS = (*_FOLDERS, _CHECKPOINTS)
ALL = "all"
_CARD = "card.json"
_SHOWN = 10


@dataclass(frozen=True)
class Entry:
    """A thing in the cache.

    Attributes:
        kind: One of `KINDS`.
        path: A folder; of the tracebacks of faults, a file.
        bytes: Of its files.
        seconds: Since it was written.
    """

    kind: str
    path: Path
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Cached(Result):
    """What lies in the cache.

    Attributes:
        folder: The cache.
        entries: What can be cleared, the largest first.
    """

    folder: Path
    entries: tuple[Entry, ...]

    @property
    def bytes(self) -> int:
        """Of all entries."""
        return sum(entry.bytes for entry in self.entries)

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """A row for each kind, and one for each of the largest entries."""
        if not self.entries:
            return ()
        kinds = []
        for kind in KINDS:
            of_kind = [entry for entry in self.entries if entry.kind == kind]
            if of_kind:
                ages = [entry.seconds for entry in of_kind]
                size = _size(sum(entry.bytes for entry in of_kind))
                kinds.append((kind, f"{len(of_kind):,}", size, _age(min(ages)), _age(max(ages))))
        largest = tuple(
            (str(entry.path.relative_to(self.folder)), _size(entry.bytes), _age(entry.seconds))
            for entry in self.entries[:_SHOWN]
        )
        return (
            TextTable(str(self.folder), ("kind", "number", "size", "newest", "oldest"),
                      tuple(kinds)),
            TextTable("The largest", ("path", "size", "age"), largest),
        )  # fmt: skip

    @property
    def lines(self) -> tuple[str, ...]:
        """How to clear it."""
        if not self.entries:
            return (f"{self.folder} holds nothing",)
        return (
            f"{_size(self.bytes)} in all; zoo cache --clear=KIND removes one kind, --clear=all all",
        )


def cached(kind: str = ALL) -> Cached:
    """Returns what lies in the cache.

    Hidden files, links, the hashes of published checkpoints (`pins.json`), and what the zoo did not
    write are no part of it.

    Args:
        kind: One of `KINDS`, or "all".

    Raises:
        RequestError: There is no such kind.
    """
    if kind not in (*KINDS, ALL):
        raise RequestError(unknown("kind", kind, [*KINDS, ALL]))
    folder = cache_folder().absolute()
    entries = [_entry(name, path) for name, path in _places(folder) if kind in (name, ALL)]
    return Cached(folder, tuple(sorted(entries, key=lambda entry: entry.bytes, reverse=True)))


def clear(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Removes entries, except those that another process is writing.

    An entry that is only read may be removed: decoded pictures stay readable for who has opened
    them, and what is missing later is made again.

    Returns:
        The removed entries, and those that were left.
    """
    removed, left = [], []
    for entry in entries:
        try:
            if entry.path.is_file():  # A traceback, which nobody locks.
                entry.path.unlink()
            else:
                _remove(entry.path)
            removed.append(entry)
        except (BusyError, OSError):
            left.append(entry)
    return removed, left


def _remove(folder: Path) -> None:
    with locked(folder, wait=False):
        # Renamed first, so that nobody finds half of it. `locked` removes what a kill leaves.
        hidden = folder.with_name(f".{folder.name}.cleared")
        folder.rename(hidden)
        shutil.rmtree(hidden)


def _places(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yields the kinds and paths of what can be cleared."""
    for kind in _FOLDERS:
        for path in _inside(folder / kind):
            if kind in _NESTED:
                yield from ((kind, inner) for inner in _inside(path))
            else:
                yield kind, path
    for path in _inside(folder):
        if path.name not in _FOLDERS and (path / _CARD).is_file():
            yield _CHECKPOINTS, path


def _inside(folder: Path) -> list[Path]:
    """Returns what a folder holds, without hidden files and links."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    paths = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in paths if not path.is_symlink())


def _entry(kind: str, path: Path) -> Entry:
    size, written = 0, path.stat().st_mtime
    for place, _, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):  # Removed meanwhile.
                size += (Path(place) / name).lstat().st_size
    if path.is_file():
        size = path.stat().st_size
    return Entry(kind, path, size, max(time.time() - written, 0.0))


def _size(count: int) -> str:
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.2f} MB"


def _age(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
