"""Training curves: on the page, and as a picture beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.chart import Mark, Series, chart
from zoo.checkpoints.card import task_of
from zoo.drawing import drawn
from zoo.training.report.epochs import stages, taken_epochs
from zoo.training.report.outcome import Outcome
from zoo.training.runs.run_folder import Row

_NAMES = {"training": "", "validation": "val_"}  # Of a curve, with the prefix of its figures.


def curves(outcome: Outcome) -> str:
    """Returns the watched figure and the loss over the epochs, with the stages and what was taken.

    Empty without a history.
    """
    history, watched = outcome.history, task_of(outcome.card).watched
    if not history:
        return ""
    taken = taken_epochs(outcome.card, history, len(outcome.learnt.validation))
    parts = stages(history)
    marks = [Mark(row["epoch"], "taken") for row in taken]
    if len(parts) > 1:
        marks += [Mark(rows[0]["epoch"], name, strong=False) for name, rows in parts.items()]
    charts = "".join(
        _curve([*parts.values()], metric, marks, taken) for metric in (watched, "loss")
    )
    which = " and ".join(f"{row['epoch']:.0f}" for row in taken)
    sentence = (
        f"The checkpoint holds the weights of epoch {which}."
        if len(taken) == 1
        else f"The checkpoint holds the mean of the weights of the epochs {which}."
    )
    if len(parts) > 1:
        sentence += (
            f" The new head was trained for {len(parts['head'])} epochs, then the whole network "
            f"for {len(parts['network'])}."
        )
    others = f"Training: the {outcome.plural} it learns from. Validation: others, which watch it."
    if outcome.learnt.validation is outcome.learnt.train:
        others = (
            f"There were too few {outcome.plural} to keep some apart for validation: both curves "
            "are of those it learns from, and say nothing of others."
        )
    return f"<h2>How it learnt</h2><div class='charts'>{charts}</div><p>{sentence} {others}</p>"


def plot_curves(history: Sequence[Row], path: Path, title: str, watched: str = "accuracy") -> None:
    """Draws loss and the watched figure over the epochs into a PNG.

    Args:
        history: Rows of `zoo.training.fit.fit`.
        path: Path of the PNG.
        title: Above the picture.
        watched: Name of that figure in the history.
    """
    epochs = [row["epoch"] for row in history]
    with drawn(path, 10, 4) as figure:
        figure.suptitle(title)
        for axes, metric in zip(figure.subplots(1, 2), ("loss", watched), strict=True):
            for label, prefix in _NAMES.items():
                axes.plot(epochs, [row[prefix + metric] for row in history], label=label)
            axes.set_xlabel("epoch")
            axes.set_ylabel(metric)
            axes.grid(alpha=0.3)
            axes.legend()


def _curve(
    parts: Sequence[Sequence[Row]], metric: str, marks: Sequence[Mark], taken: Sequence[Row]
) -> str:
    series = [
        Series(
            name if rows is parts[-1] else "",  # One entry in the legend for all stages.
            [(row["epoch"], row[prefix + metric]) for row in rows],
            colour=colour,
        )
        for rows in parts
        for colour, (name, prefix) in enumerate(_NAMES.items(), start=1)
    ]
    at = [(row["epoch"], row[f"val_{metric}"]) for row in taken]
    last = parts[-1][-1]
    alt = (
        f"{metric} by epoch: after {last['epoch']:.0f} epochs {last[metric]:.3g} in training and "
        f"{last[f'val_{metric}']:.3g} in validation; taken at "
        + ", ".join(f"epoch {x:.0f} with {y:.3g}" for x, y in at)
    )
    dots = Series("", at, "dots", colour=2)
    return chart(alt, [*series, dots], x_name="epoch", y_name=metric, marks=marks)
