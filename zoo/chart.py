"""Charts as SVG inside a page: drawn for a width of 400 pixels, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from matplotlib.ticker import EngFormatter, MaxNLocator

from zoo.printable import printable

_WIDTH, _HEIGHT = 400, 276
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 388, 54, 232  # Edges of the field that holds the points.
_LETTER = 6.6  # Width of a letter.

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """Points of one colour.

    Attributes:
        name: In the legend; empty: it has no entry there.
        points: Those that are not finite are left out.
        drawn: How. A bar has the width of a twentieth of the field.
        colour: Number of the colour, 1 or 2; 0: grey.
    """

    name: str
    points: Sequence[Point]
    drawn: Literal["line", "dots", "bars"] = "line"
    colour: int = 1


@dataclass(frozen=True)
class Mark:
    """A vertical line at a place of the x axis, with a text above it.

    Attributes:
        x: The place.
        text: Above the line.
        strong: Whether it is what the chart is about, or only divides it.
    """

    x: float
    text: str
    strong: bool = True


def chart(
    alt: str,
    series: Sequence[Series],
    *,
    x_name: str,
    y_name: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    marks: Sequence[Mark] = (),
) -> str:
    """Returns a chart as an SVG element.

    Args:
        alt: What it shows, for those who cannot see it.
        series: The later ones are drawn above the others.
        x_name: Name of the x axis.
        y_name: Name of the y axis.
        x_range: Ends of the x axis; None: those of the points.
        y_range: Ends of the y axis; None: those of the points.
        marks: Drawn below the points.
    """
    known = [point for row in series for point in _finite(row.points)]
    across = _Axis.over([x for x, _ in known], x_range, _LEFT, _RIGHT)
    up = _Axis.over([y for _, y in known], y_range, _BOTTOM, _TOP)
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(printable(alt))}">',
        *(_grid(up.at(y), _number(y)) for y in up.ticks),
        *(_text(across.at(x), _BOTTOM + 18, _number(x), "middle") for x in across.ticks),
        _text((_LEFT + _RIGHT) / 2, _HEIGHT - 6, x_name, "middle"),
        *_marked(marks, across),
        *(_drawn(row, across, up) for row in series),
        *_legend(series, y_name),
        "</svg>",
    ]
    return "".join(parts)


@dataclass(frozen=True)
class _Axis:
    """Maps values between `low` and `high` to pixels between `start` and `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(
        cls, values: Sequence[float], given: tuple[float, float] | None, start: float, end: float
    ) -> _Axis:
        low, high = given or (min(values, default=0.0), max(values, default=1.0))
        if low == high:
            low, high = low - 0.5, high + 0.5
        return cls(low, high, start, end)

    def at(self, value: float) -> float:
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(self.low, self.high)
        room = 1e-9 * (self.high - self.low)
        return [float(t) for t in ticks if self.low - room <= t <= self.high + room]


def _number(value: float) -> str:
    """Returns a number for an axis; 500k for a large one."""
    return f"{value:g}" if abs(value) < 1e4 else EngFormatter(sep="")(value)


def _finite(points: Sequence[Point]) -> list[Point]:
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def _drawn(series: Series, across: _Axis, up: _Axis) -> str:
    places = [(across.at(x), up.at(y)) for x, y in _finite(series.points)]
    colour = f"c{series.colour}"
    if series.drawn == "bars":
        width, floor = (_RIGHT - _LEFT) / 20, up.at(max(up.low, 0.0))
        return "".join(
            f'<rect class="{colour}" x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{max(floor - y, 0):.1f}"/>'
            for x, y in places
        )
    if series.drawn == "dots" or len(places) == 1:
        radius = 5 if len(places) < 10 else 2.5
        return "".join(
            f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>' for x, y in places
        )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline class="{colour}" points="{line}"/>'


def _marked(marks: Sequence[Mark], across: _Axis) -> list[str]:
    """Returns the lines of marks, and the texts that do not cover the one to their left."""
    parts, used = [], {"strong": 0.0, "faint": 0.0}  # A row for the texts of each kind.
    for mark in sorted(marks, key=lambda mark: mark.x):
        kind, y = ("strong", _TOP - 5) if mark.strong else ("faint", _TOP - 19)
        x, half = across.at(mark.x), _LETTER * len(mark.text) / 2
        line = f'x1="{x:.1f}" x2="{x:.1f}" y1="{y + 2}" y2="{_BOTTOM}"'
        parts.append(f'<line class="{kind}" {line}/>')
        middle = min(max(x, half), _WIDTH - half)
        if middle - half >= used[kind]:
            parts.append(_text(middle, y, mark.text, "middle"))
            used[kind] = middle + half
    return parts


def _grid(y: float, text: str) -> str:
    line = f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + _text(_LEFT - 6, y + 4, text, "end")


def _legend(series: Sequence[Series], y_name: str) -> list[str]:
    """Returns the name of the y axis, and behind it the names of the series."""
    parts, x = [_text(4, 14, y_name, "start", "name")], _RIGHT
    for row in reversed([row for row in series if row.name]):
        parts.append(_text(x, 14, row.name, "end"))
        x -= round(_LETTER * len(row.name)) + 10
        parts.append(f'<rect class="c{row.colour}" x="{x - 6}" y="5" width="12" height="10"/>')
        x -= 18
    return parts


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    kind = f' class="{kind}"' if kind else ""
    shown = escape(printable(text))
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{shown}</text>'
