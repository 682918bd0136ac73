"""From what `--data` says to a `Dataset` that a model can eat."""

from __future__ import annotations

import dataclasses
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from zoo.checkpoints.card import Card, Input
from zoo.data.arrays import load_arrays
from zoo.data.dataset import Dataset
from zoo.data.digits import load_digits
from zoo.data.images import resize_images
from zoo.data.pictures.files import Encoded, Progress, decode, usual_side
from zoo.data.pictures.folder import find_photos
from zoo.data.pictures.shards import is_packed, open_packed
from zoo.data.pictures.tfds import PREFIX, find_tfds
from zoo.data.tables.table import load_table, table_files
from zoo.errors import RequestError
from zoo.models import MODELS, InputKind
from zoo.tasks import Task, find_task
from zoo.tasks.classification import CLASSIFICATION

# Pixels a side: of any image; of one whose size was not asked for; of one that was.
SMALLEST, LARGEST, HIGHEST = 32, 224, 1024


@dataclass(frozen=True)
class Reading:
    """How a source is to be read, where it does not tell by itself.

    Attributes:
        task: What is learnt: classes, or values.
        label_column: Tables: name of the column to tell, or its number from 0, -1 for the last.
        header: Tables: whether the first line holds names; None: as it looks.
        data_dir: "tfds:": where prepared data sets are; None: that of tensorflow-datasets.
        progress: Told how many of how many picture files are decoded.
    """

    task: Task = CLASSIFICATION
    label_column: str | None = None
    header: bool | None = None
    data_dir: str | None = None
    progress: Progress | None = None


def load_dataset(
    source: str,
    kind: InputKind = "image",
    *,
    image_size: int | None = None,
    reading: Reading = Reading(),
) -> Dataset:
    """Loads a data set in the form that a kind of model eats.

    Args:
        source: "digits", the embedded handwritten digits; an `.npz` file (see
            `zoo.data.arrays`); for images a folder of photos (see
            `zoo.data.pictures.folder`), one that `zoo data` packed (see
            `zoo.data.pictures.shards`), or "tfds:NAME" (see `zoo.data.pictures.tfds`);
            for features a `.csv` or `.csv.gz` file, or a folder of `train.csv`, `test.csv` and
            perhaps `val.csv` (see `zoo.data.tables.table`).
        kind: What the model eats: `zoo.models.Architecture.input`.
        image_size: Images: height and width in pixels to scale to; None: the data's own, but from
            32 to 224.
        reading: How to read it.

    Returns:
        Images as uint8 RGB (examples, image_size, image_size, 3), features as float32 (examples,
        features), sequences as float32 (examples, steps, features).

    Raises:
        RequestError: There is no such data, it is not of that kind, or the size is under 32.
    """
    if kind == "image":
        return _to_learn(load_images(source, image_size, reading), reading.task)
    if image_size is not None:
        raise RequestError(f"image size {image_size} makes no sense for a model of a {kind}")
    return _to_learn(_open(source, kind, reading), reading.task)


def _to_learn(dataset: Dataset, task: Task) -> Dataset:
    """Returns a data set whose classes or values are those of a task."""
    splits = (dataset.train, dataset.validation, dataset.test)
    train, validation, test = (dataclasses.replace(split, task=task) for split in splits)
    return dataclasses.replace(dataset, train=train, validation=validation, test=test)


def load_images(
    source: str,
    image_size: int | None = None,
    reading: Reading = Reading(),
    *,
    form: Input | None = None,
) -> Dataset:
    """Loads a data set of images, as `load_dataset` does.

    Args:
        source: As there.
        image_size: As there.
        reading: As there.
        form: How a checkpoint wants picture files to be scaled and cropped, in place of a size.
    """
    refuse_address(source)
    if image_size is not None and image_size < SMALLEST:
        raise RequestError(f"image size {image_size} is under {SMALLEST}, the smallest allowed")
    if image_size is not None and image_size > HIGHEST:
        raise RequestError(f"image size {image_size} is over {HIGHEST}, the largest allowed")
    if form is not None:
        image_size = form.shape[0]

    def prepared(usual: int) -> Input:
        size = image_size or _within(usual)
        return form or Input(shape=(size, size, 3), mean=(), std=())

    if (encoded := _find_pictures(source, reading)) is not None:
        return decode(encoded, prepared(usual_side(encoded)), reading.progress)
    if is_packed(source):
        return open_packed(source, prepared)
    dataset = _open(source, "image", reading)
    size = image_size or _within(dataset.train.x.shape[1])
    resized = {
        name: dataclasses.replace(split, x=resize_images(split.x, (size, size)))
        for name in ("train", "validation", "test")
        for split in [getattr(dataset, name)]
    }
    return dataclasses.replace(dataset, **resized)


