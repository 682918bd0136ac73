"""Pictures of twins beside each other: a column for each group, a colour for each line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from zoo.analysis.compare.comparison import Outcome, grouped
from zoo.analysis.gradients.pictures import (
    COLOURS,
    bare,
    draw_curves,
    draw_norms,
    log_axis,
)
from zoo.drawing import drawn

_LOWEST, _HIGHEST = 1e-3, 1e3  # Losses are clipped to these for drawing.
_LEVELS = 19
_TICKS = [step * 10.0**power for power in range(-3, 4) for step in (1, 3)]


def plot_summary(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draws each figure of the finished trainings over the varied arguments, into a PNG.

    It shows means over the seeds with 95 % intervals. Small dots are the seeds.

    Args:
        outcomes: Outcomes of all twins.
        path: Path of the PNG.
    """
    names = list(outcomes[0].figures)
    with drawn(path, 4.2 * len(names), 3.9) as figure:
        groups = grouped(outcomes)
        lines = _lines(outcomes)
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            for index, line in enumerate(lines):
                own = [outcome for outcome in outcomes if outcome.twin.line == line]
                places = np.arange(len(own)) if len(groups) > 1 else np.array([index])
                places = places + 0.06 * (index - (len(lines) - 1) / 2) * (len(groups) > 1)
                _points(axes, places, own, name, COLOURS[index % len(COLOURS)], line)
            ticks = list(groups) if len(groups) > 1 else lines
            axes.set_xticks(range(len(ticks)), ticks, fontsize=9)
            axes.margins(x=0.12)
            axes.set_title(name, fontsize=10)
            if "loss" in name:
                log_axis(axes)
            axes.grid(alpha=0.25)
            bare(axes)
        if len(groups) > 1:
            figure.axes[0].legend(fontsize=9, frameon=False)


def plot_curves(outcomes: Sequence[Outcome], path: Path, watched: str) -> None:
    """Draws loss and the watched figure over the epochs into a PNG.

    Bands are 95 % intervals over the seeds. Dashed lines are of the validation split.

    Args:
        outcomes: Outcomes of all twins.
        path: Path of the PNG.
        watched: Name of that figure in the histories.
    """
    groups = grouped(outcomes)
    with drawn(path, _width(groups), 6.4) as figure:
        rows = figure.subplots(2, len(groups), squeeze=False, sharex=True, sharey="row")
        for column, (group, own) in enumerate(groups.items()):
            for axes, name in zip(rows[:, column], ("loss", watched), strict=True):
                for outcome in own:
                    colour = _colour(outcome, outcomes)
                    for key, look in ((name, "-"), (f"val_{name}", "--")):
                        epochs, curve = outcome.curve(key)
                        label = outcome.twin.line if look == "-" else None
                        axes.plot(epochs, curve.mean, look, color=colour, lw=1.4, label=label)
                        if look == "-" and np.isfinite(curve.half).all():
                            axes.fill_between(
                                epochs, curve.low, curve.high, color=colour, alpha=0.15, lw=0
                            )
                if column == 0:
                    axes.set_ylabel(name)
                axes.grid(alpha=0.25)
                bare(axes)
            # The wide intervals of few seeds would otherwise fill the picture.
            rows[1, column].set_ylim(-0.02, 1.04)
            rows[0, column].set_title(group, fontsize=10)
            rows[1, column].set_xlabel("epoch")
            rows[1, column].xaxis.set_major_locator(MaxNLocator(6, integer=True))
        top = max(float(np.nanmax(outcome.curve(key)[1].mean))
                  for outcome in outcomes for key in ("loss", "val_loss"))  # fmt: skip
        rows[0, 0].set_ylim(0, 1.1 * min(top, _HIGHEST))
        rows[0, 0].legend(fontsize=9, frameon=False)


