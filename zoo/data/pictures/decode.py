"""A picture file as a person sees it: upright, in 8 bits, on white."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np

# Each registers its format. Pillow would do so at the first picture, and not safely in threads.
from PIL import (  # noqa: F401
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from zoo.checkpoints.card import Input
from zoo.data.pictures.prepare import prepare_picture
from zoo.errors import RequestError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"})
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")


class BrokenPictureError(RequestError):
    """A file that is no picture, or not a whole one. The message is the reason alone."""


def decode_picture(source: Path | bytes, form: Input) -> np.ndarray:
    """Returns a picture file in the form that a model eats.

    Args:
        source: The file or its bytes: JPEG, PNG, GIF (its first picture), BMP or WebP.
        form: Size, crop and interpolation, see `zoo.data.pictures.prepare.prepare_picture`.

    Returns:
        (height, width, channels), uint8.

    Raises:
        BrokenPictureError: It cannot be decoded, whole.
        RequestError: The file may not be read.
    """
    return prepare_picture(open_picture(source), form)


def open_picture(source: Path | bytes) -> Image.Image:
    """Returns a picture file decoded: mode RGB or L, 8 bits, upright, transparency on white.

    Raises:
        BrokenPictureError: It cannot be decoded, whole.
        RequestError: The file may not be read.
    """
    content = source if isinstance(source, bytes) else _read(source)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            picture.load()
            return _as_seen(picture)
    # What Pillow raises for what is wrong inside a file, by format.
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, struct.error,
            Image.DecompressionBombError) as error:  # fmt: skip
        raise BrokenPictureError(_reason(error, content)) from error


def picture_size(source: Path | bytes) -> tuple[int, int] | None:
    """Returns (height, width) from the head of a file, None where it cannot be had."""
    content = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(content, formats=FORMATS) as picture:
            return picture.height, picture.width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise RequestError(f"{path} may not be read; change its permissions") from error


def _as_seen(picture: Image.Image) -> Image.Image:
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        # 16 bits of grey. Pillow's own conversion would cut all above 255 off.
        values = np.asarray(picture).astype(np.float64) / 257
        return Image.fromarray(np.clip(values.round(), 0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        seen = Image.new("RGBA", picture.size, "white")
        seen.alpha_composite(picture.convert("RGBA"))
        return seen.convert("RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _reason(error: Exception, content: bytes) -> str:
    if not content:
        return "the file is empty"
    if isinstance(error, UnidentifiedImageError):
        return "not a JPEG, PNG, GIF, BMP or WebP picture"
    return str(error) or type(error).__name__
