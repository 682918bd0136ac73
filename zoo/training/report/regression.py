"""The result of a regression's training: predicted beside true values, and the worst errors."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from zoo.checkpoints.card import Card
from zoo.data.dataset import Split
from zoo.drawing import drawn
from zoo.files import write_text
from zoo.forms import Picture
from zoo.page import page, picture, table, with_pictures
from zoo.training.report.closing import closing
from zoo.training.report.figure import figure
from zoo.training.run_folder import CURVES, PAGE, PREDICTED

_WORST = 12


def write_regression(folder: Path, card: Card, predictions: np.ndarray, split: Split) -> None:
    """Writes `result.html` into a run's folder, and `predicted.png`; `curves.png` is there already.

    Args:
        folder: Folder of the checkpoint.
        card: Card of the checkpoint, with its metrics.
        predictions: (examples, 1) values for the test split.
        split: The test split.
    """
    values, truth = predictions[:, 0].astype(np.float64), split.y.astype(np.float64)
    (name,) = card.labels
    _draw(values, truth, name, folder / PREDICTED)
    worst = np.argsort(-abs(values - truth), kind="stable")[:_WORST]
    rows = [(f"{truth[i]:.5g}", f"{values[i]:.5g}", f"{values[i] - truth[i]:+.5g}") for i in worst]
    shown = table((f"true {name}", "predicted", "error"), rows)
    if isinstance(card.input, Picture):
        shown = "".join(
            figure(split.x[i], f"{value}, is {true}", f"error {error}")
            for i, (true, value, error) in zip(worst, rows, strict=True)
        )
        shown = f"<div class='mistakes'>{shown}</div>"
    figures = {metric.name: metric.value for metric in card.metrics}
    title = f"{card.model}, {name}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>On {len(split):,} test examples, {escape(name)} is predicted with a mean error of "
        f"{figures['mae']:.5g}; always saying their mean would have "
        f"{abs(truth - truth.mean()).mean():.5g}. R² is {figures['r2']:.4f}: 1 is perfect, 0 as "
        f"good as the mean. {escape(card.source)}.</p>",
        picture("Training", CURVES),
        picture("Predicted and true", PREDICTED),
        f"<h2>The largest errors</h2>{shown}",
        *closing(card),
    ]
    write_text(folder / PAGE, with_pictures(page(title, parts), folder))


def _draw(values: np.ndarray, truth: np.ndarray, name: str, path: Path) -> None:
    ends = [min(values.min(), truth.min()), max(values.max(), truth.max())]
    with drawn(path, 5, 5) as drawing:
        axes = drawing.subplots()
        axes.plot(ends, ends, color="grey", linewidth=1)
        axes.scatter(truth, values, s=9, alpha=0.6)
        axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
