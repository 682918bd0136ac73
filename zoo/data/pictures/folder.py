"""Photo folders: a folder of pictures for each class, perhaps in splits."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.data.dataset import Dataset
from zoo.data.labels import check_label
from zoo.data.numbers import as_number
from zoo.data.pictures.files import Encoded, check_asked, complete, open_files
from zoo.data.pictures.splits import arrange
from zoo.data.pictures.tree import Folder, scan
from zoo.data.reading import Reading
from zoo.errors import RequestError
from zoo.printable import printable

KNOWN_AS = "a folder of photos"


def claims(source: str) -> bool:
    """Returns whether a source is a folder."""
    return Path(source).is_dir()


def find(source: str, reading: Reading) -> Encoded:
    """Finds the pictures of a folder and their classes, see `find_photos`."""
    check_asked(source, reading)
    return find_photos(source)


def open(source: str, reading: Reading) -> Dataset:
    """Reads a folder of photos, see `find_photos` and `zoo.data.pictures.files.decode`."""
    return open_files(find(source, reading), reading)


def find_photos(source: str | os.PathLike[str]) -> Encoded:
    """Finds the pictures of a folder and their classes.

    The files are `FOLDER/CLASS/*.jpg`, `FOLDER/SPLIT/CLASS/*.jpg` or `FOLDER/CLASS/SPLIT/*.jpg`; a
    split is known by its name (see `zoo.data.pictures.splits`). Folders inside those of the classes
    are searched too, and links are followed (see `zoo.data.pictures.tree`).

    Args:
        source: The folder.

    Returns:
        All three splits; missing ones are taken from the training split. Notes say what was left
        out.

    Raises:
        RequestError: There are no pictures, or only one class; the names of two classes differ only
            in case; a split has a class that the training split lacks; folders look like splits,
            but their names do not say which; something cannot be read.
    """
    folder = Path(source)
    try:
        return _find(folder)
    except PermissionError as error:
        raise RequestError(f"{error.filename} may not be read; change its permissions") from error


def _find(folder: Path) -> Encoded:
    top, left_out = scan(folder)
    layout = arrange(top)
    train = layout.roots["train"]
    classes = {
        split: _by_label(given, layout.roots[split]) for split, given in layout.classes.items()
    }
    labels = _sorted([*classes["train"]])
    if not labels:
        held = f"{len(top.pictures)} pictures outside any class folder"
        raise RequestError(
            f"{train} holds {held if top.pictures else 'no pictures'}; put those of each class "
            "into a folder with its name"
        )
    if len(labels) == 1:
        only = classes["train"][labels[0]]
        nested = f"if its folders are the classes, give {only.path}"
        advice = nested if only.folders else "two are the least"
        raise RequestError(f"{train} has one class only, {labels[0]!r}; {advice}")
    for split, given in classes.items():
        extra = [label for label in given if label not in labels]
        if extra:
            known = ", ".join(labels[:6]) + (", …" if len(labels) > 6 else "")
            raise RequestError(
                f"{layout.roots[split]} has the class {extra[0]!r}, which {train} has "
                f"not ({known}); the classes must be the same"
            )
    number = {label: index for index, label in enumerate(labels)}
    rows = {
        split: [
            (path, number[label]) for label in labels if label in given
            for path in given[label].below()
        ]
        for split, given in classes.items()
    }  # fmt: skip
    return complete(
        Encoded(
            name=printable(folder.resolve().name),
            labels=tuple(labels),
            pictures={split: [path for path, _ in files] for split, files in rows.items()},
            places={
                split: [printable(str(path)) for path, _ in files] for split, files in rows.items()
            },
            y={split: np.array([y for _, y in files], np.int64) for split, files in rows.items()},
            notes=tuple(map(printable, (*layout.notes, *left_out.notes()))),
        )
    )


def _by_label(classes: Sequence[tuple[str, Folder]], root: Path) -> dict[str, Folder]:
    by_label: dict[str, Folder] = {}
    seen: dict[str, str] = {}
    for name, folder in classes:
        label = unicodedata.normalize("NFC", name)
        check_label(label, str(root))
        other = seen.setdefault(label.casefold(), name)
        if other != name:
            raise RequestError(
                f"{root} has the classes {other!r} and {name!r}, the same but for case; "
                "join or rename them"
            )
        by_label[label] = folder
    return by_label


def _sorted(labels: list[str]) -> list[str]:
    """Sorts numbers by size, and text by letter."""
    numbers = {label: as_number(label) for label in labels}
    if all(number is not None for number in numbers.values()):
        return sorted(labels, key=lambda label: (numbers[label] or 0.0, label))
    return sorted(labels)
