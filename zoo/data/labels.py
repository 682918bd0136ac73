"""What a source's labels are: classes with names, or values."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from zoo.data.dataset import Split
from zoo.data.numbers import Spelling, as_number, is_number
from zoo.errors import RequestError

# More numbers than these are values and no classes if they occur less often than that. More texts
# are names of the rows and no classes if most occur once.
FEW_EXAMPLES = 10
FEW_CLASSES = 20


def class_names(cells: Sequence[str], where: str) -> tuple[str, ...]:
    """Returns the classes in a column of labels: numbers by size, else text by letter.

    Labels that are the same number, as "0" and "0.0", are one class, named by the shortest.

    Args:
        cells: The label of each example.
        where: The column or array, for the message.

    Raises:
        RequestError: There is only one class, two differ only in case or spaces, one cannot be
            printed, or the labels look like values or like names of the rows.
    """
    counts = Counter(cells)
    for cell in counts:
        check_label(cell, where)
    names: dict[float | str, str] = {}
    for cell in sorted(counts, key=lambda cell: (len(cell), cell)):
        other = names.setdefault(_meaning(cell), cell)
        if other != cell and as_number(cell) is None:
            raise RequestError(
                f"{where} has the classes {other!r} and {cell!r}, the same but for case or spaces; "
                "spell them alike"
            )
    all_numbers = all(not isinstance(meaning, str) for meaning in names)
    if len(names) == 1:
        raise RequestError(f"{where} is {cells[0]!r} in every row; two classes are the least")
    many = f"{where} has {len(names):,} classes in {len(cells):,} rows, "
    like_numbers = sum(map(is_number, names.values())) > len(names) / 2  # Also "$5" and "1,5".
    if like_numbers and len(names) > max(FEW_CLASSES, len(cells) / FEW_EXAMPLES):
        raise RequestError(
            f"{many}fewer than {FEW_EXAMPLES} examples each; are they values? then say "
            "--task=regression; if they are classes, call them by names that are no numbers"
        )
    once = sum(count == 1 for count in counts.values())
    if not like_numbers and len(names) > FEW_CLASSES and once > len(names) / 2:
        raise RequestError(
            f"{many}and {once:,} of them have one example; give more of each, or other labels"
        )
    if all_numbers:
        return tuple(sorted(names.values(), key=lambda cell: (as_number(cell) or 0.0, cell)))
    return tuple(sorted(names.values()))


def joined(cells: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Returns a note on labels whose spelling differs from that of their class."""
    others = sorted(set(cells) - set(labels))
    if not others:
        return []
    names = {_meaning(label): label for label in labels}
    pairs = [f"{cell!r} as {names[_meaning(cell)]!r}" for cell in others[:6]]
    return [f"labels that are one number are one class: {', '.join(pairs)}"]


def class_indices(
    cells: Sequence[str], labels: Sequence[str], place: Callable[[int], str]
) -> np.ndarray:
    """Returns the class of each label, (examples,) int64.

    Args:
        cells: The labels.
        labels: Names of the classes. A label also belongs to a class if both are the same number,
            or the same letters, composed or not.
        place: Says where the label of an example stands, for the message.

    Raises:
        RequestError: A label is none of the classes.
    """
    exact = {label: number for number, label in enumerate(labels)}
    composed = {unicodedata.normalize("NFC", label): number for label, number in exact.items()}
    meant = {_meaning(label): number for number, label in enumerate(labels)}
    index: dict[str, int] = {}
    for row, cell in enumerate(cells):
        if cell in index:
            continue
        number = exact.get(cell, composed.get(unicodedata.normalize("NFC", cell)))
        if number is None and as_number(cell) is not None:
            number = meant.get(_meaning(cell))
        if number is None:
            known = ", ".join(labels[:6]) + (", …" if len(labels) > 6 else "")
            like = meant.get(_meaning(cell))
            advice = "" if like is None else f"; spell it {labels[like]!r}"
            raise RequestError(f"{place(row)}: class {cell!r} is not one of {known}{advice}")
        index[cell] = number
    return np.array([index[cell] for cell in cells], np.int64)


def target_values(
    cells: Sequence[str], spelling: Spelling, place: Callable[[int], str]
) -> np.ndarray:
    """Returns labels as the values of a regression, (examples,) float32.

    Args:
        cells: The labels.
        spelling: How their numbers are spelled.
        place: Says where the label of an example stands, for the message.

    Raises:
        RequestError: One is not a finite number of 32 bits.
    """
    numbers = [spelling.read(cell) for cell in cells]
    for row, (number, cell) in enumerate(zip(numbers, cells, strict=True)):
        if number is None or not math.isfinite(number):
            raise RequestError(
                f"{place(row)}: {cell!r} is not a number; a regression needs numbers"
            )
        if abs(number) > float(np.finfo(np.float32).max):
            raise RequestError(
                f"{place(row)}: {cell!r} is too large; change the unit of the column"
            )
    return np.array(numbers, np.float32)


def check_label(label: str, where: str) -> None:
    """Refuses the name of a class that cannot be a line of a text file.

    Raises:
        RequestError: It holds a line break or another character that is not printed.
    """
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in label):
        raise RequestError(f"{where} has the class {label!r}, which cannot be printed; rename it")


def folded(text: str) -> str:
    """Returns a key, equal for texts that differ in upper case or in how letters are composed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _meaning(label: str) -> float | str:
    """Returns a key, equal for labels of one class: the number, or else the letters."""
    number = as_number(label)
    if number is not None and math.isfinite(number):
        return number
    return " ".join(folded(label).split())


def check_splits(
    splits: Mapping[str, Split], labels: Sequence[str], source: str, *, learn: bool = True
) -> list[str]:
    """Checks that there is something to learn.

    Args:
        splits: By name; "train" is among them.
        labels: Names of the classes, or of the one value.
        source: For the message.
        learn: Whether a model is trained on it, and not only measured.

    Returns:
        Notes on classes that a split lacks.

    Raises:
        RequestError: All training examples have the same truth, so that there is nothing to learn.
    """
    y, task = splits["train"].y, splits["train"].task
    if learn and (y == y[0]).all():
        value = repr(labels[y[0]]) if task.learns == "classes" else y[0].tolist()
        raise RequestError(f"{source}: the label is {value} in all of the training split")
    if task.learns == "values":
        return []
    notes, sets = [], task.learns == "sets"
    for name, split in splits.items():
        if not len(split):
            continue
        counts = split.y.sum(axis=0) if sets else np.bincount(split.y, minlength=len(labels))
        lacking = [label for label, count in zip(labels, counts, strict=True) if not count]
        if lacking:
            more = f" and {len(lacking) - 6} more" if len(lacking) > 6 else ""
            what = "label" if sets else "class"
            listed = ", ".join(lacking[:6])
            notes.append(f"no example in the {name} split of {what} {listed}{more}")
    return notes
