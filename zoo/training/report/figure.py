"""A picture of the data on a page, inside the page's file."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from PIL import Image

_SMALLEST = 160  # Least size on the page of a picture's shorter side, in pixels.


def figure(pixels: np.ndarray, *lines: str) -> str:
    """Returns HTML of a picture, with lines of text below it.

    Args:
        pixels: (height, width, channels) from 0 to 255. Without 3 channels, the first is shown.
        lines: Plain text.
    """
    shown = pixels if pixels.shape[-1] == 3 else pixels[..., 0]
    encoded = io.BytesIO()
    Image.fromarray(np.clip(np.rint(shown), 0, 255).astype(np.uint8)).save(encoded, "PNG")
    height, width = shown.shape[:2]
    scale = max(_SMALLEST / min(height, width), 1)
    return (
        f"<figure><img width='{round(scale * width)}' alt='' "
        f"src='data:image/png;base64,{base64.b64encode(encoded.getvalue()).decode()}'>"
        f"<figcaption>{'<br>'.join(map(escape, lines))}</figcaption></figure>"
    )
