"""Recordings as text: in all the ways that `zoo predict` reads, and in some that it refuses."""

from __future__ import annotations

import numpy as np

from zoo.forms import Recording

RANDOM = np.random.default_rng(3)


def form(clock="t:s", rate=10.0, channels=("x", "y")):
    return Recording((8, len(channels)), (), (), rate, 3, channels, clock)


def times(rate, seconds):
    steps = RANDOM.uniform(0.8, 1.2, int(rate * seconds)) / rate
    return np.cumsum(steps)


def rows(clock, names="t,x,y,note", separator=",", written=str):
    """Returns the text of a recording, whose values move slowly."""
    values = np.stack([np.sin(2 * clock), 3 * np.cos(clock)], 1).round(4)
    lines = [[written(float(t)), *map(str, row), "a"] for t, row in zip(clock, values, strict=True)]
    return "\n".join(separator.join(line) for line in [names.split(","), *lines])


def stamp(t):
    return f"2026-01-31 12:{int(t // 60):02}:{t % 60:09.6f}"


EVEN = np.arange(30) / 10
PAUSE = np.concatenate([times(10, 2), 9 + times(10, 3), 20 + times(10, 0.5)])
CASES = {
    "even": (rows(EVEN), form()),
    "uneven": (rows(times(10, 4)), form()),
    "slower": (rows(times(4, 5)), form()),
    "faster, so means": (rows(times(47, 3)), form()),
    "a pause": (rows(PAUSE), form()),
    "shorter than a window": (rows(times(10, 0.5)), form()),
    "milliseconds": (rows(1000 * times(10, 3), "ms,x,y,note"), form("ms:ms")),
    "no clock": (rows(EVEN), form("")),
    "other order": (rows(times(10, 3)), form(channels=("y", "x"))),
    "semicolons and decimal commas": (
        rows(EVEN, separator=";").replace(".", ","),
        form(),
    ),
    "tabs": (rows(EVEN, separator="\t"), form()),
    "spaces": (rows(EVEN, separator=" "), form()),
    "missing": (rows(EVEN).replace("0.9093", "").replace("2.6327", "n/a"), form()),
    "no header": (rows(EVEN).partition("\n")[2], form("column 1:s", 10, ("column 2", "column 3"))),
    "a time twice": (rows(np.repeat(EVEN, [2, *[1] * 29])), form()),
    "written out": (rows(times(10, 3), written=stamp), form("t:ns")),
}
BROKEN = {
    "backwards": (rows(EVEN[::-1]), form()),
    "another unit": (rows(1000 * EVEN), form()),
    "no such channel": (rows(EVEN), form(channels=("x", "z"))),
    "no such clock": (rows(EVEN), form("when:s")),
    "it stops": (rows(np.repeat(EVEN[:5], 9)), form()),
    "empty": ("t,x,y\n", form()),
    "mostly missing": (
        "\n".join(["t,x,y", *(f"{t},{t if t < 1 else '?'},2" for t in EVEN)]),
        form(),
    ),
}
