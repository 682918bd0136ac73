"""Pictures of the data on a page, inside the page's file."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from zoo.printable import printable

# A page shows at most about 55 pictures. With this many bytes each, it stays under 3 MB.
_MOST_BYTES = 32_000
_LARGEST = 320  # Longer side of an embedded picture, in pixels.
_SMALL = 64  # Up to this longer side a picture is kept as it is, and its pixels are shown.
_QUALITIES = (85, 70, 50, 30)  # Of JPEG, the next one if the bytes are too many.


def embedded(picture: np.ndarray | Image.Image, *lines: str) -> str:
    """Returns HTML of a picture, with lines of text below it.

    Args:
        picture: (height, width, channels) from 0 to 255, of which the first is shown if they are
            not 3; or a picture of Pillow's, RGB or L.
        lines: Plain text, the first of which is bold. They are the alternative text too.
    """
    image = picture if isinstance(picture, Image.Image) else _image(picture)
    if max(image.size) <= _SMALL:
        kind, data = "png", _encoded(image, "PNG")
    else:
        kind, data = "jpeg", _bounded(image)
    small = " class='small'" if kind == "png" else ""
    first, *others = (escape(printable(line)) for line in lines)
    alt = ", ".join([first, *others])
    return (
        f"<figure><img{small} alt='{alt}' src='data:image/{kind};base64,"
        f"{base64.b64encode(data).decode()}'>"
        f"<figcaption>{'<br>'.join([f'<b>{first}</b>', *others])}</figcaption></figure>"
    )


def strip(figures: list[str]) -> str:
    """Returns pictures side by side."""
    return f"<div class='strip'>{''.join(figures)}</div>"


def _image(pixels: np.ndarray) -> Image.Image:
    shown = pixels if pixels.shape[-1] == 3 else pixels[..., 0]
    return Image.fromarray(np.clip(np.rint(shown), 0, 255).astype(np.uint8))


def _bounded(image: Image.Image) -> bytes:
    """Returns a JPEG of at most `_MOST_BYTES`, the largest and best that keeps to them."""
    image = image.copy()
    image.thumbnail((_LARGEST, _LARGEST), Image.Resampling.LANCZOS)
    while True:
        for quality in _QUALITIES:
            if len(data := _encoded(image, "JPEG", quality=quality)) <= _MOST_BYTES:
                return data
        image.thumbnail((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
