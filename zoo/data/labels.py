"""What a source's labels are: classes with names, or values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from zoo.data.dataset import Split
from zoo.data.tables.csv import as_number
from zoo.errors import RequestError

# A class needs examples to be learnt from; numbers with fewer each are values.
FEW_EXAMPLES = 10
FEW_CLASSES = 20


def class_names(cells: Sequence[str], where: str) -> tuple[str, ...]:
    """Returns the classes in a column of labels: numbers by size, else text by letter.

    Raises:
        RequestError: There is one class only, or the labels look like values.
    """
    counts = Counter(cells)
    numbers = {cell: as_number(cell) for cell in counts}
    all_numbers = all(number is not None for number in numbers.values())
    if len(counts) == 1:
        raise RequestError(f"{where} is {cells[0]!r} in every row; two classes are the least")
    if len(counts) > max(FEW_CLASSES, len(cells) / FEW_EXAMPLES):
        advice = "; are they values? then say --task=regression" if all_numbers else ""
        raise RequestError(
            f"{where} has {len(counts):,} classes in {len(cells):,} rows, "
            f"fewer than {FEW_EXAMPLES} examples each{advice}"
        )
    if all_numbers:
        return tuple(sorted(counts, key=lambda cell: (numbers[cell] or 0.0, cell)))
    return tuple(sorted(counts))


def class_indices(cells: Sequence[str], labels: Sequence[str], places: Sequence[str]) -> np.ndarray:
    """Returns the class of each label, (examples,) int64.

    Args:
        cells: The labels.
        labels: Names of the classes.
        places: Where each label stands, for the message.

    Raises:
        RequestError: A label is none of the classes.
    """
    index = {label: number for number, label in enumerate(labels)}
    for cell, place in zip(cells, places, strict=True):
        if cell not in index:
            known = ", ".join(labels[:6]) + (", …" if len(labels) > 6 else "")
            raise RequestError(f"{place}: class {cell!r} is not one of {known}")
    return np.array([index[cell] for cell in cells], np.int64)


def target_values(cells: Sequence[str], places: Sequence[str]) -> np.ndarray:
    """Returns labels as the values of a regression, (examples,) float32.

    Raises:
        RequestError: One is not a finite number of 32 bits.
    """
    numbers = [as_number(cell) for cell in cells]
    for number, cell, place in zip(numbers, cells, places, strict=True):
        if number is None or not math.isfinite(number):
            raise RequestError(f"{place}: {cell!r} is not a number; a regression needs numbers")
        if abs(number) > float(np.finfo(np.float32).max):
            raise RequestError(f"{place}: {cell!r} is too large; change the unit of the column")
    return np.array(numbers, np.float32)


def check_splits(
    splits: Mapping[str, Split], labels: Sequence[str], source: str, *, learn: bool = True
) -> list[str]:
    """Checks that there is something to learn, to choose by and to measure on.

    Args:
        splits: By name; "train" is among them.
        labels: Names of the classes, or of the one value.
        source: For the message.
        learn: Whether a model is to learn from it, and not only to be measured.

    Returns:
        Notes on classes that a split lacks.

    Raises:
        RequestError: A split is empty, or the target is the same in all of the training split, so
            that there is nothing to learn.
    """
    for name, split in splits.items():
        if not len(split):
            raise RequestError(f"{source} has too few examples: none is left for the {name} split")
    y = splits["train"].y
    if learn and (y == y[0]).all():
        told = y[0] if y.dtype.kind == "f" else repr(labels[y[0]])
        raise RequestError(f"{source}: the label is {told} in all of the training split")
    if y.dtype.kind == "f":
        return []
    notes = []
    for name, split in splits.items():
        counts = np.bincount(split.y, minlength=len(labels))
        lacking = [label for label, count in zip(labels, counts, strict=True) if not count]
        if lacking:
            more = f" and {len(lacking) - 6} more" if len(lacking) > 6 else ""
            notes.append(f"no example in the {name} split of class {', '.join(lacking[:6])}{more}")
    return notes
