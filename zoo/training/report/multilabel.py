"""The result of a training on sets of labels: a row for each label, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from zoo.checkpoints.card import Card
from zoo.data.dataset import Split
from zoo.files import write_text
from zoo.forms import Picture
from zoo.page import page, picture, table, with_pictures
from zoo.tasks.multilabel import MultilabelScore
from zoo.training.report.closing import closing
from zoo.training.report.figure import figure
from zoo.training.run_folder import CURVES, PAGE

_MISTAKES = 12


def write_multilabel(
    folder: Path, card: Card, score: MultilabelScore, probabilities: np.ndarray, split: Split
) -> None:
    """Writes `result.html` into a run's folder; `curves.png` is there already.

    Args:
        folder: Folder of the checkpoint.
        card: Card of the checkpoint, with its metrics and thresholds.
        score: Of the test split.
        probabilities: (examples, labels) for the test split.
        split: The test split.
    """
    (rows,) = score.tables
    title = f"{card.model}, {len(card.labels)} labels"
    text = ", ".join(card.text(metric) for metric in card.metrics)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>On {len(split):,} test examples: {escape(text)}. map is the mean over the labels of "
        "their average precision, micro_f1 counts all decisions alike, exact is the share of "
        f"examples with exactly their labels. {escape(card.source)}.</p>",
        picture("Training", CURVES),
        "<h2>Labels</h2><p>A label is said from its threshold on, which does best in validation."
        "</p><div class='wide'>",
        table(rows.head, rows.rows),
        "</div>",
    ]
    if isinstance(card.input, Picture) and (shown := _mistakes(card, probabilities, split)):
        parts.append(f"<h2>The surest mistakes</h2><div class='mistakes'>{shown}</div>")
    whole = with_pictures(page(title, [*parts, *closing(card)]), folder)
    write_text(folder / PAGE, whole)


def _mistakes(card: Card, probabilities: np.ndarray, split: Split) -> str:
    """Returns the pictures with the decision that is farthest beyond its threshold and wrong."""
    beyond = probabilities - np.array(card.thresholds or (0.5,) * len(card.labels))
    truth = split.y > 0
    wrong = np.where((beyond >= 0) != truth, abs(beyond), 0)
    worst = np.argsort(-wrong.max(axis=1), kind="stable")[:_MISTAKES]
    return "".join(
        figure(
            split.x[i],
            f"said: {_named(card.labels, beyond[i] >= 0)}",
            f"is: {_named(card.labels, truth[i])}",
        )
        for i in worst
        if wrong[i].any()
    )


def _named(labels: Sequence[str], chosen: np.ndarray) -> str:
    return ", ".join(label for label, said in zip(labels, chosen, strict=True) if said) or "none"