def plot_gradients(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draws the autocorrelation and the norms by depth of gradients into a PNG.

    Args:
        outcomes: Outcomes of all twins.
        path: Path of the PNG.
    """
    groups = grouped(outcomes)
    with drawn(path, _width(groups), 7.2) as figure:
        rows = figure.subplots(2, len(groups), squeeze=False, sharey="row")
        for column, (group, own) in enumerate(groups.items()):
            networks = [
                network for outcome in own for network in (outcome.initial, outcome.trained)
            ]
            draw_curves(rows[0, column], networks)
            draw_norms(rows[1, column], networks, "outputs")
            rows[0, column].set_title(group, fontsize=10)
            rows[0, column].get_legend().remove()
        figure.legend(
            *rows[1, 0].get_legend_handles_labels(), loc="outside lower center", fontsize=9,
            frameon=False, ncols=4 if len(groups) > 2 else 2,
        )  # fmt: skip
        rows[0, 0].set_ylabel("autocorrelation of gradients")
        rows[1, 0].set_ylabel("norm of the loss's gradient\nat each unit's output")


def plot_surfaces(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draws the loss around the first seed's weights of each twin into a PNG, on one colour scale.

    Args:
        outcomes: Outcomes of all twins, with their surfaces.
        path: Path of the PNG.
    """
    groups, lines = grouped(outcomes), _lines(outcomes)
    surfaces = {
        (outcome.twin.line, outcome.twin.group): outcome.surface
        for outcome in outcomes
        if outcome.surface is not None
    }
    losses = {
        key: np.nan_to_num(surface.loss, nan=_HIGHEST, posinf=_HIGHEST).clip(_LOWEST, _HIGHEST)
        for key, surface in surfaces.items()
    }
    low = min(float(loss.min()) for loss in losses.values())
    high = max(float(loss.max()) for loss in losses.values())
    levels = np.geomspace(low, max(high, 1.01 * low), _LEVELS)
    # The twins of a single group stand side by side.
    across, down = (list(groups), lines) if len(groups) > 1 else (lines, list(groups))
    size = (2.9 * len(across) + 1.5, 2.9 * len(down) + 0.3)
    with drawn(path, *size) as figure:
        cells = figure.subplots(len(down), len(across), squeeze=False, sharex=True, sharey=True)
        for (row, column), axes in np.ndenumerate(cells):
            key = (down[row], across[column]) if len(groups) > 1 else (across[column], down[row])
            first, second = surfaces[key].axes
            filled = axes.contourf(
                first, second, losses[key].T, levels, cmap="viridis",
                norm=colors.LogNorm(levels[0], levels[-1]), extend="both",
            )  # fmt: skip
            axes.contour(first, second, losses[key].T, levels, colors="white", linewidths=0.35)
            axes.plot(0, 0, marker="*", color="white", markeredgecolor="black", markersize=11)
            axes.set_aspect("equal")
            axes.tick_params(labelsize=8)
            if row == 0:
                axes.set_title(across[column], fontsize=10)
            if column == 0:
                axes.set_ylabel(down[row], fontsize=10)
        bar = figure.colorbar(filled, ax=cells, label="loss", shrink=0.9)
        ticks = [tick for tick in _TICKS if levels[0] <= tick <= levels[-1]]
        bar.set_ticks(ticks, labels=[f"{tick:,g}" for tick in ticks])


def _points(
    axes: Axes, places: np.ndarray, outcomes: Sequence[Outcome], name: str, colour: str, line: str
) -> None:
    intervals = [outcome.figure(name) for outcome in outcomes]
    means = np.array([float(interval.mean) for interval in intervals])
    halves = np.nan_to_num([float(interval.half) for interval in intervals])
    axes.errorbar(
        places, means, halves, color=colour, marker="o", ms=5, lw=1.6, capsize=4, label=line
    )
    for place, outcome in zip(places, outcomes, strict=True):
        values = outcome.figures[name]
        axes.scatter([place] * len(values), values, s=9, color=colour, alpha=0.45, linewidths=0)


def _lines(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(outcome.twin.line for outcome in outcomes))


def _colour(outcome: Outcome, outcomes: Sequence[Outcome]) -> str:
    return COLOURS[_lines(outcomes).index(outcome.twin.line) % len(COLOURS)]


def _width(groups: dict[str, list[Outcome]]) -> float:
    return max(6.0, 4.1 * len(groups))
