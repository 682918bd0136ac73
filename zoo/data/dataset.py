"""The one form that data takes between its source and a model."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from zoo.checkpoints.card import Columns
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION

# Deviations from the mean that no training example goes beyond once it is normalised.
FARTHEST = 10.0
_SAMPLED = 4096  # Packed pictures that statistics are taken from.
_PART = 256  # Examples that statistics are summed over at a time.


@dataclass(frozen=True)
class Split:
    """Examples with what is to be told of them.

    Attributes:
        x: Raw model inputs: images (examples, height, width, channels) uint8, features (examples,
            features) float32, or sequences (examples, steps, features) float32. Large ones may
            be a mapped file, or `zoo.data.pictures.shards.PackedPictures`.
        y: (examples,): class indices, int64; or the values of a regression, float32.
        lengths: Sequences of varied length: (examples,) true numbers of steps, int64. The steps
            after them are exactly zero.
        task: What is learnt of them, which says what `y` holds.
    """

    x: np.ndarray
    y: np.ndarray
    lengths: np.ndarray | None = None
    task: Task = CLASSIFICATION

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Dataset:
    """A labelled data set in three splits.

    Attributes:
        name: What the user calls it ("digits").
        labels: Names of the classes; class i is `labels[i]`. Of a regression: of its one value.
        train: What the weights are fitted to.
        validation: What epochs and settings are chosen by.
        test: What is reported; never looked at in training.
        columns: How a table's cells became features; None where the source holds numbers.
        notes: What the reader of the source decided and its user should know, a sentence each.
        divided: Whether the source has no test split of its own, so that this one was taken from
            the examples that another model may have been trained on.
    """

    name: str
    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    columns: Columns | None = None
    notes: tuple[str, ...] = ()
    divided: bool = False

    @property
    def task(self) -> Task:
        """What is learnt, the same of all splits."""
        return self.train.task

    @property
    def example_shape(self) -> tuple[int | None, ...]:
        """Shape of one example, without the batch; steps of varied number are None."""
        shape = self.train.x.shape[1:]
        return shape if self.train.lengths is None else (None, *shape[1:])

    def map(self, change: Callable[[Split], Split]) -> Dataset:
        """Returns the data set with each of its splits changed."""
        return dataclasses.replace(
            self,
            train=change(self.train),
            validation=change(self.validation),
            test=change(self.test),
        )

    def split(self, name: str) -> Split:
        """Returns "train", "validation", "test", or with "all" the three as one."""
        if name != "all":
            return getattr(self, name)
        splits = (self.train, self.validation, self.test)
        if self.train.lengths is None:
            return Split(
                np.concatenate([split.x for split in splits]),
                np.concatenate([split.y for split in splits]),
                task=self.task,
            )
        steps = max(split.x.shape[1] for split in splits)
        return Split(
            np.concatenate(
                [np.pad(s.x, ((0, 0), (0, steps - s.x.shape[1]), (0, 0))) for s in splits]
            ),
            np.concatenate([split.y for split in splits]),
            np.concatenate([s.lengths for s in splits if s.lengths is not None]),
            self.task,
        )

    def fingerprint(self) -> str:
        """Returns a hash of all examples, classes and label names: equal data, equal hash."""
        digest = hashlib.sha256("\0".join(self.labels).encode(errors="surrogatepass"))
        for split in (self.train, self.validation, self.test):
            packed = getattr(split.x, "fingerprint", None)  # See `zoo.data.pictures.shards`.
            digest.update(packed() if packed else np.ascontiguousarray(split.x).data)
            digest.update(np.ascontiguousarray(split.y).data)
        return digest.hexdigest()


def input_statistics(dataset: Dataset) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns the mean and the deviation by which a model standardises its raw inputs.

    Those of the training split; of an encoded table 0 and 1. Its features go from 0 to 1, most are
    one of the two, and int8 holds them as they are: on UCI Adult the edge file came to 44 dB,
    standardised to 30.
    """
    if dataset.columns is None:
        return channel_statistics(dataset.train)
    features = dataset.train.x.shape[-1]
    return (0.0,) * features, (1.0,) * features


def channel_statistics(split: Split) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns mean and standard deviation of each channel over all examples and places.

    Padded steps do not count. A constant channel gets a deviation of 1, so that dividing by it is
    safe. A deviation is raised where an example would lie further than ten of them from the mean:
    a pixel or a category that is almost always off would else be louder than all others, and its
    range would cost the int8 file the resolution of the rest. Of packed pictures some thousands,
    evenly spread, stand for all.

    Args:
        split: With x (examples, ..., channels), of any numeric type.
    """
    x = split.x
    if not isinstance(x, np.ndarray):
        x = x[np.linspace(0, len(x) - 1, min(len(x), _SAMPLED)).astype(int)]
    if split.lengths is not None:
        x = x[np.arange(x.shape[1]) < split.lengths[:, None]]
    axes = tuple(range(x.ndim - 1))
    # Part by part: float64 takes eight times the memory of pixels.
    parts = [x[start : start + _PART] for start in range(0, len(x), _PART)]
    count = x.size / x.shape[-1]
    mean = sum(part.sum(axis=axes, dtype=np.float64) for part in parts) / count
    std = np.sqrt(sum(((part - mean) ** 2).sum(axis=axes) for part in parts) / count)
    farthest = np.maximum(x.max(axis=axes) - mean, mean - x.min(axis=axes))
    std = np.where(std > 0, np.maximum(std, farthest / FARTHEST), 1.0)
    # Significant digits, not decimals: the units may be small.
    return tuple(float(f"{m:.6g}") for m in mean), tuple(float(f"{s:.6g}") for s in std)


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


def divide(
    y: np.ndarray, task: Task, given: Collection[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divides the training examples of a source that does not have all three splits.

    A tenth becomes the validation split and a fifth the test split, class by class, always the
    same; of splits that the source has, nothing.

    Args:
        y: The truth of the training examples.
        task: What it is.
        given: Which of "validation" and "test" the source has.

    Returns:
        Indices for training, validation and test.
    """
    validation = 0.0 if "validation" in given else 0.1
    return stratified_split(task.strata(y), (validation, 0.0 if "test" in given else 0.2))


def take(split: Split, indices: np.ndarray) -> Split:
    """Returns the examples at those indices."""
    lengths = None if split.lengths is None else split.lengths[indices]
    return Split(split.x[indices], split.y[indices], lengths, split.task)


def balanced_sample(split: Split, count: int, seed: int = 0) -> Split:
    """Returns up to `count` examples, of each class as many as of any other where they last."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(split))
    strata = split.task.strata(split.y)
    # The rank of each example inside its class: all firsts, then all seconds, and so on.
    rank = np.empty(len(split), np.int64)
    for label in np.unique(strata):
        members = shuffled[strata[shuffled] == label]
        rank[members] = np.arange(len(members))
    return take(split, shuffled[np.argsort(rank[shuffled], kind="stable")][:count])
