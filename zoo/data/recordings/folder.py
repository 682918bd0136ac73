"""Class folders of recordings, a file each, perhaps in splits."""

from __future__ import annotations

from pathlib import Path

from zoo.data.dataset import Dataset
from zoo.data.folders.classes import find_classes
from zoo.data.folders.tree import Kind, walk
from zoo.data.groups import apart_by, group_in
from zoo.data.pictures.folder import SUFFIXES as OF_PICTURES
from zoo.data.reading import Reading
from zoo.data.recordings.logs import numbers_of
from zoo.data.recordings.windowed import Raw, check_asked, windowed
from zoo.data.sounds.decode import SUFFIXES as OF_SOUNDS
from zoo.data.tables.csv import SEPARATORS, Table, read_table
from zoo.errors import RequestError
from zoo.printable import printable

KNOWN_AS = "a folder of recordings"
OPTIONS = frozenset({"rate", "window", "hop", "time_column", "group", "exclude"})
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".txt")
# A folder that holds such files too is of pictures or sounds, and its text files describe them.
_OTHERS = OF_PICTURES | OF_SOUNDS

RECORDINGS = Kind(
    "recordings", ".csv or .txt files", lambda path: path.name.lower().endswith(SUFFIXES)
)


def claims(source: str) -> bool:
    """Returns whether a source is a folder with text files in its folders, and nothing else."""
    has_files = False
    for folder, names in walk(source):
        if any(Path(name).suffix.lower() in _OTHERS for name in names):
            return False
        inside = folder != Path(source)
        has_files |= inside and any(name.lower().endswith(SUFFIXES) for name in names)
    return has_files


def open(source: str, reading: Reading) -> Dataset:
    """Reads class folders of recordings, see `zoo.data.folders.classes` and `windowed`.

    Raises:
        RequestError: The model takes no sequences, or the recordings cannot be used.
    """
    check_asked(source, reading)
    classed = find_classes(Path(source), RECORDINGS, reading.card.labels if reading.card else None)
    raws = [
        _raw(path, Path(source), split, int(y), reading)
        for split, files in classed.files.items()
        for path, y in zip(files, classed.y[split], strict=True)
    ]
    notes = [note for note in classed.notes if note]
    return windowed(classed.name, classed.labels, raws, reading, notes)


def read_recording(path: Path, header: bool | None = None, wanted: tuple[str, ...] = ()) -> Table:
    """Reads the table of one recording; its cells may also be separated by spaces.

    Raises:
        RequestError: It is no table.
    """
    return read_table(path, header, wanted, separators=SEPARATORS + " ")


def _raw(path: Path, top: Path, split: str, y: int, reading: Reading) -> Raw:
    place = printable(str(path))
    group, name = place, path.relative_to(top).as_posix()
    try:
        table = read_recording(path, reading.header)
    except RequestError as error:
        return Raw(place, split, y, group, name, _without(str(error), path))
    asked, without = apart_by(reading), tuple[str, ...]()
    if asked is not None and asked in table.columns:
        group, without = _in_column(table, asked), (asked,)
    elif asked is not None:
        # A pattern of the checkpoint's own data need not fit the names of new files.
        part = group_in(name, asked, strict=reading.group is not None)
        group = place if part is None else part
    return Raw(place, split, y, group, name, numbers_of(table, without) or "it holds no numbers")


def _in_column(table: Table, name: str) -> str:
    values = dict.fromkeys(table.columns[name])
    if len(values) > 1:
        first, second = list(values)[:2]
        raise RequestError(
            f"{table.path}: column {name!r} holds {first!r} and {second!r}; a recording is of one "
            "group"
        )
    return next(iter(values))


def _without(reason: str, path: Path) -> str:
    """Returns the reason of an error without the path, which stands before it."""
    return reason.removeprefix(str(path)).lstrip(":, ")
