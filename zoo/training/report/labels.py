"""Sets of labels: how each label does, and the worst decisions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.page import table
from zoo.training.report.embedded import embedded, strip
from zoo.training.report.original import original
from zoo.training.report.outcome import Outcome

_MISTAKES = 12


def labels(outcome: Outcome) -> str:
    """Returns a row for each label."""
    (rows,) = outcome.score.tables
    return (
        "<h2>Labels</h2><p>A label is said from its threshold on, which does best in validation."
        f"</p>{table(rows.head, rows.rows)}"
    )


def worst_decisions(outcome: Outcome) -> str:
    """Returns the pictures with the decision that is farthest beyond its threshold and wrong."""
    if not outcome.of_pictures:
        return ""
    names = outcome.card.labels
    beyond = outcome.predictions - np.array(outcome.card.thresholds or (0.5,) * len(names))
    truth = outcome.test.y > 0
    wrong = np.where((beyond >= 0) != truth, abs(beyond), 0)
    worst = np.argsort(-wrong.max(axis=1), kind="stable")[:_MISTAKES]
    figures = [
        embedded(
            original(outcome, int(i)),
            f"said: {_chosen(names, beyond[i] >= 0)}",
            f"is: {_chosen(names, truth[i])}",
            *outcome.names(int(i)),
        )
        for i in worst
        if wrong[i].any()
    ]
    return f"<h2>The surest mistakes</h2>{strip(figures)}" if figures else ""


def _chosen(names: Sequence[str], chosen: np.ndarray) -> str:
    return ", ".join(name for name, said in zip(names, chosen, strict=True) if said) or "none"
