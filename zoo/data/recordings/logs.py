"""Recordings from tables of text: their clock and their channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.data.folders.broken import MOST_BROKEN
from zoo.data.numbers import NUMBERS, Spelling, find_spelling
from zoo.data.recordings.clock import ClockError, find_clock, rises, says_time, seconds
from zoo.data.recordings.stamps import written_times
from zoo.data.recordings.windows import Log
from zoo.data.tables.csv import Table
from zoo.errors import RequestError
from zoo.forms import Recording

_MOST_MISSING = 0.5  # Share of a channel's values that may be missing.


@dataclass(frozen=True)
class Columns:
    """What the columns of recordings are.

    Attributes:
        clock: "NAME:UNIT"; "": there is none.
        channels: Names of the columns that a model takes, in their order.
        notes: What was left out, a sentence each.
    """

    clock: str
    channels: tuple[str, ...]
    notes: tuple[str, ...] = ()


def numbers_of(table: Table, without: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Returns the columns that hold numbers, or times that are written out, as float64.

    A missing value is NaN.

    Args:
        table: A recording.
        without: Columns that are something else, such as the label.
    """
    columns = {}
    for name, cells in table.columns.items():
        if name not in without and (values := _numbers(name, cells, table.separator)) is not None:
            columns[name] = values
    return columns


def find_columns(
    recordings: Sequence[Mapping[str, np.ndarray]], asked: str | None, source: str
) -> Columns:
    """Finds the clock and the channels: the columns of numbers that most recordings have.

    No channel is what rises all the time, nor what stays the same all through a recording, as a
    column of labels or of persons does: the model would read the answer there.

    Args:
        recordings: The columns of numbers of each training recording.
        asked: The clock that the user asks for, see `zoo.data.recordings.clock`.
        source: For the message.

    Raises:
        RequestError: There is no channel, or no such clock.
    """
    usual, long = _usual(recordings, source)
    clock, left_out = find_clock(long, asked)
    name = clock.rpartition(":")[0] if clock else ""
    still = [column for column in usual if column not in (name, *left_out) and _still(long, column)]
    channels = tuple(column for column in usual if column not in (name, *left_out, *still))
    reasons = (("they rise all the time as clocks do", left_out),
               ("they stay the same all through a recording", still))  # fmt: skip
    notes = tuple(f"left out, since {why}: {', '.join(names)}" for why, names in reasons if names)
    if not channels:
        said = "; ".join(("the model needs one", *notes))
        raise RequestError(f"{source}: no column is left beside the clock; {said}")
    return Columns(clock or "", channels, notes)


def wanted_columns(
    form: Recording | None,
    recordings: Sequence[Mapping[str, np.ndarray]],
    asked: str | None,
    source: str,
) -> Columns:
    """Returns the columns that a checkpoint takes, or else those that `find_columns` finds.

    Args:
        form: Of the checkpoint. Its clock is found anew if the recordings have no such column.
        recordings: See `find_columns`, also for the next two.
        asked: The clock that the user asks for.
        source: For the message.

    Raises:
        RequestError: As `find_columns`.
    """
    if form is None:
        return find_columns(recordings, asked, source)
    clock = form.time_column
    own = clock.rpartition(":")[0]
    if asked is not None or (own and not any(own in columns for columns in recordings)):
        _, long = _usual(recordings, source)
        # A channel may rise in one recording; it is no clock, unless the user says so.
        mine = () if asked else form.channels
        others = [{n: recording[n] for n in recording if n not in mine} for recording in long]
        clock = find_clock(others, asked)[0] or ""
    return Columns(clock, form.channels)


def log_of(columns: Mapping[str, np.ndarray], wanted: Columns) -> Log:
    """Returns a recording. Missing values are taken from the line between their neighbours.

    Args:
        columns: Its columns of numbers.
        wanted: The clock and the channels.

    Raises:
        ClockError: Its clock cannot be used, a channel is missing, or it is empty.
    """
    name, _, unit = wanted.clock.rpartition(":")
    for column in (*([name] if name else []), *wanted.channels):
        if column not in columns:
            held = ", ".join(columns) or "no numbers"
            raise ClockError(f"it has no column {column!r} of numbers; it has {held}")
    times: np.ndarray | None = None
    kept: np.ndarray | slice = slice(None)
    if name:
        times, kept = seconds(columns[name], unit)
    return Log(times, np.stack([_filled(n, columns[n][kept], times) for n in wanted.channels], 1))


def _usual(
    recordings: Sequence[Mapping[str, np.ndarray]], source: str
) -> tuple[tuple[str, ...], list[Mapping[str, np.ndarray]]]:
    """Returns the columns that most recordings have, and those of them with three rows or more."""
    usual = Counter(tuple(recording) for recording in recordings).most_common(1)[0][0]
    alike = [recording for recording in recordings if tuple(recording) == usual]
    if not usual:
        raise RequestError(f"{source}: most recordings hold no numbers")
    long = [recording for recording in alike if len(next(iter(recording.values()))) > 2]
    if not long:
        raise RequestError(
            f"{source}: no recording has three samples; are the rows examples? then say "
            "--model=residual_mlp, or name another --recording_column"
        )
    return usual, long


def _still(recordings: Sequence[Mapping[str, np.ndarray]], name: str) -> bool:
    """Returns whether a column is the same all through each recording.

    A few may be broken, if the column tells the others apart.
    """
    columns = [recording[name] for recording in recordings]
    known = [values[np.isfinite(values)] for values in columns]
    spans = [(float(values.min()), float(values.max())) for values in known if len(values)]
    still = [low for low, high in spans if low == high]
    changing = len(spans) - len(still)
    return not changing or (changing <= MOST_BROKEN * len(spans) and len({*still}) > 1)


def _filled(name: str, values: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    missing = ~np.isfinite(values)
    if missing.mean() > _MOST_MISSING:
        raise ClockError(f"column {name!r} is empty in {missing.sum():,} of {len(values):,} rows")
    if not missing.any():
        return values
    places = np.arange(len(values)) if times is None else times
    return np.interp(places, places[~missing], values[~missing])


def _numbers(name: str, cells: Sequence[str], separator: str) -> np.ndarray | None:
    try:
        values = np.array([cell or "nan" for cell in cells], np.float64)
    except ValueError:
        values = _spelling(Counter(cells), separator).read_all(cells)
        filled = sum(map(bool, cells))
        if np.isfinite(values).sum() < NUMBERS * filled:
            times = written_times(cells)
            # The date of a recording, the same in each row, is no clock and no measurement.
            return times if times is not None and (says_time(name) or rises(times)) else None
    return None if np.isnan(values).all() else values


def _spelling(counts: Mapping[str, int], separator: str) -> Spelling:
    """Returns the spelling of a column of numbers.

    A logger writes no groups of digits: where commas separate no cells, they begin fractions,
    whichever numbers a recording happens to hold.
    """
    best = find_spelling(counts, separator)
    comma = replace(best, decimal=",")
    if separator == "," or any("." in cell for cell in counts):
        return best
    return comma if len(comma.texts(counts)) <= len(best.texts(counts)) else best
