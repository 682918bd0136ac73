"""Recordings as a classifier takes them: in windows, whose answers are joined."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import export
from zoo.checkpoints.typed_json import construct, parse_json
from zoo.errors import RequestError
from zoo.forms import Recording

_FIELD = "recording"  # Of the origin that an exported file and its report name.


def origin_of(form: Recording) -> dict[str, str]:
    """Returns what an exported file has to say about the recordings that it takes."""
    return {_FIELD: json.dumps(dataclasses.asdict(form))}


def form_of_artifact(path: str) -> Recording | None:
    """Returns what `origin_of` wrote; None: the file was not exported for recordings.

    A `.tflite` holds it. For a SavedModel it is in the `report.json` that the export wrote beside.

    Raises:
        RequestError: It is no such form.
    """
    place = Path(path).resolve()
    origin: Any
    try:
        if place.is_file():
            origin = export.describe_file(path)["identity"]
        else:
            folder = place.parent if place.name.isdecimal() else place
            origin = json.loads((folder.parent / "report.json").read_text(encoding="utf-8"))
        text = origin.get(_FIELD) if isinstance(origin, dict) else None
        return construct(Recording, parse_json(text)) if isinstance(text, str) else None
    except (export.ExportError, OSError):
        return None
    except ValueError as error:
        raise RequestError(f"{path} does not say which recordings it takes: {error}") from error


def read_windows(
    paths: Sequence[Path], form: Recording, progress: Callable[[int, int], None] | None
) -> Iterator[tuple[Path, tuple[np.ndarray, list[tuple[float, float]]] | str]]:
    """Yields recordings with their windows and the seconds of these, or why they are broken.

    Args:
        paths: Files of one recording each.
        form: What the classifier takes.
        progress: Called with the numbers of finished and of all files.
    """
    from zoo.data.recordings.clock import ClockError
    from zoo.data.recordings.folder import read_recording
    from zoo.data.recordings.logs import log_of, numbers_of, wanted_columns
    from zoo.data.recordings.windows import cut

    for done, path in enumerate(paths, start=1):
        try:
            columns = numbers_of(read_recording(path, wanted=form.channels))
            windows = cut(log_of(columns, wanted_columns(form, [columns], None, str(path))), form)
        except (ClockError, RequestError) as error:
            yield path, str(error).removeprefix(str(path)).lstrip(":, ")
        else:
            yield path, (windows.x, [(start, start + form.window) for start in windows.starts])
        if progress is not None:
            progress(done, len(paths))
