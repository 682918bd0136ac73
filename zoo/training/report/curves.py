"""Training curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.drawing import drawn


def plot_curves(
    history: Sequence[dict[str, float]], path: Path, title: str, watched: str = "accuracy"
) -> None:
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
            for key, label in ((metric, "training"), (f"val_{metric}", "validation")):
                axes.plot(epochs, [row[key] for row in history], label=label)
            axes.set_xlabel("epoch")
            axes.set_ylabel(metric)
            axes.grid(alpha=0.3)
            axes.legend()