def refuse_address(source: str) -> None:
    """Raises a RequestError where a source is an address on the web."""
    if source.startswith(("http://", "https://", "ftp://")):
        raise RequestError(
            f"{source} is an address on the web; download it, unpack it, and give the folder"
        )


def _within(side: int) -> int:
    return min(max(side, SMALLEST), LARGEST)


def _find_pictures(source: str, reading: Reading) -> Encoded | None:
    """Returns the picture files of a source, None where it holds something else."""
    if source.startswith(PREFIX):
        encoded = find_tfds(source, reading.data_dir)
    elif is_packed(source):
        encoded = None
    elif Path(source).is_dir() and not table_files(source):
        encoded = find_photos(source)
    else:
        return None
    if reading.task.learns != "classes":
        raise RequestError(f"{source} holds classes, not values; leave out --task")
    return encoded


def load_for(card: Card, source: str, reading: Reading = Reading()) -> Dataset:
    """Loads a data set in the form that a checkpoint eats.

    Tables are read with the columns of its card: nothing is fitted to the new data.

    Args:
        card: Of the checkpoint.
        source: As for `load_dataset`.
        reading: How to read it; the task is that of the card.

    Raises:
        RequestError: There is no such data, it has another shape, or its classes are not those of
            the checkpoint.
    """
    kind = MODELS.get(card.model).input
    reading = dataclasses.replace(reading, task=find_task(card.task))
    if kind == "image":
        dataset = load_images(source, reading=reading, form=card.input)
    else:
        dataset = _open(source, kind, reading, card)
    dataset = _to_learn(dataset, reading.task)
    shape = dataset.example_shape
    if len(shape) != len(card.input.shape) or any(
        wanted not in (None, side) for side, wanted in zip(shape, card.input.shape, strict=True)
    ):
        raise RequestError(
            f"{source} has examples of shape {shape}, the checkpoint takes {card.input.shape}"
        )
    if dataset.task.learns == "classes" and dataset.labels != card.labels:
        raise RequestError(
            f"{source} has {len(dataset.labels)} classes ({_first(dataset.labels)}), "
            f"the checkpoint {len(card.labels)} ({_first(card.labels)}); they must be the same"
        )
    return dataset


def _first(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:3]) + (", …" if len(labels) > 3 else "")


def _open(source: str, kind: InputKind, reading: Reading, card: Card | None = None) -> Dataset:
    refuse_address(source)
    if source == "digits":
        if reading.task.learns != "classes":
            raise RequestError("digits are classes, not values; leave out --task")
        return load_digits(kind)
    if source.endswith(".npz"):
        labels = card.labels if card else None
        return load_arrays(source, kind, task=reading.task, labels=labels)
    if table_files(source):
        if kind != "features":
            raise RequestError(
                f"{source} is a table, whose rows are features, no {kind} data; "
                "choose --model=residual_mlp"
            )
        if card is not None and card.columns is None:
            raise RequestError(
                f"the checkpoint was not trained on a table, and {source} is one; "
                "give its numbers in an .npz file"
            )
        return load_table(
            source,
            label_column=reading.label_column,
            task=reading.task,
            header=reading.header,
            card=card,
        )
    if source.startswith(PREFIX) or Path(source).is_dir():
        raise RequestError(f"{source} holds pictures, and the model takes {kind}; choose a ResNet")
    if Path(source).is_file():
        raise RequestError(_no_source(Path(source)))
    raise RequestError(
        f"there is no data {source!r}; known: digits, tfds:NAME, a folder of photos, a .csv or "
        ".npz file, a folder of train.csv and test.csv"
    )


def _no_source(path: Path) -> str:
    if zipfile.is_zipfile(path) or tarfile.is_tarfile(path):
        return f"{path} is an archive; unpack it and give the folder"
    return f"{path} is no data: give a folder of photos, or a .csv or .npz file"
