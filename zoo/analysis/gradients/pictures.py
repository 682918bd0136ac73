"""Draws gradients: their correlation along lines, and their norms by depth; and the stream."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from zoo.analysis.gradients.measured import NetworkGradients
from zoo.analysis.gradients.shattering import DISTANCE
from zoo.analysis.interval import geometric
from zoo.drawing import drawn

COLOURS = ("#2f6db5", "#d1542f", "#3a9a5b", "#8a5bb0", "#b8860b", "#4aa5b8", "#c2477f", "#6b7280")
_MOST_UNITS = 12  # Up to this many names fit under an axis.
_MOST_TRACES = 4


def plot_shattering(networks: Sequence[NetworkGradients], path: Path, title: str) -> None:
    """Draws gradients along one line, and the autocorrelation over all, into a PNG.

    Args:
        networks: In the order of their colours.
        path: Path of the PNG.
        title: Above the picture.
    """
    shown = networks[:_MOST_TRACES]
    with drawn(path, 11, 1.2 + 1.35 * max(len(shown), 2.4)) as figure:
        figure.suptitle(title, fontsize=12)
        grid = figure.add_gridspec(len(shown), 2, width_ratios=(1, 1.05))
        for row, (network, look) in enumerate(_looks(shown)):
            axes = figure.add_subplot(grid[row, 0])
            _trace(axes, network, look["color"])
            axes.tick_params(labelbottom=row == len(shown) - 1)
            if row == 0:
                above = "gradient along one line / root mean square"
                axes.set_title(above, fontsize=8.5, color="#6b7280", loc="right", pad=3)
        axes.set_xlabel("way from one example to another")
        axes = figure.add_subplot(grid[:, 1])
        draw_curves(axes, networks)
        axes.set_title("autocorrelation of gradients, mean over lines", fontsize=10)


def draw_curves(axes: Axes, networks: Sequence[NetworkGradients]) -> None:
    """Draws the autocorrelation of networks, with bands of 95 %."""
    for network, look in _looks(networks):
        curve = network.curve
        distance = np.arange(len(curve.mean)) / network.points
        figure = float(network.correlation.mean)
        axes.plot(distance, curve.mean, **look, label=f"{network.title}: {figure:.2f}")
        if np.isfinite(curve.half).all():
            axes.fill_between(distance, curve.low, curve.high, color=look["color"], alpha=0.2, lw=0)
    axes.axvline(DISTANCE, color="#6b7280", lw=0.8, ls=":")
    axes.axhline(0, color="#6b7280", lw=0.8)
    axes.set(ylim=(-0.15, 1.04), xlim=(0, 0.5), xlabel="distance, in the way between two examples")
    axes.grid(alpha=0.25)
    axes.legend(title=f"at {DISTANCE:g} (dotted)", fontsize=9, title_fontsize=9, frameon=False)
    bare(axes)


def plot_depth(networks: Sequence[NetworkGradients], path: Path, title: str) -> None:
    """Draws gradient norms by depth into a PNG: at the outputs of the units, and at their weights.

    Args:
        networks: In the order of their colours.
        path: Path of the PNG.
        title: Above the picture.
    """
    with drawn(path, 11, 4.6) as figure:
        figure.suptitle(title, fontsize=12)
        panels = figure.subplots(1, 2)
        titles = ("at each unit's output", "at each unit's weights")
        for axes, name, above in zip(panels, ("outputs", "weights"), titles, strict=True):
            draw_norms(axes, networks, name)
            axes.set_title(f"norm of the loss's gradient {above}", fontsize=10)
        panels[0].legend(fontsize=9, frameon=False)


def draw_norms(axes: Axes, networks: Sequence[NetworkGradients], name: str) -> None:
    """Draws the norms of networks by depth, "outputs" or "weights", with bands of 95 %."""
    for network, look in _looks(networks):
        mean, low, high = geometric([getattr(sample, name) for sample in network.samples])
        places = np.arange(1, len(mean) + 1)
        marker = "o" if len(mean) <= _MOST_UNITS else None
        axes.plot(places, mean, **look, label=network.title, marker=marker, ms=4)
        if np.isfinite(low).all():
            axes.fill_between(places, low, high, color=look["color"], alpha=0.2, lw=0)
    log_axis(axes)
    axes.set_xlabel("residual unit, from the input to the output")
    units = networks[0].units
    if len(units) <= _MOST_UNITS and all(network.units == units for network in networks):
        axes.set_xticks(range(1, len(units) + 1))
    axes.grid(alpha=0.25)
    bare(axes)


def plot_stream(networks: Sequence[NetworkGradients], path: Path, title: str) -> None:
    """Draws mean, deviation and positive share of the stream after each unit into a PNG.

    Args:
        networks: In the order of their colours.
        path: Path of the PNG.
        title: Above the picture.
    """
    titles = ("mean", "standard deviation", "share of values above zero")
    with drawn(path, 13, 4.4) as figure:
        figure.suptitle(title, fontsize=12)
        panels = figure.subplots(1, 3)
        for row, (axes, above) in enumerate(zip(panels, titles, strict=True)):
            for network, look in _looks(networks):
                stream = network.stream
                places = np.arange(1, stream.mean.shape[1] + 1)
                axes.plot(places, stream.mean[row], **look, label=network.title)
                if np.isfinite(stream.half).all():
                    low, high = stream.low[row], stream.high[row]
                    axes.fill_between(places, low, high, color=look["color"], alpha=0.2, lw=0)
            axes.set_title(f"{above} after each unit", fontsize=10)
            axes.set_xlabel("residual unit, from the input to the output")
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            axes.grid(alpha=0.25)
            bare(axes)
        panels[2].set_ylim(-0.02, 1.02)
        panels[0].legend(fontsize=9, frameon=False)


def _trace(axes: Axes, network: NetworkGradients, colour: str) -> None:
    trace = network.samples[0].trace
    size = float(np.sqrt(np.mean(trace**2))) or 1.0
    axes.plot(np.arange(len(trace)) / network.points, trace / size, color=colour, lw=1.1)
    axes.axhline(0, color="#6b7280", lw=0.6)
    axes.set_title(network.title, fontsize=9.5, color=colour, loc="left", pad=3)
    axes.set_xlim(0, 1)
    bare(axes)


def log_axis(axes: Axes) -> None:
    """Makes the vertical axis logarithmic, with readable labels."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    # An axis of few decades needs more ticks, whose default labels are hard to read.
    few = high < 100 * low
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=9))
    # The default formatter writes formulas, which `drawn` would show as plain text.
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _looks(networks: Sequence[NetworkGradients]) -> list[tuple[NetworkGradients, dict[str, Any]]]:
    """Returns networks with the looks of their lines: a colour for each name, dashed if trained."""
    names = list(dict.fromkeys(network.name for network in networks))
    return [
        (
            network,
            {
                "color": COLOURS[names.index(network.name) % len(COLOURS)],
                "linestyle": "--" if network.state == "trained" else "-",
            },
        )
        for network in networks
    ]


def bare(axes: Axes) -> None:
    """Removes the frame above and on the right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
