"""The windows of a recording: at one rate, by the clock, and over no pause, as in the training."""

from __future__ import annotations

from typing import Any

import numpy as np

GAP = 20  # A pause of more than this many usual steps divides a recording.
OTHER_UNIT = 20.0  # A rate this many times another's is of a clock in another unit.
DENSE = 1.25  # With this many rows for a sample, a sample is the mean of its time.


def cut(
    times: np.ndarray | None, values: np.ndarray, form: dict[str, Any]
) -> list[tuple[float, np.ndarray]]:
    """Returns windows and the seconds where they begin; the last one ends where the recording ends.

    Args:
        times: (rows,) seconds, rising; None: there is no clock.
        values: (rows, channels).
        form: Its "shape" is (steps, channels), its "step" the samples from one window to the next.
    """
    rate, (steps, _) = form["rate"], form["shape"]
    if times is not None:
        check_rate(times, rate)
    else:
        times = np.arange(len(values)) / rate
    gaps = np.diff(times)
    longest = max(GAP * float(np.median(gaps)), 2 / rate) if len(gaps) else 0.0
    ends = np.flatnonzero(gaps > longest) + 1
    parts = []
    for clock, rows in zip(np.split(times, ends), np.split(values, ends), strict=True):
        count = int((clock[-1] - clock[0]) * rate + 1e-6) + 1
        parts.append((clock[0], sampled(clock, rows, clock[0], count, rate)))
    whole = [(start, x) for start, x in parts if len(x) >= steps]
    if not whole:
        start, x = max(parts, key=lambda part: len(part[1]))
        whole = [(start, np.pad(x, ((0, steps - len(x)), (0, 0)), mode="edge"))]
    windows = []
    for start, x in whole:
        last = len(x) - steps
        firsts = [*range(0, last, form["step"]), last]
        windows += [(float(start + f / rate), x[f : f + steps]) for f in firsts]
    return windows


def latest(times: np.ndarray, values: np.ndarray, form: dict[str, Any]) -> np.ndarray | None:
    """Returns the window that ends with the last row; None as long as there are too few rows."""
    rate, (steps, _) = form["rate"], form["shape"]
    start = times[-1] - (steps - 1) / rate
    if times[0] > start:
        return None
    return sampled(times, values, start, steps, rate)


def check_rate(times: np.ndarray, rate: float) -> None:
    """Refuses a clock in another unit."""
    steps = np.diff(times)
    if not len(steps):
        return
    own = 1 / steps[steps <= GAP * np.median(steps)].mean()
    if not 1 / OTHER_UNIT < own / rate < OTHER_UNIT:
        raise ValueError(f"it has {own:.3g} rows a second, and {rate:g} were learnt: another unit?")


def sampled(
    times: np.ndarray, values: np.ndarray, start: float, count: int, rate: float
) -> np.ndarray:
    """Returns (count, channels) samples on the lines between rows; of dense rows, their means."""
    at = start + np.arange(count) / rate
    if len(times) < 2 or len(times) - 1 <= DENSE * (times[-1] - times[0]) * rate:
        columns = [np.interp(at, times, column) for column in values.T]
    else:
        low, high = (np.clip(at + half / rate, times[0], times[-1]) for half in (-0.5, 0.5))
        grid = np.unique(np.concatenate([times, low, high]))
        first, last = np.searchsorted(grid, low), np.searchsorted(grid, high)
        columns = []
        for column in values.T:
            line = np.interp(grid, times, column)
            steps = np.diff(grid) * (line[1:] + line[:-1]) / 2
            area = np.concatenate([[0], np.cumsum(steps)])
            columns.append((area[last] - area[first]) / (high - low))
    return np.stack(columns, axis=1).astype(np.float32)
