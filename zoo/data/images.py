"""From pictures of any size to what an image model eats."""

from __future__ import annotations

import numpy as np
from PIL import Image


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
    # Pillow's bilinear filter widens with the scale, so it averages where it shrinks.
    shape = (size[1], size[0])
    return np.stack(
        [np.asarray(Image.fromarray(i).resize(shape, Image.Resampling.BILINEAR)) for i in images]
    )
