"""From what `--data` says to a `Dataset` that a model can eat."""

from __future__ import annotations

import dataclasses

from zoo.checkpoints.card import Card
from zoo.data.dataset import Dataset
from zoo.data.digits import load_digits
from zoo.data.images import resize_images
from zoo.errors import RequestError

SMALLEST, LARGEST = 32, 224


def load_images(source: str, image_size: int | None = None) -> Dataset:
    """Loads a data set of images.

    Args:
        source: "digits", the embedded handwritten digits.
        image_size: Height and width in pixels to scale to; None: the data's own, but from 32 to
            224.

    Returns:
        Images as uint8 RGB, (examples, image_size, image_size, 3).

    Raises:
        RequestError: There is no such data, or the size is under 32.
    """
    if image_size is not None and image_size < SMALLEST:
        raise RequestError(f"image size {image_size} is under {SMALLEST}, the smallest allowed")
    dataset = _open(source)
    size = image_size or min(max(dataset.example_shape[0], SMALLEST), LARGEST)
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
        source: As for `load_images`.

    Raises:
        RequestError: There is no such data, or its classes are not those of the checkpoint.
    """
    dataset = load_images(source, card.input.shape[0])
    if dataset.labels != card.labels:
        raise RequestError(
            f"{source} has {len(dataset.labels)} classes ({_first(dataset.labels)}), "
            f"the checkpoint {len(card.labels)} ({_first(card.labels)}); they must be the same"
        )
    return dataset


def _first(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:3]) + (", …" if len(labels) > 3 else "")


def _open(source: str) -> Dataset:
    if source == "digits":
        return load_digits()
    raise RequestError(f"there is no data {source!r}; known: digits")
