"""ImageNet-1k: its 1,000 labels and the usual statistics of its pixels."""

from __future__ import annotations

import functools
from pathlib import Path

# Of the training images, in units of pixels (0 to 255); torchvision's and timm's values.
IMAGENET_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
IMAGENET_STD = (0.229 * 255, 0.224 * 255, 0.225 * 255)


def imagenet_statistics(channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns mean and deviation for each channel; without RGB, their averages."""
    if channels == 3:
        return IMAGENET_MEAN, IMAGENET_STD
    return (sum(IMAGENET_MEAN) / 3,) * channels, (sum(IMAGENET_STD) / 3,) * channels


@functools.cache
def imagenet_labels() -> tuple[str, ...]:
    """Returns the names of the classes in the usual order, that of the sorted synset ids.

    From Keras's `imagenet_class_index.json` (Apache-2.0), with blanks for underscores. "crane" and
    "maillot" are there twice: two classes each.
    """
    text = Path(__file__).with_name("imagenet_labels.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())
