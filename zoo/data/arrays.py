"""Data sets from arrays: an `.npz` file with `x` and `y`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from zoo.data.dataset import SPLITS, Dataset, Split, divide, take, with_test_split
from zoo.data.groups import check_apart, divide_groups
from zoo.data.labels import check_label, check_splits, class_indices, class_names
from zoo.data.npz import Arrays, is_grey, read_npz
from zoo.data.reading import Reading
from zoo.errors import RequestError
from zoo.forms import PLAIN, Form, Picture, Sequence
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION

KNOWN_AS = "an .npz file"


def claims(source: str) -> bool:
    """Returns whether a source is an .npz file."""
    return source.lower().endswith(".npz")


def open(source: str, reading: Reading) -> Dataset:
    """Reads an .npz file, see `load_arrays`."""
    labels = reading.card.labels if reading.card else None
    return load_arrays(source, reading.kind, task=reading.task, labels=labels)


def load_arrays(
    source: str,
    kind: type[Form],
    *,
    task: Task = CLASSIFICATION,
    labels: tuple[str, ...] | None = None,
) -> Dataset:
    """Loads an `.npz` file; nothing in it is unpickled.

    It holds `x` and `y`. It may hold `lengths` (true steps of padded sequences), `group` (a number
    or text for each example: no group is in two splits), `labels` (names of the classes 0, 1, …),
    and other splits: `x`, `y`, `lengths` and `group` with `_val` or `_test` appended.
    `zoo.data.npz` knows more names, such as `X_train` and `x_valid`.

    Args:
        source: Path of the file.
        kind: What `x` has to be: `Vector` (examples, features), `Sequence` (examples, steps,
            features) or `Picture` (examples, height, width, 1 or 3) uint8; grey pictures may lack
            the last axis.
        task: What is learnt, such as classes or values.
        labels: The classes of a checkpoint; None: those of the file.

    Raises:
        RequestError: It is no such file; wrong shapes; NaN or infinity; a sequence without steps.
    """
    path = Path(source)
    learn = labels is None
    given, others = read_npz(path)
    parts, renamed = with_test_split(given)
    inputs = {name: _inputs(arrays, kind) for name, arrays in parts.items()}
    shapes = {
        x.shape[1:] if lengths is None else (None, *x.shape[2:]) for x, lengths in inputs.values()
    }
    if len(shapes) > 1:
        listed = ", ".join(sorted(map(str, shapes)))
        raise RequestError(
            f"{path}: the splits hold examples of shapes {listed}; make them equal, and give "
            "lengths for all splits or for none"
        )
    if task.learns == "values":
        labels = ("y",)
        targets = {name: _values(arrays) for name, arrays in parts.items()}
    else:
        names = _names_of_classes(parts["train"])
        cells = {name: _classes(arrays, names) for name, arrays in parts.items()}
        labels = labels or names or class_names(cells["train"], parts["train"].what("y"))
        targets = {
            name: class_indices(cells[name], labels, arrays.label) for name, arrays in parts.items()
        }
    splits = {}
    for name, (x, lengths) in inputs.items():
        if len(x) != len(targets[name]):
            arrays = parts[name]
            raise RequestError(
                f"{arrays.what('x')} has {len(x):,} examples, {arrays.names['y']} "
                f"{len(targets[name]):,}"
            )
        splits[name] = Split(x, targets[name], lengths, task)
    divided = "test" not in splits
    train = splits["train"]
    groups = {name: _groups(arrays) for name, arrays in parts.items() if "group" in arrays.values}
    if groups and set(groups) != set(parts):
        lacking = next(name for name in parts if name not in groups)
        raise RequestError(f"{path}: the {lacking} split has no array group; give all one, or none")
    if groups:
        check_apart(groups, source)
        parted = divide_groups(
            *(train.y, groups["train"], task, set(splits), source), measured=not learn
        )
    else:
        parted = divide(train.y, task, set(splits))
    for name, rows in zip(SPLITS, parted, strict=True):
        if name == "train" or name not in splits:
            splits[name] = take(train, rows)
    notes = [f"left out, arrays of other names: {', '.join(others[:6])}"] if others else []
    notes += renamed
    if groups:
        sizes = ", ".join(f"{len(splits[name]):,} {name}" for name in SPLITS)
        notes.append(f"no group of the array 'group' is in two splits: {sizes} examples")
    notes += check_splits(splits, labels, source, learn=learn)
    return Dataset(
        path.stem,
        labels,
        splits,
        notes=tuple(notes),
        divided=divided,
    )


def _inputs(arrays: Arrays, kind: type[Form]) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns x, checked, and the lengths of its sequences if they vary."""
    x, what = arrays.values["x"], arrays.what("x")
    if kind is Picture and is_grey(x.shape, x.dtype):
        x = x[..., None]
    dimensions = {1 + own for own, plain in PLAIN.items() if issubclass(kind, plain)}
    if x.ndim not in dimensions:
        raise RequestError(
            f"{what} has shape {x.shape}, which is no {kind.kind} data"
            + "".join(f"; the model takes {n} dimensions with the examples" for n in dimensions)
        )
    if not x.size:
        raise RequestError(f"{what} is empty: its shape is {x.shape}")
    if kind is Picture:
        if x.dtype != np.uint8 or x.shape[-1] not in (1, 3):
            raise RequestError(
                f"{what} holds {x.dtype} {x.shape}; images are uint8 with 1 or 3 channels last"
            )
        return x, None
    if x.dtype.kind not in "biuf":
        raise RequestError(f"{what} holds {x.dtype}; save numbers")
    with np.errstate(over="ignore"):
        x = x.astype(np.float32)
    # Comes before the check for NaN: values after the last step do not matter.
    given = arrays.values.get("lengths")
    x, lengths = _padded(what, x, given) if issubclass(kind, Sequence) else (x, None)
    bad = ~np.isfinite(x).reshape(len(x), -1).all(axis=1)
    if bad.any():
        raise RequestError(
            f"{what} has NaN or infinity in {bad.sum():,} of {len(x):,} examples, "
            f"first in number {bad.argmax()}; fill or remove them"
        )
    return x, lengths


