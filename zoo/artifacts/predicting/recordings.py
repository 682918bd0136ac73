"""Recordings as a classifier takes them: in windows, whose answers are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from zoo.errors import RequestError
from zoo.forms import Recording


def read_windows(
    paths: Sequence[Path],
    form: Recording,
    progress: Callable[[int, int], None] | None,
    notes: list[str] | None = None,
) -> Iterator[tuple[Path, tuple[np.ndarray, list[tuple[float, float]]] | str]]:
    """Yields recordings with their windows and the seconds of these, or why they are broken.

    Args:
        paths: Files of one recording each.
        form: What the classifier takes.
        progress: Called with the numbers of finished and of all files.
        notes: What is to be said of them is added at the end.
    """
    from zoo.data.recordings.clock import ClockError
    from zoo.data.recordings.folder import read_recording
    from zoo.data.recordings.logs import log_of, numbers_of, wanted_columns
    from zoo.data.recordings.windows import cut

    clockless = 0
    for done, path in enumerate(paths, start=1):
        try:
            columns = numbers_of(read_recording(path, wanted=form.channels))
            wanted = wanted_columns(form, [columns], None, str(path))
            windows = cut(log_of(columns, wanted), form)
        except (ClockError, RequestError) as error:
            yield path, _of_it(str(error), str(path))
        else:
            clockless += not wanted.clock
            yield path, (windows.x, [(start, start + form.window) for start in windows.starts])
        if progress is not None:
            progress(done, len(paths))
    if clockless and notes is not None:
        which = "1 recording" if clockless == 1 else f"{clockless:,} recordings"
        notes.append(f"no clock: rows of {which} are taken at {form.rate:g} Hz")


def _of_it(reason: str, path: str) -> str:
    """Returns a reason that does not name the file, which its reader names already."""
    said = reason.removeprefix(path)
    return said.lstrip(":, ") if said == reason or said[0] != " " else f"it{said}"
