"""The one form that data takes between its source and a model."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from zoo.data.examples import Examples, Stored
from zoo.errors import RequestError
from zoo.forms import PLAIN, Form, Picture, Recording, Table
from zoo.frontends import frontend_of
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION

SPLITS = ("train", "validation", "test")
# After normalisation, training examples are at most this many deviations away from the mean.
FARTHEST = 10.0
_SAMPLED = 4096  # Packed pictures, or outputs of a front end, from which statistics are computed.
_PART = 256  # Examples that are summed at a time for statistics.
# A note of a `Dataset`.
VALIDATION_IS_TEST = (
    "there is a validation split and no test split: it is the test split, which is measured, and "
    "another one for validation is taken from the training split"
)

Part = TypeVar("Part")


@dataclass(frozen=True)
class Split:
    """Examples, each with the truth that a model should find.

    Attributes:
        x: Raw model inputs: images (examples, height, width, channels) uint8, features (examples,
            features) float32, or sequences (examples, steps, features) float32. Large ones may
            be a mapped file, or `Stored`.
        y: (examples,): class indices, int64; or the values of a regression, float32.
        lengths: Sequences of varied length: (examples,) true numbers of steps, int64. The steps
            after them are exactly zero.
        task: What is learnt of them, which says what `y` holds.
        recordings: Windows of recordings: (examples,) number of the recording of each, int64.
        names: (examples,) where each comes from, as text: the path of its file from the folder of
            the data on, such as "train/cat/1.jpg"; of a table its file and line, "pets.csv:17".
            None: the source has no names.
    """

    x: Examples
    y: np.ndarray
    lengths: np.ndarray | None = None
    task: Task = CLASSIFICATION
    recordings: np.ndarray | None = None
    names: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def problem(self) -> RequestError | OSError | None:
        """The error of the last reading that failed; None: no reading failed."""
        return self.x.problem if isinstance(self.x, Stored) else None

    def fingerprint(self) -> bytes | memoryview:
        """Returns bytes that identify the inputs: themselves, or a hash of their files."""
        if isinstance(self.x, Stored):
            return self.x.fingerprint()
        return np.ascontiguousarray(self.x[:]).data


@dataclass(frozen=True)
class Dataset:
    """A labelled data set in splits.

    Attributes:
        name: What the user calls it ("digits").
        labels: Names of the classes; class i is `labels[i]`. Of a regression: the value's name.
        splits: By name. The weights are fitted to "train". "validation" chooses epochs and
            settings. "test" is reported, and never looked at in training; it may be missing.
        form: How raw data became the examples; None: they are what the source holds.
        notes: What the reader of the source decided and the user should know, a sentence each.
        divided: Whether the source has no test split of its own. Then this one was taken from
            examples that another model may have been trained on.
        excluded: Names of what was left out at the user's request, see `zoo.data.excluding`.
        broken: Names of the files that could not be read.
        source: Where it lies and how it was read, see `zoo.data.place`; empty: made in memory.
    """

    name: str
    labels: tuple[str, ...]
    splits: Mapping[str, Split]
    form: Form | None = None
    notes: tuple[str, ...] = ()
    divided: bool = False
    excluded: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The name of a folder need not be UTF-8, and a card can only hold UTF-8.
        object.__setattr__(self, "name", _in_unicode(self.name))
        object.__setattr__(self, "labels", tuple(map(_in_unicode, self.labels)))

    @property
    def train(self) -> Split:
        """The weights are fitted to it."""
        return self.splits["train"]

    @property
    def validation(self) -> Split:
        """It chooses epochs and settings."""
        return self.splits["validation"]

    @property
    def test(self) -> Split:
        """It is reported, and never looked at in training."""
        return self.splits["test"]

    @property
    def validation_is_test(self) -> bool:
        """Whether the source calls its test split validation, see `with_test_split`."""
        return VALIDATION_IS_TEST in self.notes

    @property
    def task(self) -> Task:
        """What is learnt, the same of all splits."""
        return self.train.task

    @property
    def example_shape(self) -> tuple[int | None, ...]:
        """Shape of one example, without the batch. If the number of steps varies, it is None."""
        shape = self.train.x.shape[1:]
        return shape if self.train.lengths is None else (None, *shape[1:])

    def map(self, change: Callable[[Split], Split]) -> Dataset:
        """Returns the data set with each of its splits changed."""
        splits = {name: change(split) for name, split in self.splits.items()}
        return dataclasses.replace(self, splits=splits)

    def with_splits(self, **splits: Split) -> Dataset:
        """Returns the data set with other splits under the given names."""
        return dataclasses.replace(self, splits={**self.splits, **splits})

    def fingerprint(self) -> str:
        """Returns a hash of all examples, classes and label names: equal data, equal hash."""
        digest = hashlib.sha256("\0".join(self.labels).encode())
        for split in (self.splits[name] for name in SPLITS if name in self.splits):
            digest.update(split.fingerprint())
            digest.update(np.ascontiguousarray(split.y).data)
        return digest.hexdigest()


def _in_unicode(name: str) -> str:
    """Returns a name with a sign in place of bytes that are no UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def form_of(dataset: Dataset) -> Form:
    """Returns what goes into a model that learns a data set, standardised by its training split.

    Behind a front end, that is what the front end makes of some thousands of examples.
    The features of a table are as the model takes them, see `zoo.forms.Table`.
    """
    if isinstance(dataset.form, Table):
        return dataset.form
    if dataset.form is not None and (frontend := frontend_of(dataset.form)) is not None:
        split = _sampled(dataset.train)
        parts = range(0, len(split), _PART)
        read = [np.asarray(frontend(split.x[start : start + _PART])) for start in parts]
        mean, std = channel_statistics(dataclasses.replace(split, x=np.concatenate(read)))
        return dataclasses.replace(dataset.form, mean=mean, std=std)
    mean, std = channel_statistics(dataset.train)
    if isinstance(dataset.form, (Picture, Recording)):
        return dataclasses.replace(dataset.form, mean=mean, std=std)
    shape = dataset.example_shape
    return PLAIN[len(shape)](shape, mean, std)


