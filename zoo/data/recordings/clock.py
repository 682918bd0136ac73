"""The clock of a recording: which column it is, and what its unit is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from zoo.data.folders.broken import MOST_BROKEN
from zoo.errors import RequestError

# Seconds of each unit, in which the times of a column may be counted.
UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_UNIT_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "µs", "usec", "micros", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), "ns"),
}
_CLOCKS = frozenset(
    {"time", "timestamp", "timestamps", "epoch", "clock", "elapsed", "datetime", "utc"}
)
_TIME_WORDS = _CLOCKS | _UNIT_WORDS.keys() | {"t"}
_LONGEST = 1e12  # No clock counts this many seconds, so that its name has another unit wrong.
# A unit behind a slash or to a power is part of another, as in m/s and m s^-2; "t / ms" is a time.
_LETTER = r"[^\W\d_]"
_UNIT = rf"(?<!{_LETTER})(?:{'|'.join(_UNIT_WORDS)})(?!{_LETTER})"
_RATE = re.compile(rf"({_LETTER}*)\s*(?:/|(?<!{_LETTER})per[\s_])\s*\(?\s*{_UNIT}", re.IGNORECASE)
_POWER = re.compile(rf"{_UNIT}(?:\^|\*\*)?[-−⁻]?[\d¹²³]", re.IGNORECASE)
# Times that count from 1970 are from 2001 to 2100, and their usual step is at most that many
# seconds: phones count from their start, in finer units, and reach the same numbers after hours.
_YEARS = (1e9, 4.1e9)
_EPOCHS = (("s", 3600.0), ("ms", 600.0), ("us", 2.0), ("ns", math.inf))
# Of other times: the largest step between two rows that each unit has.
_STEPS = ((1.0, "s"), (2e3, "ms"), (2e6, "us"))
# A clock rises in this share of its changes, though it may jump back; a sensor's values fall, too.
_GOES_ON = 0.75
STOPPED = 0.5  # A clock that repeats its time in a larger share of the rows stands still.


class ClockError(Exception):
    """A recording whose clock cannot be used, and why."""


def says_time(name: str) -> bool:
    """Returns whether a column's name is that of a clock, as "t", "tRel" and "Time (s)" are."""
    return bool(_TIME_WORDS & {*_words(name)})


def find_clock(
    recordings: Sequence[Mapping[str, np.ndarray]], asked: str | None
) -> tuple[str | None, tuple[str, ...]]:
    """Finds the column that is the clock.

    It is the first column whose name says so and whose numbers rise; or else the first of such a
    name whose numbers mostly rise, or whose name says nothing else, so that it can be said why it
    cannot be used; or else the first of any name whose numbers rise and do not count rows. All
    other columns that rise are counters or further clocks, and nothing that a sensor measured. A
    few recordings may be broken.

    Args:
        recordings: The numbers of each column, by its name.
        asked: "NAME" or "NAME:UNIT", as the user asks for; None: it is searched.

    Returns:
        "NAME:UNIT", or None if there is no clock; and the columns to leave out.

    Raises:
        RequestError: There is no such column or unit.
    """
    common = [name for name in recordings[0] if all(name in other for other in recordings)]
    columns = {name: [recording[name] for recording in recordings] for name in common}
    rising = [name for name in common if _rise(columns[name])]
    if asked is not None:
        name, unit = _asked(asked, common)
        left_out = tuple(other for other in rising if other != name)
        return f"{name}:{unit or _unit(name, recordings)}", left_out
    named = [name for name in common if says_time(name) and _may_be_clock(name, columns[name])]
    uneven = [name for name in rising if not _counts(columns[name])]
    candidates = [*(name for name in named if name in rising), *named, *uneven]
    if not candidates:
        return None, tuple(rising)
    clock = candidates[0]
    return f"{clock}:{_unit(clock, recordings)}", tuple(n for n in rising if n != clock)


