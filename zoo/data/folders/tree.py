"""Searches a folder for files of one kind."""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LINKS_TO_NOTHING = "links to nothing"
NOT_REGULAR = "pipes, sockets or devices"
READ_ALREADY = "links to folders that are read already or lie above them"
# What systems and network drives keep beside a user's files: thumbnails, bins, snapshots.
_HOUSEKEEPING = frozenset(
    {"thumbs.db", "desktop.ini", "$recycle.bin", "system volume information"}  # Windows.
    | {"__macosx", "lost+found"}  # Mac, Linux.
    | {"@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot"}  # Synology, QNAP.
)
_SHOWN = 6


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        plural: Its name in messages, such as "pictures".
        formats: Its formats in messages, such as "JPEG or PNG files".
        holds: Whether a regular file is of this kind.
    """

    plural: str
    formats: str
    holds: Callable[[Path], bool]

    @property
    def others(self) -> str:
        """Why other files are left out."""
        return f"no {self.formats}"


@dataclass
class Folder:
    """A folder and its files of one kind.

    Attributes:
        path: As it was reached, links included.
        kind: The kind.
        files: The files of that kind directly inside, sorted by name.
        folders: The folders directly inside, linked ones too, sorted by name.
    """

    path: Path
    kind: Kind
    files: list[Path] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)

    def below(self) -> Iterator[Path]:
        """Yields its files, then those of the folders inside it, in order."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield from folder.files
            waiting += reversed(folder.folders)

    def holds_files(self) -> bool:
        """Returns whether there is a file of the kind at any depth."""
        return next(self.below(), None) is not None

    def filled(self) -> list[Folder]:
        """Returns the folders directly inside that hold such files at any depth."""
        return [folder for folder in self.folders if folder.holds_files()]


@dataclass
class LeftOut:
    """What a scan left out, by reason.

    Attributes:
        kind: The kind of file that it looked for.
        reasons: The files and links by reason.
    """

    kind: Kind
    reasons: dict[str, list[Path]] = field(default_factory=dict)

    def add(self, reason: str, path: Path) -> None:
        """Adds a file or a link."""
        self.reasons.setdefault(reason, []).append(path)

    def others(self) -> str:
        """Returns ", but 3 .txt" for files of other kinds, or nothing, for a message."""
        others = self.reasons.get(self.kind.others)
        return f", but {counted(others)}" if others else ""

    def notes(self) -> list[str]:
        """Returns a sentence for each reason: kinds of files with their count, or their names."""
        return [
            f"left out, since they are {reason}: "
            + (counted(paths) if reason == self.kind.others else _named(paths))
            for reason, paths in self.reasons.items()
        ]


def scan(path: Path, kind: Kind) -> tuple[Folder, LeftOut]:
    """Reads a folder with all that lies below it.

    Links to folders are followed. Each folder is read once, so that circles end and no file is
    in two classes. What is `hidden` does not count.

    Raises:
        OSError: A folder cannot be read.
    """
    top = Folder(path, kind)
    left_out = LeftOut(kind)
    read = {_identity(path.stat())}
    links: deque[tuple[Folder, Path]] = deque()
    _fill(top, left_out, read, links)
    # Links come after the real folders, so that a file counts where it really is.
    while links:
        parent, link = links.popleft()
        if _identity(link.stat()) in read or _leads_up(link, path):
            left_out.add(READ_ALREADY, link)
            continue
        read.add(_identity(link.stat()))
        folder = Folder(link, kind)
        parent.folders.append(folder)
        parent.folders.sort(key=lambda inner: inner.path.name)
        _fill(folder, left_out, read, links)
    return top, left_out


def hidden(name: str) -> bool:
    """Returns whether a file or folder is hidden, or the system's own (`Thumbs.db`, `@eaDir`)."""
    return name.startswith(".") or name.lower() in _HOUSEKEEPING


def walk(top: str | Path) -> Iterator[tuple[Path, list[str]]]:
    """Yields each real folder from `top` on and the names of its files, without what is hidden."""
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if not hidden(name)]
        yield Path(folder), [name for name in files if not hidden(name)]


def counted(paths: Sequence[Path]) -> str:
    """Returns the number of files by suffix, as in "3 .txt, 1 README"."""
    kinds = Counter(path.suffix.lower() or path.name for path in paths)
    rest = sum(kinds.values()) - sum(count for _, count in kinds.most_common(_SHOWN))
    more = [f"{rest:,} others"] if rest else []
    return ", ".join([f"{count:,} {kind}" for kind, count in kinds.most_common(_SHOWN)] + more)


def _named(paths: Sequence[Path]) -> str:
    more = [f"and {len(paths) - _SHOWN:,} more"] if len(paths) > _SHOWN else []
    return ", ".join([*map(str, paths[:_SHOWN]), *more])


def _fill(
    top: Folder,
    left_out: LeftOut,
    read: set[tuple[int, int]],
    links: deque[tuple[Folder, Path]],
) -> None:
    """Reads a folder and the real folders below it; links to others are kept for later."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder.path) as entries:
            names = sorted(entry.name for entry in entries if not hidden(entry.name))
        for name in names:
            path = folder.path / name
            try:
                status = path.stat()
            except PermissionError:
                raise
            except OSError:  # Removed meanwhile, or a link to itself.
                left_out.add(LINKS_TO_NOTHING, path)
                continue
            if stat.S_ISREG(status.st_mode):
                if folder.kind.holds(path):
                    folder.files.append(path)
                else:
                    left_out.add(folder.kind.others, path)
            elif not stat.S_ISDIR(status.st_mode):
                left_out.add(NOT_REGULAR, path)
            elif path.is_symlink():
                links.append((folder, path))
            elif _identity(status) in read:
                left_out.add(READ_ALREADY, path)
            else:
                read.add(_identity(status))
                inner = Folder(path, folder.kind)
                folder.folders.append(inner)
                waiting.append(inner)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _leads_up(link: Path, top: Path) -> bool:
    """Returns whether a link leads to a folder that contains it, or to one above `top`."""
    target = link.resolve()
    return any(path.resolve().is_relative_to(target) for path in (link.parent, top))
