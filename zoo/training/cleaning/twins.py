"""Examples that are there twice: equal ones, and pictures that were changed a little."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.data.examples import Examples

# Two pictures can be one if their pixels correlate at least so much. Those of different photographs
# of one thing do less (below 0.94 in three sets of photographs), and a JPEG of poor quality, or one
# of half the size, more.
ALIKE = 0.95
# Their thumbnails, which decide what is compared pixel by pixel, correlate even more. And they are
# less than a third as far from each other as from the sixth nearest: centred things on a plain
# ground, such as clothes or digits, are all alike.
_CANDIDATE, _NEARER = 0.96, 0.3
_THUMBNAIL = 16  # Pixels a side.
_MOST = 5  # Candidates of a picture.
_PART = 256  # Pictures that are read at a time.
_ROWS = 1024  # Pictures that are compared with all others at a time.


@dataclass(frozen=True)
class Twins:
    """Two examples that are one.

    Attributes:
        first: Index of one.
        second: Index of the other, which is larger.
        alike: 1 if they are equal, else how much their pixels correlate.
    """

    first: int
    second: int
    alike: float


def equal_examples(x: Iterable[np.ndarray]) -> list[Twins]:
    """Returns for each example that is equal to an earlier one the first such.

    Args:
        x: The inputs of each example.
    """
    first: dict[bytes, int] = {}
    twins = []
    for index, values in enumerate(x):
        key = hashlib.sha256(np.ascontiguousarray(values).data).digest()
        earlier = first.setdefault(key, index)
        if earlier != index:
            twins.append(Twins(earlier, index, 1.0))
    return twins


def twin_pictures(parts: Sequence[Examples]) -> list[Twins]:
    """Returns the pictures that are there twice: equal, of another size or quality, or mirrored.

    Args:
        parts: (pictures, height, width, channels) uint8 of one size; indices count through all.
    """
    keys: dict[bytes, int] = {}
    twins, equal = [], set[int]()
    small: list[np.ndarray] = []
    for index, picture in enumerate(_pictures(parts)):
        earlier = keys.setdefault(hashlib.sha256(picture.tobytes()).digest(), index)
        if earlier != index:
            twins.append(Twins(earlier, index, 1.0))
            equal.add(index)
        small.append(_thumbnail(picture))
    others = [index for index in range(len(small)) if index not in equal]
    vectors = _standardised(np.stack([small[index] for index in others]))
    ends = np.cumsum([len(part) for part in parts])

    def pixels(index: int) -> np.ndarray:
        part = int(np.searchsorted(ends, index, side="right"))
        return parts[part][index - (ends[part] - len(parts[part]))].astype(np.float32)

    for one, other in _candidates(vectors):
        first, second = others[one], others[other]
        here, there = pixels(first), pixels(second)
        alike = max(_correlation(here, there), _correlation(here, there[:, ::-1]))
        if alike >= ALIKE:
            twins.append(Twins(first, second, alike))
    return twins


def _pictures(parts: Sequence[Examples]) -> Iterator[np.ndarray]:
    for part in parts:
        for start in range(0, len(part), _PART):
            yield from part[start : start + _PART]


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    """Returns the means of 16 × 16 areas of a picture's grey, float32."""
    grey = picture.mean(axis=-1, dtype=np.float32)
    for axis, side in enumerate(grey.shape):
        edges = np.arange(min(_THUMBNAIL, side)) * side // min(_THUMBNAIL, side)
        counts = np.diff([*edges, side])
        sums = np.add.reduceat(grey, edges, axis=axis)
        grey = sums / (counts[:, None] if axis == 0 else counts)
    return grey


def _standardised(pictures: np.ndarray) -> np.ndarray:
    """Returns vectors of mean 0 and length 1; a picture of one colour becomes 0."""
    flat = pictures.reshape(len(pictures), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    scaled: np.ndarray = np.where(length > 1e-3, flat / np.maximum(length, 1e-3), 0)
    return scaled.reshape(pictures.shape)


def _candidates(vectors: np.ndarray) -> set[tuple[int, int]]:
    """Returns pairs of thumbnails that correlate, as they are or if one is mirrored."""
    plain = vectors.reshape(len(vectors), -1)
    mirrored = vectors[:, :, ::-1].reshape(len(vectors), -1)
    pairs = set()
    for start in range(0, len(plain), _ROWS):
        rows = plain[start : start + _ROWS]
        alike = np.maximum(rows @ plain.T, rows @ mirrored.T)
        alike[np.arange(len(rows)), np.arange(start, start + len(rows))] = 0
        for row in np.flatnonzero(alike.max(axis=1) >= _CANDIDATE):
            # Sorting all of them took most of the time.
            largest = np.argpartition(-alike[row], min(_MOST, len(plain) - 1))[: _MOST + 1]
            best = largest[np.argsort(-alike[row, largest], kind="stable")]
            sixth = alike[row, best[-1]]
            least = max(_CANDIDATE, 1 - _NEARER * (1 - sixth))
            near = [other for other in best[:_MOST].tolist() if alike[row, other] >= least]
            pairs |= {(min(start + row, other), max(start + row, other)) for other in near}
    return pairs


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one - one.mean(), other - other.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float((one * other).sum()) / length if length else 0.0
