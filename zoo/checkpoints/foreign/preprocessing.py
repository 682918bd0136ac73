"""How pictures are prepared for an imported network, and what has to be assumed about it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from zoo.errors import RequestError
from zoo.forms import INTERPOLATIONS, Picture
from zoo.models.imagenet import imagenet_statistics
from zoo.registry import unknown

T = TypeVar("T")

_SIDES = range(8, 4097)  # Pixels.


@dataclass(frozen=True)
class Preprocessing:
    """What one source says about the preparation of pictures; None: it says nothing.

    Attributes:
        image_size: Height and width, in pixels.
        resize: The shorter side before a central crop to `image_size`; "squash": the whole picture
            is scaled to it.
        crop_pct: In place of `resize`: `image_size` as a share of that side (timm's word).
        mean: A value for each channel, or one for all. If no mean and no deviation is over 2, it is
            of pixels from 0 to 1, as in torchvision's `Normalize`; else of pixels from 0 to 255.
        std: The deviations, in the same units.
        interpolation: One of `zoo.forms.INTERPOLATIONS`.
    """

    image_size: tuple[int, int] | None = None
    resize: int | Literal["squash"] | None = None
    crop_pct: float | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    interpolation: str | None = None

    def __post_init__(self) -> None:
        for side in self.image_size or ():
            if side not in _SIDES:
                raise ValueError(f"image_size must be from {_SIDES[0]} to {_SIDES[-1]}, not {side}")
        if isinstance(self.resize, int) and self.resize not in _SIDES:
            raise ValueError(f"resize must be from {_SIDES[0]} to {_SIDES[-1]}, not {self.resize}")
        if self.crop_pct is not None and not 0.1 <= self.crop_pct <= 1:
            raise ValueError(f"crop_pct must be from 0.1 to 1, not {self.crop_pct}")
        if self.resize is not None and self.crop_pct is not None:
            raise ValueError("resize and crop_pct say the same; give one")
        if not all(map(math.isfinite, self.mean or ())):
            raise ValueError(f"mean must be finite, not {self.mean}")
        if not all(math.isfinite(value) and value > 0 for value in self.std or ()):
            raise ValueError(f"std must be finite and positive, not {self.std}")
        if (self.mean is None) != (self.std is None):
            raise ValueError("mean and std belong together; give both")
        if self.interpolation is not None and self.interpolation not in INTERPOLATIONS:
            raise ValueError(unknown("interpolation", self.interpolation, list(INTERPOLATIONS)))


def prepared(said: Iterable[Preprocessing], usual: Picture) -> tuple[Picture, tuple[str, ...]]:
    """Returns the input of a network, and what had to be assumed about it.

    Args:
        said: What the sources say, the most reliable first. For each value the first one counts.
        usual: The assumption for values about which no source says anything.

    Raises:
        RequestError: The crop is larger than the scaled picture.
    """
    said = tuple(said)
    height, width, channels = usual.shape
    assumed = []
    size = _first(one.image_size for one in said)
    if size is None:
        size = (height, width)
        assumed.append(f"{size[0]}×{size[1]} pixels (--image_size)")
    scaling = next((one for one in said if one.resize or one.crop_pct), None)
    if scaling is None:
        resize = None
        if usual.resize is not None and size[0] == size[1]:
            resize = math.floor(size[0] * usual.resize / height)
        assumed.append(
            "the whole picture scaled to that (--resize)"
            if resize is None
            else f"cut from the middle of a shorter side of {resize} (--resize)"
        )
    elif scaling.crop_pct is not None:
        resize = math.floor(min(size) / scaling.crop_pct)
    else:
        resize = None if scaling.resize == "squash" else int(scaling.resize or 0)
    if resize is not None and resize < max(size):
        raise RequestError(
            f"pictures of a shorter side of {resize} cannot be cut to {size[0]}×{size[1]}; give a "
            "larger --resize, or --resize=squash"
        )
    mean, std = usual.mean, usual.std
    statistics = _first(_statistics(one, channels) for one in said)
    if statistics is not None:
        mean, std = statistics
    else:
        assumed.append("ImageNet's mean and deviation (--mean, --std)")
    interpolation = _first(one.interpolation for one in said)
    if interpolation is None:
        assumed.append(f"{usual.interpolation} (--interpolation)")
    form = dataclasses.replace(
        usual,
        shape=(*size, channels),
        mean=mean,
        std=std,
        resize=resize,
        interpolation=interpolation or usual.interpolation,
    )
    return form, tuple(assumed)


def imagenet_input(side: int, channels: int) -> Picture:
    """Returns torchvision's usual preparation: for 224 pixels, the shorter side becomes 256."""
    mean, std = imagenet_statistics(channels)
    return Picture(
        shape=(side, side, channels), mean=mean, std=std, resize=256 if side == 224 else None
    )


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)


def _statistics(
    said: Preprocessing, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Returns mean and deviation of pixels from 0 to 255, for each channel."""
    mean, std = said.mean or (), said.std or ()
    # timm states those of RGB even for weights with another number of channels.
    if not {len(mean), len(std)} <= {1, channels}:
        return None
    scale = 1.0 if max(*mean, *std) > 2 else 255.0
    return (
        tuple(scale * value for value in mean * (channels // len(mean))),
        tuple(scale * value for value in std * (channels // len(std))),
    )
