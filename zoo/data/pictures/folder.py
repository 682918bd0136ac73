"""Photo folders: a folder of pictures for each class, perhaps in splits."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.data.pictures.decode import SUFFIXES
from zoo.data.pictures.files import Encoded, complete
from zoo.data.tables.csv import as_number
from zoo.errors import RequestError

# What the folder of a split may be called, in any case.
SPLITS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
_NOT_PICTURES = frozenset({"thumbs.db", "desktop.ini"})


def find_photos(source: str | os.PathLike[str]) -> Encoded:
    """Finds the pictures of a folder and their classes.

    `FOLDER/CLASS/*.jpg`, or `FOLDER/SPLIT/CLASS/*.jpg` where SPLIT is train and perhaps val and
    test. Folders inside those of the classes are searched too. What is hidden is left out.

    Args:
        source: The folder.

    Returns:
        All three splits: those that it lacks are taken from the training split.

    Raises:
        RequestError: There are no pictures, or one class only; two classes have the same name but
            for case; a split has a class that the training split lacks; something cannot be read.
    """
    folder = Path(source)
    try:
        return _find(folder)
    except PermissionError as error:
        raise RequestError(f"{error.filename} may not be read; change its permissions") from error


def pictures_below(folder: Path, others: Counter[str] | None = None) -> Iterator[Path]:
    """Gives the picture files of a folder and of those inside it, sorted.

    Args:
        folder: Where to look.
        others: Counts the suffixes of the files that are no pictures.
    """

    def refuse(error: OSError) -> None:
        raise error

    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for name in sorted(names):
            path = Path(root, name)
            if _hidden(name) or name.lower() in _NOT_PICTURES:
                continue
            if path.suffix.lower() in SUFFIXES:
                yield path
            elif others is not None:
                others[_printable(path.suffix.lower() or name)] += 1


def _find(folder: Path) -> Encoded:
    notes, others = [], Counter[str]()
    roots = _split_folders(folder)
    found = {split: _classes(root, others) for split, root in roots.items()}
    labels = _sorted([label for label, files in found["train"].items() if files])
    empty = [label for label, files in found["train"].items() if not files]
    if not labels:
        loose = sum(path.suffix.lower() in SUFFIXES for path in roots["train"].iterdir())
        held = f"{loose} pictures outside any class folder" if loose else "no pictures"
        raise RequestError(
            f"{roots['train']} holds {held}; put those of each class into a folder with its name"
        )
    if len(labels) == 1:
        inner = roots["train"] / labels[0]
        nested = any(path.is_dir() for path in inner.iterdir())
        advice = f"if its folders are the classes, give {inner}" if nested else "two are the least"
        raise RequestError(f"{roots['train']} has one class only, {labels[0]!r}; {advice}")
    for split, classes in found.items():
        extra = [label for label, files in classes.items() if files and label not in labels]
        if extra:
            known = ", ".join(labels[:6]) + (", …" if len(labels) > 6 else "")
            raise RequestError(
                f"{roots[split]} has the class {extra[0]!r}, which {roots['train']} has not "
                f"({known}); the classes must be the same"
            )
    if empty:
        notes.append(f"left out for want of pictures: {', '.join(empty[:6])}")
    if others:
        kinds = ", ".join(f"{count} {kind}" for kind, count in others.most_common(6))
        notes.append(f"left out, since they are no JPEG, PNG, GIF, BMP or WebP files: {kinds}")
    number = {label: index for index, label in enumerate(labels)}
    rows = {
        split: [(path, number[label]) for label in labels for path in classes.get(label, [])]
        for split, classes in found.items()
    }
    for split, files in rows.items():
        if not files:
            raise RequestError(f"{roots[split]} holds no pictures; fill it or remove it")
    return complete(
        Encoded(
            name=_printable(folder.resolve().name),
            labels=tuple(labels),
            pictures={split: [path for path, _ in files] for split, files in rows.items()},
            places={
                split: [_printable(path) for path, _ in files] for split, files in rows.items()
            },
            y={split: np.array([y for _, y in files], np.int64) for split, files in rows.items()},
            notes=tuple(notes),
        )
    )


def _split_folders(folder: Path) -> dict[str, Path]:
    """Returns the folder of each split; one without splits is all "train"."""
    found: dict[str, Path] = {}
    for path in _folders(folder):
        for split, names in SPLITS.items():
            if path.name.lower() in names:
                if split in found:
                    raise RequestError(
                        f"{folder} has two folders for the {split} split: {found[split].name} and "
                        f"{path.name}; keep one"
                    )
                found[split] = path
    return found if "train" in found else {"train": folder}


def _classes(root: Path, others: Counter[str]) -> dict[str, list[Path]]:
    classes: dict[str, list[Path]] = {}
    seen: dict[str, str] = {}
    for path in _folders(root):
        label = unicodedata.normalize("NFC", path.name)
        if label != _printable(label):
            raise RequestError(f"{root} has the class {label!r}, which is no UTF-8; rename it")
        other = seen.setdefault(label.casefold(), path.name)
        if other != path.name:
            raise RequestError(
                f"{root} has the classes {other!r} and {path.name!r}, the same but for case; "
                "join or rename them"
            )
        classes[label] = list(pictures_below(path, others))
    return classes


def _sorted(labels: list[str]) -> list[str]:
    """Returns numbers by size, else text by letter."""
    numbers = {label: as_number(label) for label in labels}
    if all(number is not None for number in numbers.values()):
        return sorted(labels, key=lambda label: (numbers[label] or 0.0, label))
    return sorted(labels)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not _hidden(path.name))


def _printable(path: str | os.PathLike[str]) -> str:
    """Returns a path with a sign in place of what is no UTF-8, which no text file takes."""
    return os.fsencode(path).decode(errors="replace")


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
