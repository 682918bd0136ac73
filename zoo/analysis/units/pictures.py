"""Draws what the units of networks do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from zoo.analysis.gradients.pictures import COLOURS, bare
from zoo.analysis.interval import Interval
from zoo.analysis.units.measured import NetworkUnits
from zoo.drawing import drawn


def plot_units(networks: Sequence[NetworkUnits], path: Path, title: str) -> None:
    """Draws networks without units, with units exchanged, and gradients by path, into a PNG.

    Bands are 95 % intervals.

    Args:
        networks: In the order of their colours.
        path: Path of the PNG.
        title: Above the picture.
    """
    with drawn(path, 11, 7.6) as figure:
        figure.suptitle(title, fontsize=12)
        (one, several), (order, paths) = figure.subplots(2, 2)
        for network, colour in zip(networks, COLOURS * len(networks), strict=False):
            places = np.arange(1, len(network.units) + 1)
            _band(one, places, network.single, colour, network.name)
            one.axhline(float(network.whole.mean), color=colour, lw=0.8, ls=":")
            _band(several, np.array((0, *network.levels)), _begun(network), colour, network.name)
            if network.exchanges:
                taus = network.taus.mean
                rank = np.argsort(taus)
                curve = Interval(network.reordered.mean[rank], network.reordered.half[rank])
                _band(order, taus[rank], curve, colour, network.name)
            if network.norms.mean.size:
                _band(
                    paths, np.arange(len(network.units) + 1), network.shares, colour, network.name
                )
        one.set(title="without one unit (dotted: with all)", xlabel="unit, from the input on")
        several.set(title="without several units", xlabel="deleted units")
        order.set(title="units reordered", xlabel="Kendall's rank correlation with their order")
        order.invert_xaxis()
        paths.set(
            title="share of the gradient of all paths", xlabel="branches that a path passes through"
        )
        for axes in (one, several, order):
            axes.set_ylabel(networks[0].figure)
            _frame(axes)
        for axes in (one, several, order, paths):
            axes.title.set_fontsize(10)
            axes.grid(alpha=0.25)
            bare(axes)
        for axes in (one, several, paths):
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        one.legend(fontsize=9, frameon=False)


def plot_similarity(networks: Sequence[NetworkUnits], path: Path, title: str) -> None:
    """Draws how alike the outputs of units are, a square for each network, into a PNG.

    Args:
        networks: From left to right.
        path: Path of the PNG.
        title: Above the picture.
    """
    with drawn(path, 4.0 * len(networks) + 1.2, 4.4) as figure:
        figure.suptitle(title, fontsize=12)
        panels = figure.subplots(1, len(networks), squeeze=False)[0]
        for axes, network in zip(panels, networks, strict=True):
            values = network.similarity.mean
            ends = (0.5, len(values) + 0.5)
            shown = axes.imshow(
                values, vmin=0, vmax=1, cmap="magma", origin="lower", extent=(*ends, *ends)
            )
            axes.set_title(network.name, fontsize=10)
            axes.set_xlabel("unit, from the input on")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(8, integer=True))
        figure.colorbar(shown, ax=panels, label="CKA", shrink=0.9)


def _begun(network: NetworkUnits) -> Interval:
    """Returns the curve of deleted units, from none on."""
    whole, rest = network.whole, network.several
    half = np.nan_to_num(whole.half)
    return Interval(np.append(whole.mean, rest.mean), np.append(half, rest.half))


def _frame(axes: Axes) -> None:
    """Lets the means fill the picture, not the wide intervals of few seeds."""
    means = [np.asarray(line.get_ydata(), float) for line in axes.get_lines()]
    if means:
        low, high = float(np.min(np.concatenate(means))), float(np.max(np.concatenate(means)))
        axes.set_ylim(low - 0.08 * (high - low) - 1e-3, high + 0.08 * (high - low) + 1e-3)


def _band(axes: Axes, places: np.ndarray, values: Interval, colour: str, label: str) -> None:
    axes.plot(places, values.mean, color=colour, lw=1.6, marker="o", ms=3.5, label=label)
    if np.isfinite(values.half).any():
        axes.fill_between(places, values.low, values.high, color=colour, alpha=0.18, lw=0)
