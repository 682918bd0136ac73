"""What became of a classifier's training: pictures and one page that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from zoo.checkpoints.card import Card
from zoo.data.dataset import Split
from zoo.files import whole_file, write_text
from zoo.page import page, picture, table
from zoo.tasks.reliability import Calibration, calibrate
from zoo.training.inference import Evaluation, score

PAGE = "result.html"
_MISTAKES = 12
_NUMBERED = 20  # Classes up to which each cell of the confusion matrix holds its count.
_MOST_TICKS = 60


def write_result(folder: Path, card: Card, probabilities: np.ndarray, split: Split) -> None:
    """Writes `result.html` into a run's folder, and the pictures that it shows.

    They are `confusion.png`, `calibration.png` and, of images that were mistaken, `mistakes.png`;
    `curves.png` is there already.

    Args:
        folder: Of the checkpoint.
        card: Of the checkpoint, with its metrics.
        probabilities: (examples, classes) for the test split.
        split: The test split.
    """
    evaluation = score(probabilities, split, card.labels)
    calibration = calibrate(probabilities, split.y)
    _save(_confusion(evaluation, card.labels), folder / "confusion.png")
    _save(_reliability(calibration), folder / "calibration.png")
    mistakes = worst_mistakes(probabilities, split.y)
    shown = len(mistakes) > 0 and split.x.ndim == 4
    if shown:
        drawn = _mistakes(split.x, split.y, probabilities, mistakes, card.labels)
        _save(drawn, folder / "mistakes.png")
    else:
        (folder / "mistakes.png").unlink(missing_ok=True)
    write_text(folder / PAGE, _page(card, evaluation, calibration, shown))


def worst_mistakes(probabilities: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns the indices of the wrong predictions that were surest, the surest first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != y)
    order = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[order][:_MISTAKES]


def _page(card: Card, evaluation: Evaluation, calibration: Calibration, mistakes: bool) -> str:
    title = f"{card.model}, {len(card.labels)} classes"
    (metric,) = [metric for metric in card.metrics if metric.name == "top1"]
    rows = [
        (row.label, *(f"{v:.4f}" for v in (row.precision, row.recall, row.f1)), str(row.examples))
        for row in evaluation.classes
    ]
    wrong = evaluation.examples - sum(
        evaluation.confusion[i][i] for i in range(len(evaluation.confusion))
    )
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{metric.value:.2%} of {metric.examples:,} {escape(metric.split)} examples of "
        f"{escape(metric.dataset)} are told right, {wrong:,} wrong. "
        f"{escape(card.source)}.</p>",
        picture("Training", "curves.png"),
        picture("Confusion: rows are the truth, columns the prediction", "confusion.png"),
        "<h2>Per class</h2>",
        table(("class", "precision", "recall", "f1", "examples"), rows),
        picture("The surest mistakes", "mistakes.png") if mistakes else "",
        picture("Calibration", "calibration.png"),
        f"<p>Expected calibration error: {calibration.error:.4f}, the mean distance between how "
        "sure the model is and how often it is right. Bars above the line: too modest; below: too "
        "sure.</p>",
        f"<p class='note'><code>{escape(str(card.training.get('command', '')))}</code></p>",
        "<p class='note'>See also <a href='card.json'>card.json</a>, <a href='run.json'>run.json"
        "</a>, <a href='history.csv'>history.csv</a>.</p>",
    ]
    return page(title, parts)


def _save(figure: Figure, path: Path) -> None:
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _confusion(evaluation: Evaluation, labels: Sequence[str]) -> Figure:
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(max(4.0, 0.5 * len(labels)), 14.0)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")
    if len(labels) <= _MOST_TICKS:
        names = [_plain(label) for label in labels]
        axes.set_xticks(range(len(labels)), names, rotation=90)
        axes.set_yticks(range(len(labels)), names)
    if len(labels) <= _NUMBERED:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                dark = shares[row, column] > 0.5
                axes.text(column, row, str(count), ha="center", va="center",
                          color="white" if dark else "black", fontsize=8)  # fmt: skip
    return figure


def _reliability(calibration: Calibration) -> Figure:
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    bars = axes.bar(calibration.confidence, calibration.accuracy, width=0.06, alpha=0.8)
    axes.bar_label(bars, [str(count) for count in calibration.examples], fontsize=7)
    axes.set(xlim=(0, 1.05), ylim=(0, 1.1), xlabel="confidence", ylabel="share that is right")
    return figure


def _mistakes(
    x: np.ndarray,
    y: np.ndarray,
    probabilities: np.ndarray,
    chosen: np.ndarray,
    labels: Sequence[str],
) -> Figure:
    across = min(4, len(chosen))
    down = -(-len(chosen) // across)
    figure = Figure(figsize=(2.6 * across, 3.0 * down), layout="constrained")
    cells = figure.subplots(down, across, squeeze=False).flat
    for axes in cells:
        axes.axis("off")
    for axes, index in zip(figure.axes, chosen, strict=False):
        told = int(probabilities[index].argmax())
        axes.imshow(x[index].squeeze(), cmap="gray", vmin=0, vmax=255)
        sure = probabilities[index, told]
        axes.set_title(
            f"{_plain(labels[told])} {sure:.0%}\nis {_plain(labels[y[index]])}", fontsize=9
        )
    return figure


def _plain(label: str) -> str:
    """Returns a label that matplotlib does not read as a formula."""
    short = label if len(label) <= 24 else label[:23] + "…"
    return short.replace("$", r"\$")