def _padded(
    what: str, x: np.ndarray, lengths: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns sequences with zeros after their last step, and their lengths."""
    if lengths is not None:
        if lengths.shape != (len(x),) or lengths.dtype.kind not in "iu":
            raise RequestError(
                f"{what} has {len(x):,} sequences, its lengths are {lengths.dtype} of shape "
                f"{lengths.shape}; give a whole number for each"
            )
        wrong = (lengths < 1) | (lengths > x.shape[1])
        if wrong.any():
            row = wrong.argmax()
            raise RequestError(
                f"{what}: sequence {row} has length {lengths[row]}; lengths go from 1 to "
                f"{x.shape[1]} ({wrong.sum():,} do not)"
            )
        lengths = lengths.astype(np.int64)
        x = np.where((np.arange(x.shape[1]) < lengths[:, None])[..., None], x, np.float32(0))
    silent = ~x.reshape(len(x), -1).any(axis=1)
    if silent.any():
        raise RequestError(
            f"{what}: sequence {silent.argmax()} holds only zeros, which stand for padding "
            f"({silent.sum():,} do); remove it"
        )
    return x, lengths


def _groups(arrays: Arrays) -> np.ndarray:
    """Returns the group of each example, as text."""
    groups, what, count = arrays.values["group"], arrays.what("group"), len(arrays.values["x"])
    if groups.shape != (count,) or groups.dtype.kind not in "biuSU":
        raise RequestError(
            f"{what} has shape {groups.shape} of {groups.dtype}; give a number or a text for each "
            f"of {count:,} examples"
        )
    return np.array(_text(groups, what))


def _values(arrays: Arrays) -> np.ndarray:
    y, what = _one_each(arrays), arrays.what("y")
    if y.dtype.kind not in "iuf":
        raise RequestError(f"{what} holds {y.dtype}; a regression needs numbers")
    with np.errstate(over="ignore"):
        values = y.astype(np.float32)
    bad = ~np.isfinite(values)
    if bad.any():
        row = bad.argmax()
        raise RequestError(
            f"{what}[{row}] is {y[row]}; a regression needs finite numbers, of 32 bits"
        )
    return values


def _classes(arrays: Arrays, names: tuple[str, ...] | None) -> list[str]:
    """Returns the name of each example's class."""
    y, what = _one_each(arrays), arrays.what("y")
    if y.dtype.kind == "f":
        # From 2**53 on, floats cannot hold every whole number.
        if not np.isfinite(y).all() or (y != np.round(y)).any() or (abs(y) > 2**53).any():
            raise RequestError(
                f"{what} holds fractions or NaN, not classes; for values say --task=regression"
            )
        y = y.astype(np.int64)
    if y.dtype.kind not in "biuUS":
        raise RequestError(f"{what} holds {y.dtype}; classes are whole numbers or text")
    if names is None:
        return _text(y, what)
    if y.dtype.kind in "US":
        return _text(y, what)  # They are compared with the names later, when classes get numbers.
    if y.dtype.kind == "b":
        y = y.astype(np.int64)
    if y.min() < 0 or y.max() >= len(names):
        raise RequestError(f"{what} must hold 0 to {len(names) - 1}, a number for a label")
    return [names[value] for value in y.tolist()]


def _text(array: np.ndarray, what: str) -> list[str]:
    """Returns the entries of an array as text; bytes are UTF-8."""
    try:
        entries = array.tolist()
        return [entry.decode() if isinstance(entry, bytes) else str(entry) for entry in entries]
    except ValueError as error:
        raise RequestError(f"{what} holds text that is not in UTF-8; save it as str") from error


def _names_of_classes(arrays: Arrays) -> tuple[str, ...] | None:
    """Returns the names of the classes; None if the file has none."""
    if "labels" not in arrays.values:
        return None
    array, what = arrays.values["labels"], arrays.what("labels")
    if array.ndim != 1 or array.dtype.kind not in "biufUS":
        raise RequestError(
            f"{what} has shape {array.shape} of {array.dtype}; give one name for each class"
        )
    names = _text(array, what)
    for name in names:
        check_label(name, what)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice or not names:
        raise RequestError(
            f"{what} holds {f'{twice[0]!r} twice' if twice else 'none'}; give one name for each "
            "class"
        )
    return tuple(names)


def _one_each(arrays: Arrays) -> np.ndarray:
    """Returns y, (examples,); a column (examples, 1) is the same."""
    y = arrays.values["y"]
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or not len(y):
        raise RequestError(
            f"{arrays.what('y')} has shape {y.shape}; give one label for each example"
        )
    return y
