"""The one form that data takes between its source and a model."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Split:
    """Examples with their classes.

    Attributes:
        x: Raw model inputs, (examples, ...): uint8 RGB images as (examples, height, width, 3).
        y: Class indices, (examples,), int64.
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Dataset:
    """A labelled data set in three splits.

    Attributes:
        name: What the user calls it ("digits").
        labels: Names of the classes; class i is `labels[i]`.
        train: What the weights are fitted to.
        validation: What epochs and settings are chosen by.
        test: What is reported; never looked at in training.
    """

    name: str
    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of one example, without the batch."""
        return self.train.x.shape[1:]

    def fingerprint(self) -> str:
        """Returns a hash of all examples, classes and label names: equal data, equal hash."""
        digest = hashlib.sha256("\0".join(self.labels).encode())
        for split in (self.train, self.validation, self.test):
            for array in (split.x, split.y):
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def channel_statistics(x: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns mean and standard deviation of each channel over all examples and places.

    A constant channel gets a deviation of 1, so that dividing by it is safe.

    Args:
        x: (examples, ..., channels), of any numeric type.
    """
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axis=axes, dtype=np.float64)
    std = x.std(axis=axes, dtype=np.float64)
    std = np.where(std > 0, std, 1.0)
    return tuple(round(float(m), 4) for m in mean), tuple(round(float(s), 4) for s in std)


def stratified_split(
    y: np.ndarray, fractions: tuple[float, float], seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Splits examples into training, validation and test, class by class.

    Args:
        y: Class of each example.
        fractions: Share of validation and of test.
        seed: The same seed gives the same split.

    Returns:
        Three sorted arrays of indices.
    """
    random = np.random.default_rng(seed)
    parts: list[list[np.ndarray]] = [[], [], []]
    for label in np.unique(y):
        indices = random.permutation(np.flatnonzero(y == label))
        validation = round(len(indices) * fractions[0])
        test = round(len(indices) * fractions[1])
        cuts = np.split(indices, [len(indices) - validation - test, len(indices) - test])
        for part, cut in zip(parts, cuts, strict=True):
            part.append(cut)
    train, validation_, test_ = (np.sort(np.concatenate(part)) for part in parts)
    return train, validation_, test_


def take(split: Split, indices: np.ndarray) -> Split:
    """Returns the examples at those indices."""
    return dataclasses.replace(split, x=split.x[indices], y=split.y[indices])


def balanced_sample(split: Split, count: int, seed: int = 0) -> Split:
    """Returns up to `count` examples, of each class as many as of any other where they last."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(split))
    # The rank of each example inside its class: all firsts, then all seconds, and so on.
    rank = np.empty(len(split), np.int64)
    for label in np.unique(split.y):
        members = shuffled[split.y[shuffled] == label]
        rank[members] = np.arange(len(members))
    return take(split, shuffled[np.argsort(rank[shuffled], kind="stable")][:count])
