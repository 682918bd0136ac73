"""Data sets from arrays: an `.npz` file with `x` and `y`."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from zoo.checkpoints.card import Task
from zoo.data.dataset import Dataset, Split, divide, take
from zoo.data.labels import check_splits, class_indices, class_names
from zoo.errors import RequestError
from zoo.registry import unknown

# What the arrays of a split are called: x, x_val, x_test.
ENDINGS = {"train": "", "validation": "_val", "test": "_test"}
DIMENSIONS = {"features": 2, "sequence": 3, "image": 4}
Arrays = dict[str, np.ndarray]


def load_arrays(
    source: str,
    kind: str,
    *,
    task: Task = "classification",
    labels: tuple[str, ...] | None = None,
) -> Dataset:
    """Loads an `.npz` file; nothing in it is unpickled.

    It holds `x` and `y`, and may hold `lengths` (true steps of padded sequences), `labels` (names
    of the classes 0, 1, …), and `x`, `y` and `lengths` again with `_val` and `_test` for splits
    of their own.

    Args:
        source: Path of the file.
        kind: What `x` has to be: "features" (examples, features), "sequence" (examples, steps,
            features) or "image" (examples, height, width, 1 or 3) uint8.
        task: Whether `y` holds classes or values.
        labels: The classes of a checkpoint; None: those of the file.

    Raises:
        RequestError: Not such a file; wrong shapes; NaN or infinity; a sequence without steps.
    """
    path = Path(source)
    learn = labels is None
    arrays = _read(path)
    endings = {name: end for name, end in ENDINGS.items() if not end or f"x{end}" in arrays}
    inputs = {name: _inputs(path, arrays, end, kind) for name, end in endings.items()}
    shapes = {
        x.shape[1:] if lengths is None else (None, *x.shape[2:]) for x, lengths in inputs.values()
    }
    if len(shapes) > 1:
        told = ", ".join(sorted(map(str, shapes)))
        raise RequestError(
            f"{path}: the splits hold examples of shapes {told}; make them equal, and give lengths "
            "for all splits or for none"
        )
    if task == "regression":
        labels = ("y",)
        targets = {name: _values(path, arrays, end) for name, end in endings.items()}
    else:
        names = {name: _names(path, arrays, end) for name, end in endings.items()}
        labels = labels or _labels(path, arrays) or class_names(names["train"], f"{path}: y")
        targets = {
            name: class_indices(
                names[name], labels, [f"{path}: y{end}[{i}]" for i in range(len(names[name]))]
            )
            for name, end in endings.items()
        }
    splits = {}
    for name, (x, lengths) in inputs.items():
        if len(x) != len(targets[name]):
            end = endings[name]
            raise RequestError(
                f"{path}: x{end} has {len(x):,} examples, y{end} {len(targets[name]):,}"
            )
        splits[name] = Split(x, targets[name], lengths)
    train = splits["train"]
    for name, rows in zip(ENDINGS, divide(train.y, set(splits)), strict=True):
        if name == "train" or name not in splits:
            splits[name] = take(train, rows)
    notes = check_splits(splits, labels, source, learn=learn)
    return Dataset(
        path.stem,
        labels,
        splits["train"],
        splits["validation"],
        splits["test"],
        task=task,
        notes=tuple(notes),
    )


def _read(path: Path) -> Arrays:
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise RequestError(f"{path} holds one array; save x and y with numpy.savez")
        with file:
            arrays = {name: file[name] for name in file.files}
    except RequestError:
        raise
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if "Object arrays" in str(error):
            raise RequestError(
                f"{path} holds an array of objects, which is not opened; save numbers or text"
            ) from error
        # Of what is neither, numpy says that it is pickled and how to open it all the same.
        reason = "it is no zip archive" if "pickle" in str(error) else error
        raise RequestError(f"{path} is not an .npz file: {reason}") from error
    if not arrays:
        raise RequestError(f"{path} holds no arrays; save x and y with numpy.savez")
    for end in filter(None, ENDINGS.values()):
        for name in (f"y{end}", f"lengths{end}"):
            if name in arrays and f"x{end}" not in arrays:
                raise RequestError(f"{path} holds {name} and no x{end}; save both or neither")
    return arrays


def _array(path: Path, arrays: Arrays, name: str) -> np.ndarray:
    if name not in arrays:
        raise RequestError(f"{path}: {unknown('array', name, list(arrays))}")
    return arrays[name]


def _inputs(
    path: Path, arrays: Arrays, end: str, kind: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns x, checked, and the lengths of its sequences where they vary."""
    x = _array(path, arrays, f"x{end}")
    what = f"{path}: x{end}"
    held = {dimensions: name for name, dimensions in DIMENSIONS.items()}.get(x.ndim)
    if held != kind:
        raise RequestError(
            f"{what} has shape {x.shape}, which is no {kind} data; "
            f"the model takes {DIMENSIONS[kind]} dimensions with the examples"
        )
    if not x.size:
        raise RequestError(f"{what} is empty: its shape is {x.shape}")
    if kind == "image":
        if x.dtype != np.uint8 or x.shape[-1] not in (1, 3):
            raise RequestError(
                f"{what} holds {x.dtype} {x.shape}; images are uint8 with 1 or 3 channels last"
            )
        return x, None
    if x.dtype.kind not in "biuf":
        raise RequestError(f"{what} holds {x.dtype}; save numbers")
    with np.errstate(over="ignore"):
        x = x.astype(np.float32)
    # First, since what stands after the last step does not matter, were it NaN.
    x, lengths = (x, None) if kind == "features" else _padded(what, x, arrays.get(f"lengths{end}"))
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


