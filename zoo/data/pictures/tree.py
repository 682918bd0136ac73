"""Searches a folder for picture files, which are recognised by their first bytes."""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo.data.pictures.decode import BrokenPictureError, is_picture, open_regular

# A file with such a name is a picture, perhaps a broken one. For others the first bytes decide.
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"})
NOT_PICTURES = "no JPEG, PNG, GIF, BMP or WebP files"
LINKS_TO_NOTHING = "links to nothing"
NOT_REGULAR = "pipes, sockets or devices"
READ_ALREADY = "links to folders that are read already or lie above them"
_HOUSEKEEPING = frozenset({"thumbs.db", "desktop.ini"})
_SHOWN = 6


@dataclass
class Folder:
    """A folder and its pictures.

    Attributes:
        path: As it was reached, links included.
        pictures: The picture files directly inside, sorted by name.
        folders: The folders directly inside, linked ones too, sorted by name.
    """

    path: Path
    pictures: list[Path] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)

    def below(self) -> Iterator[Path]:
        """Yields its pictures, then those of the folders inside it, in order."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield from folder.pictures
            waiting += reversed(folder.folders)

    def holds_pictures(self) -> bool:
        """Returns whether there is a picture at any depth."""
        return next(self.below(), None) is not None

    def filled(self) -> list[Folder]:
        """Returns the folders directly inside that hold pictures at any depth."""
        return [folder for folder in self.folders if folder.holds_pictures()]


@dataclass
class LeftOut:
    """What a scan left out, by reason."""

    reasons: dict[str, list[Path]] = field(default_factory=dict)

    def add(self, reason: str, path: Path) -> None:
        """Adds a file or a link."""
        self.reasons.setdefault(reason, []).append(path)

    def notes(self) -> list[str]:
        """Returns a sentence for each reason: kinds of files with their count, or their names."""
        return [
            f"left out, since they are {reason}: "
            + (counted(paths) if reason == NOT_PICTURES else _named(paths))
            for reason, paths in self.reasons.items()
        ]


def scan(path: Path) -> tuple[Folder, LeftOut]:
    """Reads a folder with all that lies below it.

    Links to folders are followed. Each folder is read once, so that circles end and no picture is
    in two classes. Hidden files and those of the system (`Thumbs.db`, `__MACOSX`) do not count.

    Raises:
        OSError: A folder cannot be read.
    """
    top = Folder(path)
    left_out = LeftOut()
    read = {_identity(path.stat())}
    links: deque[tuple[Folder, Path]] = deque()
    _fill(top, left_out, read, links)
    # Links come after the real folders, so that a picture counts where it really is.
    while links:
        parent, link = links.popleft()
        if _identity(link.stat()) in read or _leads_up(link, path):
            left_out.add(READ_ALREADY, link)
            continue
        read.add(_identity(link.stat()))
        folder = Folder(link)
        parent.folders.append(folder)
        parent.folders.sort(key=lambda inner: inner.path.name)
        _fill(folder, left_out, read, links)
    return top, left_out


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
            names = sorted(entry.name for entry in entries if not _hidden(entry.name))
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
                if _is_picture(path):
                    folder.pictures.append(path)
                else:
                    left_out.add(NOT_PICTURES, path)
            elif not stat.S_ISDIR(status.st_mode):
                left_out.add(NOT_REGULAR, path)
            elif path.is_symlink():
                links.append((folder, path))
            elif _identity(status) in read:
                left_out.add(READ_ALREADY, path)
            else:
                read.add(_identity(status))
                inner = Folder(path)
                folder.folders.append(inner)
                waiting.append(inner)


def _is_picture(path: Path) -> bool:
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with open_regular(path) as file:
            return is_picture(file)
    except BrokenPictureError:
        return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _leads_up(link: Path, top: Path) -> bool:
    """Returns whether a link leads to a folder that contains it, or to one above `top`."""
    target = link.resolve()
    return any(path.resolve().is_relative_to(target) for path in (link.parent, top))


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX" or name.lower() in _HOUSEKEEPING
