"""One picture as a checkpoint's card wants it: scaled, cropped, RGB."""

from __future__ import annotations

import numpy as np
from PIL import Image

from zoo.checkpoints.card import Input
from zoo.errors import RequestError

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def prepare_picture(picture: Image.Image, form: Input) -> np.ndarray:
    """Returns a picture in the form that a checkpoint was evaluated on.

    With `form.resize` the shorter side becomes that long and the middle is cut out, to the same
    pixel as torchvision's Resize and CenterCrop; without it the whole picture is scaled.

    Args:
        picture: Of any size and mode.
        form: The card's; its shape is (height, width, 1 or 3).

    Returns:
        (height, width, channels), uint8.

    Raises:
        RequestError: The checkpoint wants channels that a picture does not have.
    """
    match form.shape:
        case (int(height), int(width), 1 | 3 as channels):
            pass
        case _:
            raise RequestError(
                f"a picture is (height, width, 1 or 3 channels), the checkpoint eats {form.shape}"
            )
    picture = picture.convert("L" if channels == 1 else "RGB")
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


def _resized(picture: Image.Image, size: tuple[int, int], form: Input) -> Image.Image:
    resample = _FILTERS[form.interpolation]
    if form.antialias:  # Pillow's `resize` averages over all pixels that one comes from.
        return picture.resize(size, resample)
    if form.interpolation == "lanczos":
        raise RequestError("there is no 'lanczos' without antialias; use 'bicubic'")
    wide, high = (given / wanted for given, wanted in zip(picture.size, size, strict=True))
    return picture.transform(size, Image.Transform.AFFINE, (wide, 0, 0, 0, high, 0), resample)