def _values(path: Path, arrays: Arrays, end: str) -> np.ndarray:
    y = _labels_array(path, arrays, end)
    if y.dtype.kind not in "iuf":
        raise RequestError(f"{path}: y{end} holds {y.dtype}; a regression needs numbers")
    with np.errstate(over="ignore"):
        values = y.astype(np.float32)
    bad = ~np.isfinite(values)
    if bad.any():
        row = bad.argmax()
        raise RequestError(
            f"{path}: y{end}[{row}] is {y[row]}; a regression needs finite numbers, of 32 bits"
        )
    return values


def _names(path: Path, arrays: Arrays, end: str) -> list[str]:
    """Returns the name of each example's class."""
    y = _labels_array(path, arrays, end)
    if y.dtype.kind == "f":
        # From 2**53 on, floats leave out whole numbers.
        if not np.isfinite(y).all() or (y != np.round(y)).any() or (abs(y) > 2**53).any():
            raise RequestError(
                f"{path}: y{end} holds fractions or NaN, not classes; for values say "
                "--task=regression"
            )
        y = y.astype(np.int64)
    if y.dtype.kind not in "biuU":
        raise RequestError(f"{path}: y{end} holds {y.dtype}; classes are whole numbers or text")
    labels = _labels(path, arrays)
    if labels is None:
        return [str(value) for value in y]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= len(labels):
        raise RequestError(f"{path}: y{end} must hold 0 to {len(labels) - 1}, a number for a label")
    return [labels[value] for value in y]


def _labels(path: Path, arrays: Arrays) -> tuple[str, ...] | None:
    """Returns the names of the classes, where the file has them."""
    if "labels" not in arrays:
        return None
    names = arrays["labels"]
    if names.ndim != 1 or not len(names) or len(set(names.tolist())) < len(names):
        raise RequestError(
            f"{path}: labels has shape {names.shape}, or one twice; give one name for each class"
        )
    return tuple(map(str, names))


def _labels_array(path: Path, arrays: Arrays, end: str) -> np.ndarray:
    y = _array(path, arrays, f"y{end}")
    if y.ndim != 1 or not len(y):
        raise RequestError(f"{path}: y{end} has shape {y.shape}; give one label for each example")
    return y
