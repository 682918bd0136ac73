"""Splits between which nothing is divided: no recording, and no person."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from zoo.data.dataset import SPLITS, divide
from zoo.data.reading import Reading
from zoo.errors import RequestError
from zoo.forms import Picture, Recording, Sound
from zoo.tasks import Task

_FOLDS = {"test": 5, "validation": 9}  # A fifth, and then about a tenth of the whole.


def apart_by(reading: Reading) -> str | None:
    """Returns what is kept in one split, as the user asks or as the checkpoint was made."""
    form = reading.form
    own = form.group if isinstance(form, (Picture, Recording, Sound)) else ""
    return reading.group or own or None


def group_in(name: str, pattern: str, *, strict: bool) -> str | None:
    """Returns the group of a file, by its path from the folder of the data on.

    Args:
        name: The path.
        pattern: Regular expression that is searched in it; the first of its groups that matched is
            the group, or else all that matched.
        strict: Whether it must match.

    Returns:
        None if it does not match.

    Raises:
        RequestError: It is no pattern, or it does not match and must.
    """
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise RequestError(f"--group={pattern} is no pattern: {error}") from error
    if match is not None:
        return next((part for part in match.groups() if part is not None), match[0])
    if strict:
        raise RequestError(
            f"--group={pattern} is no column of {name} and no pattern in its path; give one that "
            "fits every file"
        )
    return None


def divide_groups(
    y: np.ndarray,
    groups: np.ndarray,
    task: Task,
    given: Collection[str],
    source: str,
    *,
    measured: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divides the training examples as `zoo.data.dataset.divide` does, and keeps groups whole.

    Where every example is a group of its own, the result is that of `divide`.

    Args:
        y: The truth of the training examples.
        groups: (examples,) the group of each: numbers or text.
        task: What the truth is.
        given: Which of "validation" and "test" the source has.
        source: For the message.
        measured: Whether a model is only measured on them. Then there may be one group alone, such
            as a new person; too few groups are not divided, and all are of the training split.

    Returns:
        Indices for training, validation and test.

    Raises:
        RequestError: There are fewer groups than splits.
    """
    names, numbers = np.unique(groups, return_inverse=True)
    lacking = [name for name in _FOLDS if name not in given]
    none = np.empty(0, np.int64)
    if len(names) <= len(lacking) and measured:
        return np.arange(len(y)), none, none
    if len(names) <= len(lacking):
        held = f"one group, {str(names[0])!r}" if len(names) == 1 else f"{len(names)} groups"
        raise RequestError(
            f"{source}: all examples are of {held}, and {len(lacking) + 1} splits need "
            f"{len(lacking) + 1} groups at least; give splits of your own, or another --group"
        )
    if len(names) == len(y):
        return divide(y, task, given)
    rest, parts = np.arange(len(y)), {}
    for later, name in enumerate(lacking, start=1):
        # As many folds as there can be, with a group left for each split that comes later.
        still = len(lacking) - later
        most = min(_FOLDS[name], len(np.unique(numbers[rest])) - still)
        rest, parts[name] = _fold(task.strata(y), numbers, rest, most, left=still + 1)
    return rest, parts.get("validation", none), parts.get("test", none)


def _fold(
    strata: np.ndarray, groups: np.ndarray, rows: np.ndarray, folds: int, left: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows without one fold, and that fold. Both keep the shares of classes.

    A fold of several small groups may be all but one; then it is another fold, so that the rows
    without it are of `left` groups at least.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    usual = int(np.unique(strata[rows], return_counts=True)[1].max())
    divider = StratifiedGroupKFold(max(2, min(folds, usual)), shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A class may be in fewer groups than there are folds.
        parts = list(divider.split(rows, strata[rows], groups[rows]))
    kept, fold = next(
        (kept, fold)
        for kept, fold in parts
        if len(fold) and len(np.unique(groups[rows[kept]])) >= left
    )
    return rows[kept], rows[fold]


def check_apart(groups: Mapping[str, Sequence[object] | np.ndarray], source: str) -> None:
    """Refuses splits of a source that share a group.

    Args:
        groups: By split: the group of each example.
        source: For the message.

    Raises:
        RequestError: A group is in two splits.
    """
    seen: dict[str, str] = {}
    for split in SPLITS:
        for group in dict.fromkeys(map(str, groups.get(split, ()))):
            other = seen.setdefault(group, split)
            if other != split:
                raise RequestError(
                    f"{source}: the group {group!r} is in the {other} split and in the {split} "
                    "split; put all of it into one"
                )
