"""The files of class folders, with their classes and splits."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data.folders.splits import arrange
from zoo.data.folders.tree import Folder, Kind, scan
from zoo.data.labels import check_label
from zoo.data.numbers import as_number
from zoo.errors import RequestError
from zoo.printable import printable


@dataclass(frozen=True)
class Classed:
    """The files of a folder, by split.

    Attributes:
        name: Name of the folder.
        labels: Names of the classes.
        files: By split; "train" is among them.
        y: By split: (files,) class indices, int64.
        notes: What was left out, a sentence each.
        folder: Where the names of the files begin.
    """

    name: str
    labels: tuple[str, ...]
    files: Mapping[str, Sequence[Path]]
    y: Mapping[str, np.ndarray]
    notes: tuple[str, ...]
    folder: Path

    def names(self) -> dict[str, list[str]]:
        """Returns the paths of the files from the folder on, by split."""
        return {
            split: [Path(os.path.relpath(path, self.folder)).as_posix() for path in files]
            for split, files in self.files.items()
        }


def find_classes(folder: Path, kind: Kind, labels: tuple[str, ...] | None = None) -> Classed:
    """Finds the files of a folder and their classes.

    They are `FOLDER/CLASS/*`, `FOLDER/SPLIT/CLASS/*` or `FOLDER/CLASS/SPLIT/*`; a split is known by
    its name (see `zoo.data.folders.splits`). Folders inside those of the classes are searched too,
    and links are followed (see `zoo.data.folders.tree`).

    Args:
        folder: The folder.
        kind: The kind of file.
        labels: The classes of a checkpoint, of which the folder may lack some; None: those of the
            training split.

    Raises:
        RequestError: There are no such files, or only one class; the names of two classes differ
            only in case; a split has a class that the training split or the checkpoint lacks;
            folders look like splits, but their names do not say which; something cannot be read.
    """
    try:
        return _find(folder, kind, labels)
    except PermissionError as error:
        raise RequestError(f"{error.filename} may not be read; change its permissions") from error


def has_classes(folder: Path, kind: Kind) -> bool:
    """Returns whether a folder holds two class folders of files of a kind, perhaps in splits."""
    try:
        return len(arrange(scan(folder, kind)[0]).classes["train"]) > 1
    except RequestError:
        return False


def _find(folder: Path, kind: Kind, known: tuple[str, ...] | None) -> Classed:
    top, left_out = scan(folder, kind)
    layout = arrange(top)
    train = layout.roots["train"]
    classes = {
        split: _by_label(given, layout.roots[split]) for split, given in layout.classes.items()
    }
    if not classes["train"]:
        outside = sum(1 for _ in top.below())
        held, files = f"{outside} {kind.plural} outside any class folder", "those"
        if not outside:
            held, files = f"no {kind.plural}{left_out.others()}", kind.formats
        raise RequestError(
            f"{train} holds {held}; put {files} of each class into a folder with its name"
        )
    labels = known or _sorted([*classes["train"]])
    (name, only), *others = classes["train"].items()
    if not others and (not known or (name not in known and only.folders)):
        # A folder whose name is a class, though it holds splits, holds the classes of all of them.
        whole = train / only.path.relative_to(train).parts[0]
        nested = f"if its folders are the classes, give {whole}"
        advice = nested if only.folders else "two are the least"
        raise RequestError(f"{train} has one class only, {name!r}; {advice}")
    for split, given in classes.items():
        extra = [label for label in given if label not in labels]
        if extra:
            first = ", ".join(labels[:6]) + (", …" if len(labels) > 6 else "")
            where = "the checkpoint" if known else str(train)
            raise RequestError(
                f"{layout.roots[split]} has the class {extra[0]!r}, which {where} has "
                f"not ({first}); the classes must be the same"
            )
    number = {label: index for index, label in enumerate(labels)}
    rows = {
        split: [
            (path, number[label]) for label in labels if label in given
            for path in given[label].below()
        ]
        for split, given in classes.items()
    }  # fmt: skip
    return Classed(
        printable(folder.resolve().name),
        labels,
        {split: [path for path, _ in files] for split, files in rows.items()},
        {split: np.array([y for _, y in files], np.int64) for split, files in rows.items()},
        tuple(map(printable, (*layout.notes, *left_out.notes()))),
        folder,
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


def _sorted(labels: list[str]) -> tuple[str, ...]:
    """Sorts numbers by size, and text by letter."""
    numbers = {label: as_number(label) for label in labels}
    if all(number is not None for number in numbers.values()):
        return tuple(sorted(labels, key=lambda label: (numbers[label] or 0.0, label)))
    return tuple(sorted(labels))
