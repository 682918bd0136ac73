"""Figures on a grid, computed place by place and saved on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from zoo.data.reading import Progress
from zoo.errors import RequestError
from zoo.files import whole_file

# From the coordinates of a place to its figures, in the order of their names.
Figures: TypeAlias = Callable[[Sequence[float]], Sequence[float]]

_SAVED_EVERY = 10.0  # In seconds.


def fill(
    path: Path | None,
    settings: Mapping[str, Any],
    axes: Sequence[np.ndarray],
    names: Sequence[str],
    figures: Figures,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Returns figures at all places of a grid, and writes them to an `.npz` file.

    Unfinished figures are kept in `NAME.unfinished.npz`, and the same call continues from there.
    The file holds an array for each name, an array for each axis (`axis0`, …), and the settings.

    Args:
        path: Path of the `.npz` file; None: nothing is written.
        settings: All that the figures depend on, as JSON can hold it.
        axes: Coordinates along each axis, (places,).
        names: Names of the figures.
        figures: Measures a place.
        progress: Called with the numbers of finished and of all places.

    Raises:
        RequestError: The file exists, with other settings.
    """
    asked = {**settings, "axes": [[float(value) for value in axis] for axis in axes]}
    unfinished = None if path is None else path.with_suffix(".unfinished.npz")
    shape = tuple(len(axis) for axis in axes)
    kept = _read(path, asked) or _read(unfinished, asked) or {}
    done = kept.get("done", np.zeros(shape, bool))
    arrays = {name: kept.get(name, np.full(shape, np.nan)) for name in names}
    left = np.argwhere(~done)
    saved = time.monotonic()
    for count, index in enumerate(map(tuple, left), start=1):
        place = [float(axis[i]) for axis, i in zip(axes, index, strict=True)]
        for name, value in zip(names, figures(place), strict=True):
            arrays[name][index] = value
        done[index] = True
        if unfinished is not None and time.monotonic() - saved > _SAVED_EVERY:
            _write(unfinished, asked, {**arrays, "done": done})
            saved = time.monotonic()
        if progress is not None:
            progress(done.size - len(left) + count, done.size)
    if len(left) and path is not None and unfinished is not None:
        named = {f"axis{number}": axis for number, axis in enumerate(axes)}
        _write(path, asked, {**arrays, **named, "done": done})
        unfinished.unlink(missing_ok=True)
    return arrays


def _read(path: Path | None, settings: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    if path is None or not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        before = dict(json.loads(str(arrays.pop("settings"))))
    except Exception as error:  # numpy raises errors of zip, zlib and its reader of headers.
        raise RequestError(f"{path} is not a file of this command: {error}") from error
    if before != settings:
        changed = {key for key in {*before, *settings} if before.get(key) != settings.get(key)}
        raise RequestError(
            f"{path} was made with another {', '.join(sorted(changed))}; choose another --output, "
            "or remove it"
        )
    return arrays


def _write(path: Path, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, settings=json.dumps(settings), **arrays)  # type: ignore[arg-type]
