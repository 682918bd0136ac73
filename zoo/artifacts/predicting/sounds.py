"""Sounds as a classifier takes them: whole, or in windows that slide over a long one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from zoo.forms import Sound

_AT_ONCE = 64  # Files that are decoded together.
# A sound up to this many times as long as the window is cut at its end, as in training.
_WHOLE = 1.5


def windows(
    samples: np.ndarray, form: Sound, step: int = 0
) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Returns the windows of a sound, and where they begin and end, in seconds.

    A sound of up to one and a half windows is one window, cut or filled up with silence as in
    training, and needs no times. Over a longer one the window moves; the last window ends where the
    sound ends.

    Args:
        samples: (samples,), at the rate of the form.
        form: What the classifier takes.
        step: Samples from one window to the next; 0: half a window.
    """
    from zoo.data.sounds.decode import of_length

    (size,) = form.shape
    if len(samples) <= _WHOLE * size:
        return of_length(samples, size)[None], []
    starts = [*range(0, len(samples) - size, step or max(1, size // 2)), len(samples) - size]
    times = [(start / form.rate, (start + size) / form.rate) for start in starts]
    return np.stack([samples[start : start + size] for start in starts]), times


def read_windows(
    paths: Sequence[Path],
    form: Sound,
    progress: Callable[[int, int], None] | None,
    step: int = 0,
) -> Iterator[tuple[Path, tuple[np.ndarray, list[tuple[float, float]]] | str]]:
    """Yields files with their windows, see `windows`, or why they are broken.

    They are decoded in parallel.
    """
    from zoo.data.sounds.decode import BrokenSoundError, read_sound

    def read(path: Path) -> tuple[np.ndarray, list[tuple[float, float]]] | str:
        try:
            return windows(read_sound(path, form.rate), form, step)
        except BrokenSoundError as error:
            return str(error)

    with ThreadPoolExecutor(min(os.cpu_count() or 2, 16)) as pool:
        for start in range(0, len(paths), _AT_ONCE):
            part = paths[start : start + _AT_ONCE]
            for index, answer in enumerate(pool.map(read, part)):
                yield part[index], answer
                if progress is not None:
                    progress(start + index + 1, len(paths))
