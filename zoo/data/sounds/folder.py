"""Folders of sounds: a folder for each class, perhaps in splits."""

from __future__ import annotations

import itertools
from pathlib import Path

from zoo.data.dataset import Dataset
from zoo.data.folders.classes import find_classes
from zoo.data.folders.tree import walk
from zoo.data.groups import apart_by
from zoo.data.pictures.folder import SUFFIXES as OF_PICTURES
from zoo.data.reading import Reading
from zoo.data.sounds.decode import SOUNDS, SUFFIXES
from zoo.data.sounds.files import check_asked, group_of, open_files

KNOWN_AS = "a folder of sounds"
OPTIONS = frozenset({"rate", "seconds", "group", "exclude"})
_UNREAD = frozenset({".m4a", ".aac", ".amr", ".caf", ".3gp", ".wma"})
_LOOKED_AT = 2_000  # Files whose names decide of which kind a folder is.


def claims(source: str) -> bool:
    """Returns whether a folder holds sounds, and not fewer of them than pictures.

    A folder of nothing but sounds of other formats is one too, and is refused by their names.
    """
    names = (name for _, files in walk(source) for name in files)
    suffixes = [Path(name).suffix.lower() for name in itertools.islice(names, _LOOKED_AT)]
    sounds = sum(suffix in SUFFIXES for suffix in suffixes)
    if not sounds:
        return bool(suffixes) and _UNREAD.issuperset(suffixes)
    return sounds >= sum(suffix in OF_PICTURES for suffix in suffixes)


def open(source: str, reading: Reading) -> Dataset:
    """Reads a folder of sounds, see `zoo.data.folders` and `zoo.data.sounds.files`."""
    check_asked(source, reading)
    labels = reading.card.labels if reading.card and reading.measured else None
    sounds = find_classes(Path(source), SOUNDS, labels)
    if apart_by(reading) is None:
        return open_files(sounds, reading)
    groups = {
        split: [group_of(name, reading) for name in names]
        for split, names in sounds.names().items()
    }
    return open_files(sounds, reading, groups)
