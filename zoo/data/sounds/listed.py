"""A CSV of paths of sounds and their labels."""

from __future__ import annotations

from zoo.data.dataset import Dataset
from zoo.data.lists.listed import OPTIONS as OF_LISTS
from zoo.data.lists.listed import find_listed
from zoo.data.lists.paths import lists
from zoo.data.reading import Reading
from zoo.data.sounds.decode import SUFFIXES
from zoo.data.sounds.files import check_asked, group_of, open_files

KNOWN_AS = "a .csv of paths of sounds"
OPTIONS = OF_LISTS | {"rate", "seconds"}


def claims(source: str, folder: str | None = None) -> bool:
    """Returns whether a source is a CSV that names sound files, in `folder` or beside it."""
    return lists(source, SUFFIXES, folder)


def open(source: str, reading: Reading) -> Dataset:
    """Reads a list of sounds, see `zoo.data.lists.listed.find_listed`."""
    check_asked(source, reading)
    sounds, groups = find_listed(source, reading, SUFFIXES, group_of)
    return open_files(sounds, reading, groups)
