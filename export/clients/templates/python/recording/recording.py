"""Recordings of sensors: from .csv files, or row by row from another program."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from windows import cut, latest

FILES, LIVE = "recordings (.csv)", "read rows of a sensor from the standard input"
JOINED = True  # The answer to a recording is the mean of those to its windows.
STOPPED = 0.5  # A clock that repeats its time in a larger share of the rows stands still.
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def read(path: Path, form: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the windows of a recording and their seconds."""
    names, rows, separator = table(path.read_text(encoding="utf-8-sig"), form)
    clock, _, unit = form["time_column"].rpartition(":")

    def column(name: str) -> list[str]:
        if name not in names:
            raise ValueError(f"it has no column {name!r}; it has {', '.join(names)}")
        place = names.index(name)
        return [row[place].strip() for row in rows]

    values = np.array([[number(cell, separator) for cell in column(n)] for n in form["channels"]]).T
    times = None
    if clock:
        times = seconds([moment(cell, unit, separator) for cell in column(clock)], unit)
        kept = np.concatenate([[True], np.diff(times) > 0])
        times, values = times[kept], values[kept]
    length = form["shape"][0] / form["rate"]
    for start, window in cut(times, filled(values, times), form):
        yield f"{start:.2f}–{start + length:.2f} s", window


def table(text: str, form: dict[str, Any]) -> tuple[list[str], list[list[str]], str]:
    """Returns the names of the columns, the rows, and what separates their cells."""
    lines = [line.strip(" ") for line in text.splitlines() if line.strip()]
    separator = next((mark for mark in "\t;, " if lines and mark in lines[0]), ",")
    rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    if len(rows) < 2:
        raise ValueError("it is empty")
    first = [cell.strip() for cell in rows[0]]
    if set(first) & set(form["channels"]) or all(np.isnan(number(c, separator)) for c in first):
        return first, rows[1:], separator
    return [f"column {place}" for place in range(1, len(first) + 1)], rows, separator


def live(form: dict[str, Any]) -> Iterator[np.ndarray]:
    """Yields the newest window, once for each step of the training, while rows come.

    A row is the time, if the training had a clock, and then the channels.
    """
    clock, _, unit = form["time_column"].rpartition(":")
    length, pause = (form["shape"][0] + 1) / form["rate"], form["step"] / form["rate"]
    times, values, due = np.zeros(0), np.zeros((0, form["shape"][1])), -np.inf
    for count, line in enumerate(sys.stdin):
        row = [number(cell, "") for cell in line.replace(",", " ").replace(";", " ").split()]
        if len(row) != form["shape"][1] + bool(clock) or np.isnan(row).any():
            continue  # Such as a line of names.
        now = row[0] * SECONDS[unit] if clock else count / form["rate"]
        keep = times >= now - length - 1 / form["rate"]
        times = np.append(times[keep], now)
        values = np.concatenate([values[keep], [row[1:] if clock else row]])
        if now >= due and (window := latest(times, values, form)) is not None:
            due = now + pause
            yield window


def number(cell: str, separator: str) -> float:
    """Returns the number in a cell; what is no number is missing."""
    try:
        return float(cell.replace(",", ".") if separator != "," else cell)
    except ValueError:
        return float("nan")


def moment(cell: str, unit: str, separator: str) -> float:
    """Returns a time in its unit: of a number, or of a date or time of day that is written out."""
    plain = number(cell, separator)
    if not np.isnan(plain):
        return plain
    stamp = cell if cell[4:5] in ("-", "/") else f"1970-01-01 {cell}"
    since = datetime.fromisoformat(stamp.replace("/", "-")).replace(tzinfo=UTC)
    return (since - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() / SECONDS[unit]


def seconds(moments: list[float], unit: str) -> np.ndarray:
    """Returns times in seconds since the first."""
    times = np.array(moments)
    steps = np.diff(times)
    if (steps < 0).any():
        raise ValueError(f"its clock goes backwards after row {int((steps < 0).argmax()) + 1}")
    if (steps == 0).sum() > STOPPED * len(steps):
        raise ValueError("its clock stops")
    return (times - times[0]) * SECONDS[unit]


def filled(values: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    """Takes missing values from the line between their neighbours."""
    places = np.arange(len(values)) if times is None else times
    missing = ~np.isfinite(values)
    if (missing.mean(axis=0) > 0.5).any():
        raise ValueError("a channel is mostly empty")
    columns = [
        np.interp(places, places[~gone], column[~gone])
        for column, gone in zip(values.T, missing.T, strict=True)
    ]
    return np.stack(columns, axis=1)