def seconds(times: np.ndarray, unit: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the time of the rows in seconds since the first, and which rows to keep.

    Of rows with the same time the first is kept.

    Args:
        times: (rows,) as the column holds them, float64.
        unit: A key of `UNITS`.

    Raises:
        ClockError: A time is missing; the clock goes backwards; it stops.
    """
    if not np.isfinite(times).all():
        raise ClockError(f"row {int((~np.isfinite(times)).argmax()) + 1} has no time")
    steps = np.diff(times)
    if (steps < 0).any():
        row = int((steps < 0).argmax())
        raise ClockError(f"its clock goes backwards after row {row + 1}: {_pair(times, row)}")
    still = steps == 0
    if len(times) > 1 and still.mean() > STOPPED:
        raise ClockError(
            f"its clock stops: {int(still.sum()):,} of {len(times):,} rows repeat the time before; "
            "if they are evenly spaced, remove that column and say --rate=HZ"
        )
    kept = np.concatenate([[True], ~still])
    return (times[kept] - times[0]) * UNITS[unit], kept


def rises(values: np.ndarray) -> bool:
    """Returns whether numbers never fall, and most of them are larger than the one before."""
    steps = np.diff(values[np.isfinite(values)])
    return len(steps) > 0 and bool((steps >= 0).all()) and float((steps > 0).mean()) > STOPPED


def _asked(asked: str, names: Sequence[str]) -> tuple[str, str | None]:
    if asked in names:
        return asked, None
    name, colon, unit = asked.rpartition(":")
    if not colon or name not in names:
        listed = ", ".join(names[:8])
        raise RequestError(
            f"--time_column={asked}: no column of that name holds numbers or dates; such columns "
            f"are {listed}"
        )
    if unit not in UNITS:
        raise RequestError(
            f"--time_column={asked}: unknown unit {unit!r}; known: {', '.join(UNITS)}"
        )
    return name, unit


def _unit(name: str, recordings: Sequence[Mapping[str, np.ndarray]]) -> str:
    """Returns the unit of a clock: its name says it, or else its size and its steps."""
    columns = [recording[name] for recording in recordings]
    largest = max(float(np.nanmax(values, initial=0.0)) for values in columns)
    named = _named_unit(name)
    if named is not None and largest * UNITS[named] < _LONGEST:
        return named
    steps = _steps(columns)
    steps = steps[steps > 0]
    usual = float(np.median(steps)) if len(steps) else 0.0
    for unit, slowest in _EPOCHS:
        first, last = _YEARS
        if first <= largest * UNITS[unit] < last and usual * UNITS[unit] <= slowest:
            return unit
    return next((unit for below, unit in _STEPS if usual < below), "ns")


def _named_unit(name: str) -> str | None:
    for word in _words(name)[1:]:  # The first word alone, as in "t" or "s", is the name itself.
        if word in _UNIT_WORDS:
            return _UNIT_WORDS[word]
    return _UNIT_WORDS.get(name.lower())


def _rise(columns: Sequence[np.ndarray]) -> bool:
    return sum(not rises(values) for values in columns) <= MOST_BROKEN * len(columns)


def _may_be_clock(name: str, columns: Sequence[np.ndarray]) -> bool:
    """Returns whether numbers mostly rise where they change, or can be nothing but times."""
    steps = _steps(columns)
    changes = steps[steps != 0]
    words = {*_words(name)}
    certain = words <= _TIME_WORDS and words & _CLOCKS
    return len(changes) > 0 and bool(certain or (changes > 0).mean() >= _GOES_ON)


def _counts(columns: Sequence[np.ndarray]) -> bool:
    """Returns whether numbers count rows: the usual step is 1, and rows may lack."""
    return bool(np.median(_steps(columns)) == 1)


def _steps(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the steps from row to row, of all recordings."""
    return np.concatenate([np.diff(values[np.isfinite(values)]) for values in columns])


def _words(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    apart = _RATE.sub(lambda rate: rate[0] if rate[1].lower() in {"t", *_CLOCKS} else " ", apart)
    return [word.lower() for word in re.findall(rf"{_LETTER}+", _POWER.sub(" ", apart))]


def _pair(times: np.ndarray, row: int) -> str:
    return f"{times[row]:.15g}, then {times[row + 1]:.15g}"
