"""From what `--data` says to a `Dataset` that a model can eat."""

from __future__ import annotations

import dataclasses
from typing import Literal

from zoo.checkpoints.card import Card
from zoo.data.dataset import Dataset
from zoo.data.digits import load_digits
from zoo.data.images import resize_images
from zoo.errors import RequestError
from zoo.models import MODELS

Kind = Literal["image", "features", "sequence"]

SMALLEST, LARGEST = 32, 224


def load_dataset(source: str, kind: Kind = "image", *, image_size: int | None = None) -> Dataset:
    """Loads a data set in the form that a kind of model eats.

    Args:
        source: "digits", the embedded handwritten digits.
        kind: What the model eats: `zoo.models.Architecture.input`.
        image_size: Images: height and width in pixels to scale to; None: the data's own, but from
            32 to 224.

    Returns:
        Images as uint8 RGB (examples, image_size, image_size, 3), features as float32 (examples,
        features), sequences as float32 (examples, steps, features).

    Raises:
        RequestError: There is no such data, it is not of that kind, or the size is under 32.
    """
    if kind == "image":
        return load_images(source, image_size)
    if image_size is not None:
        raise RequestError(f"image size {image_size} makes no sense for a model of a {kind}")
    return _open(source, kind)


def load_images(source: str, image_size: int | None = None) -> Dataset:
    """Loads a data set of images, as `load_dataset` does."""
    if image_size is not None and image_size < SMALLEST:
        raise RequestError(f"image size {image_size} is under {SMALLEST}, the smallest allowed")
    dataset = _open(source, "image")
    height = dataset.train.x.shape[1]
    size = image_size or min(max(height, SMALLEST), LARGEST)
    resized = {
        name: dataclasses.replace(split, x=resize_images(split.x, (size, size)))
        for name in ("train", "validation", "test")
        for split in [getattr(dataset, name)]
    }
    return dataclasses.replace(dataset, **resized)


def load_for(card: Card, source: str) -> Dataset:
    """Loads a data set in the form that a checkpoint eats.

    Args:
        card: Of the checkpoint.
        source: As for `load_dataset`.

    Raises:
        RequestError: There is no such data, or its classes are not those of the checkpoint.
    """
    kind = MODELS.get(card.model).input
    size = card.input.shape[0] if kind == "image" else None
    dataset = load_dataset(source, kind, image_size=size)
    if dataset.labels != card.labels:
        raise RequestError(
            f"{source} has {len(dataset.labels)} classes ({_first(dataset.labels)}), "
            f"the checkpoint {len(card.labels)} ({_first(card.labels)}); they must be the same"
        )
    return dataset


def _first(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:3]) + (", …" if len(labels) > 3 else "")


def _open(source: str, kind: Kind) -> Dataset:
    if source == "digits":
        return load_digits(kind)
    raise RequestError(f"there is no data {source!r}; known: digits")
