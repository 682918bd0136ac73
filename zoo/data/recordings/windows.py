"""Recordings at one rate, cut into windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.data.recordings.clock import ClockError
from zoo.errors import RequestError
from zoo.forms import Recording

# A pause of more than this many usual steps divides a recording: nothing is known of the time
# between.
GAP = 20
# A recording with a rate this many times another's has a clock in another unit.
OTHER_UNIT = 20.0
# Steps of a window by default: with more, the file of a recurrent model takes a step at a time.
LONGEST = 64
# The most steps that a window may have.
_MOST = 100_000
_SHORT = 0.1  # By default, this share of the recordings may be shorter than a window.
# By default, windows begin a quarter of a window apart, from which a network learns more than from
# half (docs/recordings.md). With more training windows than this, they begin half a window apart.
MANY = 5_000


@dataclass(frozen=True)
class Log:
    """A recording.

    Attributes:
        times: (rows,) seconds since its start, rising; None: it has no clock.
        values: (rows, channels), in the sensors' own units.
    """

    times: np.ndarray | None
    values: np.ndarray

    @property
    def rate(self) -> float | None:
        """Rows in a second, without the gaps; None: it has no clock or too few rows."""
        if self.times is None or len(self.times) < 2:
            return None
        steps = np.diff(self.times)
        return float(1 / steps[steps <= GAP * np.median(steps)].mean())

    def duration(self, rate: float) -> float:
        """Returns its length in seconds; without a clock, its rows have that rate."""
        return float(self.times[-1]) if self.times is not None else (len(self.values) - 1) / rate


@dataclass(frozen=True)
class Windows:
    """The windows of a recording.

    Attributes:
        x: (windows, steps, channels) float32.
        starts: (windows,) seconds from the recording's start to that of the window.
        gaps: How many gaps the recording has.
        held: Whether it is shorter than a window, so that its last values are held to its end.
    """

    x: np.ndarray
    starts: np.ndarray
    gaps: int
    held: bool


def usual_rate(logs: list[Log]) -> float | None:
    """Returns the median rate of recordings, in three digits; None: they have no clock."""
    rates = [rate for log in logs if (rate := log.rate) is not None]
    return float(f"{np.median(rates):.3g}") if rates else None


def steps_of(
    logs: list[Log], rate: float, window: float | None, hop: float | None
) -> tuple[int, int]:
    """Returns the steps of a window, and from the start of one to that of the next.

    By default a window is as long as the recordings, of which a tenth may be shorter, but at most
    64 steps; and the next one begins after a quarter of it, or half if there are many windows.

    Args:
        logs: The recordings of the training split.
        rate: Of their samples, in Hz.
        window: Seconds; None: the default.
        hop: Seconds; None: the default.

    Raises:
        RequestError: A window has fewer than two steps or too many, or there are samples between
            two.
    """
    if window is None:
        usual = float(np.quantile([log.duration(rate) for log in logs], _SHORT))
        steps = max(2, min(LONGEST, round(usual * rate) + 1))
    elif 1.5 <= window * rate <= _MOST:
        steps = round(window * rate)
    else:
        raise RequestError(
            f"--window={window:g} has {window * rate:.3g} samples at {rate:g} Hz; it can be from "
            f"two to {_MOST:,}"
        )
    if hop is None:
        return steps, _default_hop(logs, rate, steps)
    if not 0.5 < hop * rate < steps + 0.5:
        raise RequestError(
            f"--hop={hop:g} is {hop * rate:.3g} samples at {rate:g} Hz; it can be from one sample "
            f"to a window of {steps}"
        )
    return steps, round(hop * rate)


def _default_hop(logs: list[Log], rate: float, steps: int) -> int:
    hop = max(1, steps // 4)
    windows = sum(max(1.0, (log.duration(rate) * rate + 1 - steps) / hop) for log in logs)
    return hop if windows <= MANY else max(1, steps // 2)


def cut(log: Log, form: Recording) -> Windows:
    """Resamples a recording by its clock and cuts it into windows.

    The last window ends where the recording ends. A gap divides a recording, and no window lies
    over one. A part that is shorter than a window is left out; but if all are, the last values of
    the longest are held.

    Raises:
        ClockError: Its rate is far from that of the form.
    """
    rate = log.rate
    if rate is not None and not 1 / OTHER_UNIT < rate / form.rate < OTHER_UNIT:
        raise ClockError(
            f"it has {rate:.3g} rows a second, the others {form.rate:g}; if its clock has another "
            f"unit, say --time_column=NAME:ms or another unit"
        )
    steps, advance = form.shape[0], form.hop
    parts = [_resampled(times, values, form.rate) for times, values in _parts(log, form.rate)]
    starts = [start for start, _ in parts]
    whole = [(start, x) for start, x in parts if len(x) >= steps]
    held = not whole
    if held:
        longest = max(range(len(parts)), key=lambda part: len(parts[part][1]))
        x = parts[longest][1]
        whole = [(starts[longest], np.pad(x, ((0, steps - len(x)), (0, 0)), mode="edge"))]
    windows, times = [], []
    for start, x in whole:
        last = len(x) - steps
        for first in [*range(0, last, advance), last]:
            windows.append(x[first : first + steps])
            times.append(start + first / form.rate)
    return Windows(np.stack(windows), np.array(times), len(parts) - 1, held)


def _parts(log: Log, rate: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns times and values between the gaps."""
    times = np.arange(len(log.values)) / rate if log.times is None else log.times
    steps = np.diff(times)
    if not len(steps):
        return [(times, log.values)]
    ends = np.flatnonzero(steps > max(GAP * np.median(steps), 2 / rate)) + 1
    return list(zip(np.split(times, ends), np.split(log.values, ends), strict=True))


def _resampled(times: np.ndarray, values: np.ndarray, rate: float) -> tuple[float, np.ndarray]:
    """Returns the time of the first sample, and the samples, (samples, channels) float32.

    Between two rows the values lie on a line. If there are more rows than samples, a sample is the
    mean of its time, so that fast movements do not appear as slow ones.
    """
    start, end = times[0], times[-1]
    at = start + np.arange(int((end - start) * rate + 1e-6) + 1) / rate
    if len(times) < 2 or len(times) - 1 <= 1.25 * (end - start) * rate:
        columns = [np.interp(at, times, column) for column in values.T]
    else:
        low, high = np.clip(at - 0.5 / rate, start, end), np.clip(at + 0.5 / rate, start, end)
        grid = np.unique(np.concatenate([times, low, high]))
        first, last = np.searchsorted(grid, low), np.searchsorted(grid, high)
        columns = []
        for column in values.T:
            line = np.interp(grid, times, column)
            area = np.concatenate([[0], np.cumsum(np.diff(grid) * (line[1:] + line[:-1]) / 2)])
            columns.append((area[last] - area[first]) / (high - low))
    return float(start), np.stack(columns, axis=1).astype(np.float32)
