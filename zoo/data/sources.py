"""Turns what `--data` names into a `Dataset`: each kind of source has a module that reads it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from zoo.checkpoints.card import Card, task_of
from zoo.data import arrays, digits, hugging_face
from zoo.data.archives import is_archive, unpacked
from zoo.data.dataset import Dataset
from zoo.data.excluding import Excluded, listed, read_excluded
from zoo.data.folders.classes import has_classes
from zoo.data.numbers import as_number
from zoo.data.pictures import folder, shards, tfds
from zoo.data.pictures import listed as pictures_listed
from zoo.data.pictures.files import Encoded, PictureReader
from zoo.data.pictures.folder import PICTURES
from zoo.data.pictures.prepare import resized
from zoo.data.place import place_of
from zoo.data.reading import SMALLEST, Reader, Reading
from zoo.data.recordings import folder as recordings
from zoo.data.recordings import table as recordings_table
from zoo.data.sounds import folder as sounds
from zoo.data.sounds import listed as sounds_listed
from zoo.data.sounds.decode import SOUNDS
from zoo.data.tables import table
from zoo.errors import RequestError
from zoo.forms import Form, Picture, Recording, Sequence, Sound, Table, Vector

AS_IT_IS = Reading()
HIGHEST = 1024  # Pixels a side that may be asked for.

# The first reader that claims a source reads it.
READERS: list[Reader] = [
    *(digits, tfds, arrays, sounds_listed, pictures_listed, table, shards, sounds, recordings),
    folder,
]


# What to do with files that hold a table, by their suffix.
_SPELLED_AS = {
    **dict.fromkeys((".tsv", ".tab", ".txt"), "if it is a table, call it FILE.csv"),
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), "save the sheet as CSV in UTF-8"),
    **dict.fromkeys((".parquet", ".feather", ".json", ".jsonl"), "write its rows into a CSV file"),
}

# What only some readers take, named like the flags. Their `OPTIONS` say which.
_OPTIONS = (
    *("rate", "seconds", "window", "hop", "time_column", "recording_column", "group"),
    *("path_column", "folder", "exclude"),
)


def register(reader: Reader) -> None:
    """Adds a reader in front of the others."""
    READERS.insert(0, reader)


def load_dataset(
    source: str,
    kind: type[Form] = Picture,
    *,
    image_size: int | None = None,
    form: Form | None = None,
    reading: Reading = AS_IT_IS,
) -> Dataset:
    """Loads a data set in the form that a kind of model takes.

    Args:
        source: "digits", the embedded handwritten digits; an `.npz` file (see
            `zoo.data.arrays`); for images a folder of photos (see
            `zoo.data.pictures.folder`), one that `zoo data` packed (see
            `zoo.data.pictures.shards`), a `.csv` of paths and labels (see
            `zoo.data.lists.listed`), or "tfds:NAME" (see `zoo.data.pictures.tfds`);
            a folder of sounds (see `zoo.data.sounds.folder`), or a `.csv` of their paths;
            for features a `.csv` or `.csv.gz` file, or a folder of `train.csv`, `test.csv` and
            perhaps `val.csv` (see `zoo.data.tables.table`); for sequences such files of many
            recordings, or a folder of recordings (see `zoo.data.recordings.folder`); a ZIP or tar
            file of any of these, or the address of such a file (see `zoo.data.archives`);
            "hf:OWNER/NAME" for pictures and sounds (see `zoo.data.hugging_face`).
        kind: What the model takes, a class of `zoo.forms`.
        image_size: Images: height and width in pixels to scale to; None: the data's own, but from
            32 to 224.
        form: How a checkpoint takes pictures, sounds or recordings, see `Reading`.
        reading: How to read it.

    Returns:
        Images as uint8 RGB (examples, image_size, image_size, 3), features as float32 (examples,
        features), sequences as float32 (examples, steps, features), sounds as float32 (examples,
        samples).

    Raises:
        RequestError: There is no such data, it is not of that kind, a split is empty, or the size
            is not from 32 to 1024.
    """
    place = place_of(source, reading)
    source = _on_disk(source, reading)
    reader = _reader_of(source, kind, reading)
    if reading.task.learns == "sets" and reader not in (sounds_listed, pictures_listed):
        raise RequestError(
            f"--task={reading.task.name} needs a .csv of paths with their labels; {source} is "
            f"{reader.KNOWN_AS}"
        )
    for name in _OPTIONS:
        if getattr(reading, name) is not None and name not in getattr(reader, "OPTIONS", ()):
            raise RequestError(f"--{name} makes no sense for {source}, {reader.KNOWN_AS}")
    check_size(image_size, kind)
    reading = dataclasses.replace(reading, kind=kind, image_size=image_size, form=form)
    reading, asked = _excluding(source, reading)
    dataset = reader.open(source, reading)
    if asked is not None:
        notes = (*dataset.notes, *asked.notes(dataset.excluded, source))
        dataset = dataclasses.replace(dataset, notes=notes)
    for name, split in dataset.splits.items():
        may_be_empty = reading.measured or (reading.few and name != "train")
        if not len(split) and not may_be_empty:
            raise RequestError(
                f"{source} has too few examples: none is left for the {name} split; "
                f"{_advice(dataset, reading)}"
            )
    dataset = dataset.map(lambda split: dataclasses.replace(split, task=reading.task))
    pictures = kind is Picture and not isinstance(dataset.form, Sound)
    dataset = resized(dataset, reading) if pictures else dataset
    return dataclasses.replace(dataset, source=place)


def check_size(image_size: int | None, kind: type[Form]) -> None:
    """Refuses a size of pictures that is not from 32 to 1024, or not of pictures.

    Raises:
        RequestError: It is one of these.
    """
    if image_size is None:
        return
    if kind is not Picture:
        raise RequestError(f"image size {image_size} makes no sense: the model takes no picture")
    if image_size < SMALLEST:
        raise RequestError(f"image size {image_size} is under {SMALLEST}, the smallest allowed")
    if image_size > HIGHEST:
        raise RequestError(f"image size {image_size} is over {HIGHEST}, the largest allowed")


def load_for(card: Card, source: str, reading: Reading = AS_IT_IS) -> Dataset:
    """Loads a data set in the form that a checkpoint takes.

    Tables are read with the columns of its card: nothing is fitted to the new data.

    Args:
        card: Card of the checkpoint.
        source: As for `load_dataset`.
        reading: How to read it; the task is that of the card.

    Raises:
        RequestError: There is no such data, it has another shape, or a class that the checkpoint
            lacks; or, unless it is only measured, it lacks one of the checkpoint's.
    """
    reading = dataclasses.replace(reading, task=task_of(card), card=card)
    form = card.input if isinstance(card.input, Picture | Sound | Recording) else None
    learnt = card.training.data if card.training else None
    if learnt and learnt.excluded and reading.exclude is None:
        # Its own data is measured without what it did not learn; that is no matter of other data.
        without = dataclasses.replace(reading, excluded=frozenset(learnt.excluded))
        dataset = load_dataset(source, type(card.input), form=form, reading=without)
        if dataset.excluded and dataset.fingerprint() == learnt.fingerprint:
            note = f"left out, as in the training: {listed(dataset.excluded)}"
            dataset = dataclasses.replace(dataset, notes=(*dataset.notes, note))
        elif dataset.excluded:
            dataset = load_dataset(source, type(card.input), form=form, reading=reading)
    else:
        dataset = load_dataset(source, type(card.input), form=form, reading=reading)
    shape = dataset.example_shape
    if len(shape) != len(card.input.shape) or any(
        wanted not in (None, side) for side, wanted in zip(shape, card.input.shape, strict=True)
    ):
        raise RequestError(
            f"{source} has examples of shape {shape}, the checkpoint takes {card.input.shape}"
        )
    if dataset.task.learns == "values" or dataset.labels == card.labels:
        return dataset
    extra = {*dataset.labels} - {*card.labels}
    lacking = len(card.labels) - len(dataset.labels)
    if extra or (lacking and not reading.measured) or dataset.task.learns == "sets":
        raise RequestError(
            f"{source} has {len(dataset.labels)} classes ({_first(dataset.labels)}), "
            f"the checkpoint {len(card.labels)} ({_first(card.labels)}); they must be the same"
        )
    return numbered(dataset, card.labels)


def find_pictures(source: str, reading: Reading = AS_IT_IS) -> Encoded:
    """Finds the picture files of a source with their classes, and does not decode them.

    Raises:
        RequestError: There is no such data, or it holds no picture files.
    """
    source = _on_disk(source, reading)
    reader = _reader_of(source, Picture, reading)
    if not isinstance(reader, PictureReader):
        kinds = " or ".join(r.KNOWN_AS for r in READERS if isinstance(r, PictureReader))
        raise RequestError(f"{source} holds no picture files; give {kinds}")
    reading, asked = _excluding(source, reading)
    encoded = reader.find(source, reading)
    notes = asked.notes(encoded.excluded, source) if asked else ()
    return dataclasses.replace(encoded, notes=(*encoded.notes, *notes))


def _excluding(source: str, reading: Reading) -> tuple[Reading, Excluded | None]:
    """Returns a reading with the names of the list of `--exclude`, and that list."""
    if reading.exclude is None:
        return reading, None
    asked = read_excluded(reading.exclude, source)
    return dataclasses.replace(reading, excluded=asked.names), asked


def _advice(dataset: Dataset, reading: Reading) -> str:
    """Returns what to do if there are too few examples for three splits."""
    numbers = all(as_number(label) is not None for label in dataset.labels)
    if reading.task.learns == "classes" and numbers and isinstance(dataset.form, Table):
        return "are the labels values? then say --task=regression; or give more of each"
    advice = "give more, from six of each class on, or splits of your own"
    if reading.kind is Picture or isinstance(dataset.form, Sound):
        advice += "; or start from a checkpoint: zoo finetune learns from two of each class on"
    return advice


def _on_disk(source: str, reading: Reading) -> str:
    """Returns what a source is on this disk: an archive unpacked, a data set of the Hub written."""
    if source.startswith(hugging_face.HUB):
        return hugging_face.written(source, reading.label_column, reading.progress)
    return unpacked(source, reading.progress)


def _reader_of(source: str, kind: type[Form], reading: Reading) -> Reader:
    """Returns the module that reads a source for a kind of model."""
    for lists in (sounds_listed, pictures_listed):
        if reading.folder is not None and lists.claims(source, reading.folder):
            return lists
    reader = find_reader(source)
    if reader is table and Path(source).is_dir() and not issubclass(kind, Vector):
        reader = _beside_tables(source, kind)
    if reader is table and kind is Picture and (reading.folder or reading.path_column):
        return pictures_listed  # Which says what it lacks.
    if reader is pictures_listed and kind is not Picture:
        reader = table  # Whose names of pictures are a column like others.
    if reader is table and issubclass(kind, Sequence):
        reader = recordings_table
    return reader


def _beside_tables(source: str, kind: type[Form]) -> Reader:
    """Returns the module that reads a folder of tables for a model that takes no rows of a table.

    Tables beside class folders describe the files in them.

    Raises:
        RequestError: The model takes pictures, and there are no class folders of them.
    """
    if has_classes(Path(source), SOUNDS):
        return sounds
    if kind is not Picture:
        return table
    if has_classes(Path(source), PICTURES):
        return folder
    first = next(iter(table.table_files(source).values()))
    raise RequestError(
        f"{source} is a folder of tables, and the model takes pictures; if a column of "
        f"{first.name} names them, say --data={first} --folder=DIR, where their paths begin; or "
        "choose --model=residual_mlp"
    )


def find_reader(source: str) -> Reader:
    """Returns the module that reads a source.

    Raises:
        RequestError: No module does.
    """
    path = Path(source)
    for reader in READERS:
        if reader.claims(source):
            # Without folders in it, it is no folder of classes.
            for archive in _archives_alone(path):
                raise RequestError(f"{source} holds an archive alone; give that: {archive}")
            return reader
    if path.is_file() and (advice := _SPELLED_AS.get(path.suffix.lower())):
        raise RequestError(f"{path} is no data; {advice}")
    what = f"{path} is no data" if path.is_file() else f"there is no data {source!r}"
    raise RequestError(f"{what}; known: {', '.join(reader.KNOWN_AS for reader in READERS)}")


def _archives_alone(path: Path) -> list[Path]:
    """Returns the archives of a folder that holds no folders."""
    inside = [*path.iterdir()] if path.is_dir() else []
    return [] if any(file.is_dir() for file in inside) else [*filter(is_archive, inside)]


def numbered(dataset: Dataset, labels: tuple[str, ...]) -> Dataset:
    """Returns a data set whose classes have the numbers that they have among other labels.

    Args:
        dataset: Of classes.
        labels: The labels of the data set in another order, perhaps with more.
    """
    number = np.array([labels.index(label) for label in dataset.labels])
    renumbered = dataset.map(lambda split: dataclasses.replace(split, y=number[split.y]))
    return dataclasses.replace(renumbered, labels=labels)


def _first(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:3]) + (", …" if len(labels) > 3 else "")
