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
MOST = 250  # Columns; of more, none is shuffled, since each of them costs a run of all others.


def permutation_importance(
    network: keras.Model, split: Split, form: Table, labels: Sequence[str]
) -> list[tuple[str, float]]:
    """Returns how much of the first figure is lost if a column says nothing, the most first.

    The cells of one column after another are shuffled between the rows (Breiman 2001, "Random
    Forests", section 10). Of two columns that say the same, none may seem to matter.

    Of more columns than `MOST` none is measured.

    Args:
        network: Takes the rows of `split`.
        split: Some rows, evenly spread, are enough.
        form: Names the columns.
        labels: Labels of the outputs.
    """
    if len(form.columns) > MOST:
        return []
    count = min(len(split), _ROWS, max(_RUNS // len(form.columns), 100))
    rows = np.linspace(0, len(split) - 1, count).astype(int)
    x, y, task = np.array(split.x[rows]), split.y[rows], split.task

    order = np.random.default_rng(0).permutation(count)
    copies = np.tile(x, (len(form.columns) + 1, 1, 1))  # The first stays as it is.
    for place in range(len(form.columns)):
        copies[place + 1, :, place] = x[order, place]
    outputs = task.predictions(run(network, copies.reshape(-1, x.shape[1]), batch_size=1024))
    whole, *others = (
        next(iter(task.score(part, y, labels).figures.values()))
        for part in np.split(outputs, len(copies))
    )
    lost = [(c.name, whole - other) for c, other in zip(form.columns, others, strict=True)]
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