def channel_statistics(split: Split) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns mean and standard deviation of each channel over all examples and places.

    Padded steps do not count. A constant channel gets a deviation of 1, so that dividing by it is
    safe. If an example lies more than ten deviations from the mean, the deviation is raised.
    Otherwise a pixel or a category that is almost always off would get huge values, whose range
    would cost an int8 file the resolution of all others. Of packed pictures, some thousands are
    sampled evenly.

    Args:
        split: With x (examples, ..., channels), of any numeric type.
    """
    split = _sampled(split) if isinstance(split.x, Stored) else split
    x = split.x[:]
    if split.lengths is not None:
        x = x[np.arange(x.shape[1]) < split.lengths[:, None]]
    axes = tuple(range(x.ndim - 1))
    # In parts, since float64 takes eight times the memory of pixels.
    parts = [x[start : start + _PART] for start in range(0, len(x), _PART)]
    count = x.size / x.shape[-1]
    mean = sum(part.sum(axis=axes, dtype=np.float64) for part in parts) / count
    std = np.sqrt(sum(((part - mean) ** 2).sum(axis=axes) for part in parts) / count)
    farthest = np.maximum(x.max(axis=axes) - mean, mean - x.min(axis=axes))
    std = np.where(std > 0, np.maximum(std, farthest / FARTHEST), 1.0)
    # Significant digits, not decimals: the units may be small.
    return tuple(float(f"{m:.6g}") for m in mean), tuple(float(f"{s:.6g}") for s in std)


def _sampled(split: Split) -> Split:
    """Returns up to `_SAMPLED` examples, evenly spread."""
    if len(split) <= _SAMPLED:
        return split
    return take(split, np.linspace(0, len(split) - 1, _SAMPLED).astype(int))


def with_test_split(parts: Mapping[str, Part]) -> tuple[dict[str, Part], tuple[str, ...]]:
    """Returns the splits of a source by name, and a note if its validation split is the test split.

    That is so if it has no other: who divides data into "train" and "val" measures on "val".
    """
    if "validation" not in parts or "test" in parts:
        return dict(parts), ()
    renamed = {"test" if name == "validation" else name: part for name, part in parts.items()}
    return renamed, (VALIDATION_IS_TEST,)


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
    parts = [[np.empty(0, np.int64)] for _ in range(3)]
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

    A tenth becomes the validation split and a fifth the test split, class by class and always the
    same. If the source has one of the two splits already, no examples are taken for it.

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
    recordings = None if split.recordings is None else split.recordings[indices]
    names = None if split.names is None else split.names[indices]
    return Split(split.x[indices], split.y[indices], lengths, split.task, recordings, names)


def joined(parts: Iterable[Split]) -> Split:
    """Returns the examples of all parts, in their order."""
    parts = [*parts]

    def all_of(name: str) -> np.ndarray | None:
        arrays = [getattr(part, name) for part in parts]
        return None if arrays[0] is None else np.concatenate(arrays)

    x = np.concatenate([part.x[:] for part in parts])
    y = np.concatenate([part.y for part in parts])
    task = parts[0].task
    return Split(x, y, all_of("lengths"), task, all_of("recordings"), all_of("names"))


def balanced_sample(split: Split, count: int, seed: int = 0) -> Split:
    """Returns up to `count` examples, of each class equally many as far as possible."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(split))
    strata = split.task.strata(split.y)
    # Sorted by rank inside the class: the first of each class, then the second of each, and so on.
    rank = np.empty(len(split), np.int64)
    for label in np.unique(strata):
        members = shuffled[strata[shuffled] == label]
        rank[members] = np.arange(len(members))
    return take(split, shuffled[np.argsort(rank[shuffled], kind="stable")][:count])
