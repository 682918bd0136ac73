"""The small ResNets among which a search by budget chooses, and what they surely take.

They are the table's ResNets of basic blocks with other depths and widths: three stages whose widths
double, the first at least as deep as the last.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# The row of `zoo.models.MODELS` whose depths and widths are replaced.
ROW = "resnet8"
_DEPTHS, _UNEVEN = range(1, 6), 2  # Blocks of a stage, and by how many two stages may differ.
_WIDTHS = range(4, 68, 4)  # Of the first stage: kernels of microcontrollers take four at a time.
# Sides of pictures. A 3×3 stem keeps the side, ImageNet's divides it by four.
_SMALL, _LARGE = (32, 48, 64), (64, 96, 128, 160, 192, 224)
# Bytes of a channel's bias and scale, of a block's operations, and of a file without any block.
_CHANNEL, _BLOCK, _FILE = 6, 600, 6_000


@dataclass(frozen=True)
class Network:
    """A small ResNet.

    Attributes:
        depths: Blocks of each stage.
        widths: Width of each stage.
        stem: "small" or "imagenet".
        side: Height and width of a picture.
        channels: Of a picture.
        classes: Width of the logits.
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    stem: str
    side: int
    channels: int
    classes: int

    @property
    def config(self) -> dict[str, Any]:
        """The arguments of the builder that differ from those of `ROW`."""
        stem = {} if self.stem == "small" else {"stem": self.stem}
        return {"depths": list(self.depths), "widths": list(self.widths), **stem}

    @property
    def parameters(self) -> int:
        """Trainable parameters."""
        kernels = sum(size for size, _ in self._kernels())
        return kernels + 2 * self._normalised + self.classes

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one picture."""
        return sum(size * places for size, places in self._kernels())

    @property
    def least_flash(self) -> int:
        """Bytes that the int8 file surely has."""
        kernels = self.parameters - 2 * self._normalised
        return kernels + _CHANNEL * self._normalised + _BLOCK * sum(self.depths) + _FILE

    @property
    def least_arena(self) -> int:
        """Bytes that are surely alive at once: in the first block, what goes in, twice its size."""
        side = self.side if self.stem == "small" else -(-self.side // 4)
        return 3 * side * side * self.widths[0]

    def __str__(self) -> str:
        """Returns the depth and the widths, for a person."""
        layers = 2 * sum(self.depths) + 2
        depths, widths = ("-".join(map(str, sizes)) for sizes in (self.depths, self.widths))
        return f"ResNet-{layers}, blocks {depths}, widths {widths}"

    @property
    def _normalised(self) -> int:
        """Channels that have a batch normalisation."""
        before = (self.widths[0], *self.widths)
        blocks = zip(self.depths, self.widths, before, strict=False)
        return self.widths[0] + sum(
            2 * depth * width + (width if width != given else 0) for depth, width, given in blocks
        )

    def _kernels(self) -> Iterator[tuple[int, int]]:
        """Yields the size of each kernel and the number of places where it is applied."""
        size, side = (3, self.side) if self.stem == "small" else (7, -(-self.side // 2))
        given = self.widths[0]
        yield size * size * self.channels * given, side * side
        if self.stem == "imagenet":
            side = -(-side // 2)
        for stage, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True)):
            side = side if stage == 0 else -(-side // 2)
            for _ in range(depth):
                yield 9 * given * width, side * side
                yield 9 * width * width, side * side
                if given != width:
                    yield given * width, side * side
                given = width
        yield given * self.classes, 1


def networks(
    channels: int, classes: int, sides: Sequence[int], holds: Callable[[int, int], bool]
) -> list[Network]:
    """Lists the networks that may fit, those of the most multiply-accumulates first.

    Under equal limits of memory, networks of more multiply-accumulates learn more (Lin et al. 2020,
    MCUNet, section 3.1).

    Args:
        channels: Of a picture.
        classes: Width of the logits.
        sides: Heights and widths that a picture may have.
        holds: Whether so many bytes of a file and of working memory are not too many.
    """
    depths = [
        depths
        for depths in itertools.product(_DEPTHS, repeat=3)
        if depths[0] >= depths[1] >= depths[2] >= depths[0] - _UNEVEN
    ]
    stems = [("small", side) for side in sides if side <= _SMALL[-1]]
    stems += [("imagenet", side) for side in sides if side >= _LARGE[0]]
    every = (
        Network(blocks, (width, 2 * width, 4 * width), stem, side, channels, classes)
        for (stem, side), width, blocks in itertools.product(stems, _WIDTHS, depths)
    )
    may_fit = (network for network in every if holds(network.least_flash, network.least_arena))
    return sorted(may_fit, key=lambda network: (-network.macs, network.parameters))


def sides_of(own: int) -> tuple[int, ...]:
    """Returns the sides that pictures of a data set may have: at most their own, and from 32 up."""
    return tuple(sorted({side for side in (*_SMALL, *_LARGE, own) if 32 <= side <= own}))
