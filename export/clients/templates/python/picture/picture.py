"""Pictures: from files, or seen by the camera. The pixels are those of the training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

FILES, LIVE = "pictures", "look through the camera"
JOINED = False
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def read(path: Path, form: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the pixels of a picture file: upright, transparency on white."""
    with Image.open(path) as file:
        picture: Image.Image = ImageOps.exif_transpose(file)
        if picture.has_transparency_data:
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
        yield "", pixels(picture, form)


def live(form: dict[str, Any]) -> Iterator[np.ndarray]:
    """Yields the pixels of what the camera sees, without end."""
    for frame in camera():
        yield pixels(Image.fromarray(frame), form)


def pixels(picture: Image.Image, form: dict[str, Any]) -> np.ndarray:
    """Returns (height, width, channels) from 0 to 255: scaled, and its middle cut out.

    With `form["resize"]` the shorter side is scaled to that; without, the whole picture to `shape`.
    """
    height, width, channels = form["shape"]
    picture = picture.convert("L" if channels == 1 else "RGB")
    size = (width, height)
    if form["resize"] is not None:
        wide, high = (form["resize"] * side // min(picture.size) for side in picture.size)
        size = (max(width, wide), max(height, high))
    picture = picture.resize(size, FILTERS[form["interpolation"]])
    left, top = round((size[0] - width) / 2), round((size[1] - height) / 2)
    return np.asarray(picture.crop((left, top, left + width, top + height)))


def camera() -> Iterator[np.ndarray]:
    """Yields (height, width, 3) RGB: of the Raspberry Pi's camera, or of another by OpenCV."""
    try:
        from picamera2 import Picamera2
    except ImportError:
        import cv2

        other = cv2.VideoCapture(0)
        while True:
            is_whole, frame = other.read()
            if not is_whole:
                raise SystemExit("the camera gives no picture") from None
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    own = Picamera2()
    # The format whose arrays are in the order red, green, blue has this name.
    own.configure(own.create_preview_configuration({"format": "BGR888", "size": (640, 480)}))
    own.start()
    while True:
        yield own.capture_array()
