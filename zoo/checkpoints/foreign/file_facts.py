"""What a file of weights contains besides weights: labels, sizes, statistics, task."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from zoo.checkpoints.foreign.preprocessing import Preprocessing
from zoo.checkpoints.tensor_files import TensorFile, entries
from zoo.checkpoints.torch_file import Stored

T = TypeVar("T")

# Names that trainings use, in lower case.
_LABELS = ("class_names", "classes", "label_names", "labels", "categories", "class_to_idx",
           "idx_to_class", "idx2label", "id2label", "label2id")  # fmt: skip
_IMAGE_SIZE = ("image_size", "img_size", "imgsz", "input_size", "crop_size", "val_crop_size")
_RESIZE = ("resize", "resize_size", "val_resize_size")
_MEAN = ("mean", "image_mean", "img_mean", "norm_mean", "pixel_mean", "normalize_mean")
_STD = tuple(name.replace("mean", "std") for name in _MEAN)
_PROBLEM = ("problem_type", "task", "task_type")
_MULTILABEL = ("multilabel", "multi_label", "is_multilabel")

_LEVELS = 4  # Nested containers that are searched.
_MOST_LABELS = 100_000
_MOST_CHANNELS = 16


@dataclass(frozen=True)
class FileFacts:
    """What a file says about its network, as far as it is understood.

    Attributes:
        labels: Names of the classes; None: the file has none.
        preprocessing: How pictures are prepared.
        problem: "multilabel" or "regression"; "": the file says neither.
    """

    labels: tuple[str, ...] | None
    preprocessing: Preprocessing
    problem: str


def facts_of(file: TensorFile) -> FileFacts:
    """Searches the content of a file besides its weights."""
    levels = list(_levels(file.rest))
    levels.append({name.rpartition(".")[2]: tensor for name, tensor in file.tensors.items()})

    def first(names: Iterable[str], understood: Callable[[Any], T | None]) -> T | None:
        values = (understood(level.get(name)) for level in levels for name in names)
        return next((value for value in values if value is not None), None)

    statistics = [
        (_numbers(level.get(mean), file), _numbers(level.get(std), file))
        for level in levels
        for mean, std in zip(_MEAN, _STD, strict=True)
    ]
    mean, std = next((pair for pair in statistics if all(pair)), (None, None))
    resize = first(_RESIZE, _whole)
    return FileFacts(
        labels=first(_LABELS, _labels),
        preprocessing=_sensible(
            {"image_size": first(_IMAGE_SIZE, _size)},
            {"resize": resize} if resize else {"crop_pct": first(["crop_pct"], _number)},
            {"mean": mean, "std": std},
            {"interpolation": first(["interpolation"], _text)},
        ),
        problem=_problem(levels, file),
    )


def _sensible(*parts: dict[str, Any]) -> Preprocessing:
    """Joins what the parts say, without those that make no sense."""
    whole: dict[str, Any] = {}
    for part in parts:
        with contextlib.suppress(ValueError):
            Preprocessing(**part)
            whole |= part
    return Preprocessing(**whole)


def _levels(rest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the containers of a file, the outer ones first, with their names in lower case."""
    level: list[Any] = [rest]
    for _ in range(_LEVELS):
        containers = [items for one in level if (items := entries(one)) is not None]
        for items in containers:
            yield {name.lower(): value for name, value in items.items() if isinstance(name, str)}
        # Skips containers that only map names to tensors or numbers, such as the weights.
        level = [value for items in containers for value in items.values()][:10_000]


def _labels(value: Any) -> tuple[str, ...] | None:
    """Returns the labels of a list, of {0: label} or of {label: 0}."""
    if (items := entries(value)) is not None:
        pairs = [(str(number), label) for number, label in items.items()]
        if all(type(number) is int for number in items.values()):
            pairs = [(str(number), label) for label, number in items.items()]
        value = [dict(pairs).get(str(number)) for number in range(len(pairs))]
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= _MOST_LABELS:
        return None
    if not all(isinstance(label, str) and label.strip() for label in value):
        return None
    try:
        "".join(value).encode()
    except UnicodeEncodeError:  # A lone surrogate.
        return None
    return tuple(" ".join(label.split()) for label in value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and abs(value) < 1e9 else None


def _size(value: Any) -> tuple[int, int] | None:
    """Returns (height, width), from one number, two numbers, or three with the channels."""
    match value:
        case int(side) if type(side) is int:
            return side, side
        case [int(height), int(width)] | [1 | 3 | 4, int(height), int(width)]:
            return height, width
    return None


def _numbers(value: Any, file: TensorFile) -> tuple[float, ...] | None:
    """Returns a number for each channel, from a list or a small tensor; None: it is neither."""
    if isinstance(value, Stored) and value.is_float and math.prod(value.shape) <= _MOST_CHANNELS:
        value = file.read({"": value})[""].ravel().tolist()
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= _MOST_CHANNELS:
        return None
    numbers = [_number(number) for number in value]
    return None if None in numbers else tuple(n for n in numbers if n is not None)


def _problem(levels: list[dict[str, Any]], file: TensorFile) -> str:
    for level in levels:
        says = [re.sub("[-_ ]", "", text) for key in _PROBLEM if (text := _text(level.get(key)))]
        if any(text.lower().startswith("multilabel") for text in says):
            return "multilabel"
        if any(level.get(name) is True for name in _MULTILABEL):
            return "multilabel"
        if any(text.lower() == "regression" for text in says):
            return "regression"
    for name, tensor in file.tensors.items():
        # Only BCEWithLogitsLoss has a `pos_weight`. This loss treats each class by itself.
        if name.rpartition(".")[2] == "pos_weight" and math.prod(tensor.shape) > 1:
            return "multilabel"
    return ""
