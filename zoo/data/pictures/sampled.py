"""What a few pictures of a data set say of all: their usual size, and whether they are too dark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.data.pictures.decode import brightest, picture_size

_SAMPLED = 64
_DIM = 1 / 16  # 12-bit data in 16 bits is darker than this.


def usual_side(pictures: Sequence[Path | bytes]) -> int | None:
    """Returns the median of the shorter sides of some pictures, in pixels; None: all are broken."""
    sizes = [picture_size(picture) for picture in _sample(pictures)]
    sides = [min(size) for size in sizes if size is not None]
    return int(np.median(sides)) if sides else None


def dim_note(pictures: Sequence[Path | bytes]) -> list[str]:
    """Returns a note if pictures of 16 bits are so dark that their numbers may have fewer bits."""
    lights = [light for picture in _sample(pictures) if (light := brightest(picture)) is not None]
    dim = sum(light < _DIM for light in lights)
    if not dim:
        return []
    return [
        f"{dim} of {len(lights)} pictures of 16 bits that were looked at are nearly black, under a "
        "sixteenth of white; if their numbers have 12 bits, multiply them by 16"
    ]


def _sample(pictures: Sequence[Path | bytes]) -> list[Path | bytes]:
    chosen = np.linspace(0, len(pictures) - 1, min(_SAMPLED, len(pictures))).astype(int)
    return [pictures[index] for index in chosen]
