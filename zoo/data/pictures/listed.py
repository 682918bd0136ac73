"""A CSV of paths of pictures and their labels."""

from __future__ import annotations

import dataclasses

from zoo.data.dataset import Dataset
from zoo.data.groups import apart_by, group_in
from zoo.data.lists.listed import OPTIONS as OF_LISTS
from zoo.data.lists.listed import find_listed
from zoo.data.lists.paths import lists
from zoo.data.pictures.files import Encoded, check_kind, complete, decode, usual_side
from zoo.data.pictures.folder import SUFFIXES
from zoo.data.reading import Reading
from zoo.printable import printable

KNOWN_AS = "a .csv of paths of pictures"
OPTIONS = OF_LISTS


def claims(source: str, folder: str | None = None) -> bool:
    """Returns whether a source is a CSV that names pictures, in `folder` or beside it."""
    return lists(source, SUFFIXES, folder)


def find(source: str, reading: Reading) -> Encoded:
    """Finds the pictures of a list, see `zoo.data.lists.listed.find_listed`."""
    check_kind(source, reading)
    listed, groups = find_listed(source, reading, SUFFIXES, _group_of)
    places = {
        name: [printable(str(path)) for path in files] for name, files in listed.files.items()
    }
    notes = listed.notes
    if groups is not None:
        count = len({group for part in groups.values() for group in part})
        notes = (*notes, f"no group by {apart_by(reading)!r} ({count:,}) is in two splits")
    encoded = Encoded(
        *(listed.name, listed.labels, listed.files, places, listed.names(), listed.y, notes),
        task=reading.task,
    )
    return complete(encoded, groups, reading.excluded, measured=reading.measured)


def open(source: str, reading: Reading) -> Dataset:
    """Reads a list of pictures. The form keeps what is in one split, for later measurements."""
    encoded = find(source, reading)
    form = reading.form_for(usual_side(encoded))
    dataset = decode(encoded, form, reading.progress, learn=not reading.measured)
    group = apart_by(reading) or ""
    return dataclasses.replace(dataset, form=dataclasses.replace(form, group=group))


def _group_of(path: str, reading: Reading) -> str:
    return group_in(path, apart_by(reading) or "", strict=reading.group is not None) or path
