"""Draws loss surfaces and lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colors

from zoo.analysis.landscape.measured import LossLine, Surface
from zoo.drawing import drawn

_LOWEST = 1e-3  # Lower losses are drawn at this value, since the scale is logarithmic.
_HIGHEST = 1e3  # Higher losses are drawn at this value. Those of deep plain networks reach 1e20.
_LEVELS = 24


def draw_surface(surface: Surface, path: Path, title: str) -> None:
    """Draws a surface and its contours into a PNG.

    Both show the logarithm of the loss, cut at 1,000.

    Args:
        surface: To draw.
        path: Path of the PNG.
        title: Above the picture.
    """
    first, second = surface.axes
    loss = np.nan_to_num(surface.loss, nan=_HIGHEST, posinf=_HIGHEST).clip(_LOWEST, _HIGHEST)
    height = np.log10(loss)
    with drawn(path, 12, 5.2) as figure:
        figure.suptitle(title)
        hill = figure.add_subplot(1, 2, 1, projection="3d")
        x, y = np.meshgrid(first, second, indexing="ij")
        hill.plot_surface(
            x, y, height, cmap="viridis", rcount=len(first), ccount=len(second), linewidth=0.1,
            edgecolor=(0, 0, 0, 0.25), antialiased=True,
        )  # fmt: skip
        hill.view_init(elev=38, azim=-60)
        hill.set_zlabel("log10 of the loss", labelpad=8)
        hill.locator_params(nbins=5)
        hill.set_box_aspect((1, 1, 0.8), zoom=0.9)
        flat = figure.add_subplot(1, 2, 2)
        levels = np.geomspace(loss.min(), max(loss.max(), loss.min() * 1.01), _LEVELS)
        scale = colors.LogNorm(levels[0], levels[-1])
        filled = flat.contourf(
            first, second, loss.T, levels, cmap="viridis", norm=scale, extend="both"
        )
        flat.contour(first, second, loss.T, levels, colors="white", linewidths=0.4)
        bar = figure.colorbar(filled, ax=flat, label="loss", format="%.3g")
        bar.set_ticks(list(levels[:: _LEVELS // 6]))
        if surface.path is None:
            flat.plot(0, 0, marker="*", color="white", markeredgecolor="black", markersize=12)
            names = ("first random direction", "second random direction")
        else:
            flat.plot(*surface.path.T, "-o", color="white", markeredgecolor="black", markersize=4)
            shares = surface.explained or (float("nan"),) * 2
            names = tuple(  # type: ignore[assignment]
                f"{order} principal direction, {share:.0%} of the movement"
                for order, share in zip(("first", "second"), shares, strict=True)
            )
        flat.set_xlabel(names[0])
        flat.set_ylabel(names[1])
        hill.set_xlabel("first")
        hill.set_ylabel("second")


def draw_line(line: LossLine, path: Path, title: str) -> None:
    """Draws loss and accuracy between two checkpoints into a PNG."""
    with drawn(path, 10, 4) as figure:
        figure.suptitle(title)
        for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            for split, values in getattr(line, name).items():
                axes.plot(line.places, values, label=split)
            for place in (0, 1):
                axes.axvline(place, color="grey", linewidth=0.8, linestyle=":")
            axes.set_xlabel("from the first checkpoint, at 0, to the second, at 1")
            axes.set_ylabel(name)
            axes.grid(alpha=0.3)
            axes.legend()
