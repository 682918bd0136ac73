"""Times that are written out: dates with the time of day, or the time of day alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

_SECOND = 10**9  # Nanoseconds.
_DAY = 86_400 * _SECOND
# Times count from here. Only their differences matter, but `zoo.data.recordings.clock` knows
# nanoseconds by their size, and a clock that was never set begins in 1970 or 2000.
_START = datetime(1970, 1, 1) - timedelta(seconds=10**9)
_STAMP = re.compile(
    r"""(?: (?P<first>\d{4}) (?P<mark>[-/.]) (?P<second>\d{1,2}) (?P=mark) (?P<third>\d{1,2})
          | (?P<left>\d{1,2}) (?P<sign>[-/.]) (?P<right>\d{1,2}) (?P=sign) (?P<year>\d{4}) )?
        (?: [T,]? \s* (?P<hour>\d{1,2}) : (?P<minute>\d{2})
            (?: : (?P<seconds>\d{2}) (?: [.,] (?P<fraction>\d+) )? )?
            (?: \s* (?P<half>[ap]) \.? m \.? )? )?
        \s* (?: Z | UTC | GMT | (?P<zone>[-+]\d{2}:?\d{2}) )?""",
    re.VERBOSE | re.IGNORECASE,
)


def written_times(cells: Sequence[str]) -> np.ndarray | None:
    """Reads times such as "2026-01-31 12:00:00.25", "31.1.2026 12:00" and "12:00:00.25".

    Where "1/2/2026" may be in January or in February, the order is that in which less time passes
    from the first row to the last. Times of day go on after midnight.

    Returns:
        (rows,) float64 nanoseconds, of which only the differences mean something; NaN is an empty
        cell. None: a cell is no time.
    """
    orders = [times for day_first in (True, False) if len(times := _read(cells, day_first))]
    return min(orders, key=lambda times: np.nanmax(times) - np.nanmin(times), default=None)


def _read(cells: Sequence[str], day_first: bool) -> np.ndarray:
    """Returns the times of all cells; nothing if one is no time."""
    times = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        time = _time(cell, day_first) if cell else np.nan
        if time is None:
            return times[:0]
        times[row] = time
    if np.isnan(times).all():
        return times[:0]
    if ":" in next(filter(None, cells))[:3]:  # No date.
        times[1:] += _DAY * np.cumsum(np.diff(times) < -_DAY / 2)
    return times


def _time(cell: str, day_first: bool) -> float | None:
    match = _STAMP.fullmatch(cell)
    if match is None or not (match["first"] or match["left"] or match["hour"]):
        return None
    left, right = (match["left"], match["right"]) if day_first else (match["right"], match["left"])
    year, month, day = match["first"] or match["year"] or 1970, right or 1, left or 1
    if match["first"]:
        month, day = match["second"], match["third"]
    hour = int(match["hour"] or 0)
    if match["half"]:
        hour = hour % 12 + 12 * (match["half"] in "pP")
    minute, seconds = int(match["minute"] or 0), int(match["seconds"] or 0)
    try:
        moment = datetime(int(year), int(month), int(day), hour, minute, seconds)
    except ValueError:
        return None
    zone = (match["zone"] or "+00:00").replace(":", "")
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    moment += ahead if zone[0] == "-" else -ahead
    fraction = int((match["fraction"] or "0").ljust(9, "0")[:9])
    return float((moment - _START) // timedelta(seconds=1) * _SECOND + fraction)
