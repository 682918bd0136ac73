"""Photo folders: a folder of pictures for each class, perhaps in splits."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from zoo.data.dataset import Dataset
from zoo.data.folders.classes import find_classes
from zoo.data.folders.tree import Kind, scan
from zoo.data.pictures.decode import KINDS, BrokenPictureError, is_picture, open_regular
from zoo.data.pictures.files import Encoded, check_asked, complete, open_files
from zoo.data.reading import Reading
from zoo.errors import RequestError
from zoo.forms import Picture
from zoo.printable import printable

KNOWN_AS = "a folder of photos"
OPTIONS = frozenset({"exclude"})
# A file with such a name is a picture, perhaps a broken one. For others the first bytes decide.
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".gif", ".bmp", ".webp"}
    | {".tif", ".tiff", ".avif", ".heic", ".heif"}
)
# A camera's raw files begin like a TIFF, in which there is only a thumbnail.
_RAW = frozenset(
    {".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef"}
    | {".mos", ".nef", ".nrw", ".pef", ".sr2", ".srf", ".srw"}
)


def claims(source: str) -> bool:
    """Returns whether a source is a folder."""
    return Path(source).is_dir()


def find(source: str, reading: Reading) -> Encoded:
    """Finds the pictures of a folder and their classes, see `find_photos`."""
    if reading.kind is not Picture:
        top, left_out = scan(Path(source), PICTURES)
        if not top.holds_files():
            raise RequestError(
                f"{source} holds no data that is known{left_out.others()}: a table is a .csv file, "
                "or a folder of train.csv and test.csv; sounds and recordings are in a folder for "
                "each class"
            )
    check_asked(source, reading)
    labels = reading.card.labels if reading.card and reading.measured else None
    return find_photos(source, reading.excluded, labels)


def open(source: str, reading: Reading) -> Dataset:
    """Reads a folder of photos, see `find_photos` and `zoo.data.pictures.files.decode`."""
    return open_files(find(source, reading), reading)


def find_photos(
    source: str | os.PathLike[str],
    excluded: Collection[str] = (),
    labels: tuple[str, ...] | None = None,
) -> Encoded:
    """Finds the pictures of a folder and their classes, see `zoo.data.folders.classes`.

    Args:
        source: The folder.
        excluded: Names of pictures to leave out.
        labels: The classes of a checkpoint; None: those of the folder.

    Returns:
        All three splits; missing ones are taken from the training split. Notes say what was left
        out.
    """
    photos = find_classes(Path(source), PICTURES, labels)
    places = {
        split: [printable(str(path)) for path in files] for split, files in photos.files.items()
    }
    names = photos.names()
    encoded = Encoded(
        photos.name, photos.labels, photos.files, places, names, photos.y, photos.notes
    )
    return complete(encoded, excluded=excluded)


def _is_picture(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or suffix in _RAW:
        return suffix in SUFFIXES
    try:
        with open_regular(path) as file:
            return is_picture(file)
    except BrokenPictureError:
        return False


PICTURES = Kind("pictures", f"{KINDS} files", _is_picture)
