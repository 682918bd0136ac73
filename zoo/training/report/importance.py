"""Which columns of a table a model relies on."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from zoo.data.dataset import Split
from zoo.data.inference import run
from zoo.forms import Table
from zoo.page import table
from zoo.training.report.outcome import Outcome

_SHOWN = 60  # Columns.
# Most rows that are shuffled, and most that are run in all.
_ROWS, _RUNS = 2000, 200_000


def permutation_importance(
    network: keras.Model, split: Split, form: Table, labels: Sequence[str]
) -> list[tuple[str, float]]:
    """Returns how much of the first figure is lost if a column says nothing, the most first.

    The cells of one column after another are shuffled between the rows (Breiman 2001, "Random
    Forests", section 10). Of two columns that say the same, none may seem to matter.

    Args:
        network: Takes the rows of `split`.
        split: Some rows, evenly spread, are enough.
        form: Names the columns.
        labels: Labels of the outputs.
    """
    count = min(len(split), _ROWS, max(_RUNS // len(form.columns), 100))
    rows = np.linspace(0, len(split) - 1, count).astype(int)
    x, y, task = np.array(split.x[rows]), split.y[rows], split.task

    def figure(cells: np.ndarray) -> float:
        outputs = task.predictions(run(network, cells, batch_size=1024))
        return next(iter(task.score(outputs, y, labels).figures.values()))

    whole, order = figure(x), np.random.default_rng(0).permutation(count)
    lost = []
    for place, column in enumerate(form.columns):
        shuffled = x.copy()
        shuffled[:, place] = x[order, place]
        lost.append((column.name, whole - figure(shuffled)))
    return sorted(lost, key=lambda row: -row[1])


def columns(outcome: Outcome) -> str:
    """Returns a table of the columns that matter most; empty if there are none."""
    if not outcome.importance:
        return ""
    rows = [(name, f"{100 * lost:.2f}") for name, lost in outcome.importance[:_SHOWN]]
    return (
        "<h2>Columns</h2><p>Points of accuracy that are lost if the cells of a column are shuffled "
        f"between the rows:</p>{table(('column', 'lost'), rows)}"
    )
