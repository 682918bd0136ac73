"""Pictures as a model takes them: scaled, cropped, RGB."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image

from zoo.data.dataset import Dataset, Split
from zoo.data.reading import Reading
from zoo.errors import RequestError
from zoo.forms import Picture

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def prepare_picture(picture: Image.Image, form: Picture) -> np.ndarray:
    """Returns a picture in the form that a checkpoint was evaluated on.

    With `form.resize` the shorter side becomes that long and the middle is cut out. The pixels are
    the same as those of torchvision's Resize and CenterCrop. Without it the whole picture is
    scaled.

    Args:
        picture: A picture of any size and mode.
        form: The card's; its shape is (height, width, 1 or 3).

    Returns:
        (height, width, channels), uint8.

    Raises:
        RequestError: The checkpoint wants channels that a picture does not have.
    """
    height, width, channels = form.shape
    if channels not in (1, 3):
        raise RequestError(
            f"a picture is (height, width, 1 or 3 channels), the checkpoint eats {form.shape}"
        )
    mode = "L" if channels == 1 else "RGB"
    picture = picture if picture.mode == mode else picture.convert(mode)
    if form.resize is None:
        size = (width, height)
    else:
        shorter = min(picture.size)
        wide, high = (form.resize * side // shorter for side in picture.size)
        size = (max(width, wide), max(height, high))
    picture = _resized(picture, size, form)
    left, top = round((size[0] - width) / 2), round((size[1] - height) / 2)
    picture = picture.crop((left, top, left + width, top + height))
    return np.asarray(picture).reshape(height, width, channels)


def _resized(picture: Image.Image, size: tuple[int, int], form: Picture) -> Image.Image:
    resample = _FILTERS[form.interpolation]
    if form.antialias:  # Pillow's `resize` averages over all source pixels.
        return picture.resize(size, resample)
    if form.interpolation == "lanczos":
        raise RequestError("there is no 'lanczos' without antialias; use 'bicubic'")
    wide, high = (given / wanted for given, wanted in zip(picture.size, size, strict=True))
    return picture.transform(size, Image.Transform.AFFINE, (wide, 0, 0, 0, high, 0), resample)


def resized(dataset: Dataset, reading: Reading) -> Dataset:
    """Returns a data set whose images have the size in `reading`."""
    form = reading.form_for(dataset.train.x.shape[1])
    if dataset.example_shape == form.shape:
        return dataset

    def resize(split: Split) -> Split:
        return dataclasses.replace(split, x=resize_images(split.x[:], form.shape[:2]))

    return dataset.map(resize)


def resize_images(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns images as RGB of the given size, bilinear with antialias.

    Args:
        images: (examples, height, width, 1 or 3), uint8.
        size: (height, width) in pixels.

    Returns:
        (examples, *size, 3), uint8.
    """
    images = np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
    if images.shape[1:3] == size:
        return images
    # Pillow's bilinear filter averages when it shrinks.
    shape = (size[1], size[0])
    return np.stack(
        [np.asarray(Image.fromarray(i).resize(shape, Image.Resampling.BILINEAR)) for i in images]
    )
