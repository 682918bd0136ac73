"""Values that a regression predicts, beside the true ones."""

from __future__ import annotations

import numpy as np

from zoo.chart import Series, chart
from zoo.page import table
from zoo.training.report.embedded import embedded, strip
from zoo.training.report.original import original
from zoo.training.report.outcome import Outcome

_WORST = 12
_DOTS = 2000  # Most examples in the chart, evenly spread.


def predicted_and_true(outcome: Outcome) -> str:
    """Returns a chart of predicted beside true values."""
    truth, values = _both(outcome)
    (name,) = outcome.card.labels
    low, high = min(truth.min(), values.min()), max(truth.max(), values.max())
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), _DOTS)).astype(int)
    dots = [(float(truth[i]), float(values[i])) for i in chosen]
    drawn = chart(
        f"{len(dots):,} predictions of {name} beside the true values, from {low:.4g} to {high:.4g}",
        [Series("", [(low, low), (high, high)], colour=0), Series("", dots, "dots")],
        x_name=f"true {name}",
        y_name=f"predicted {name}",
    )
    return f"<h2>Predicted and true</h2><div class='charts'>{drawn}</div>"


def largest_errors(outcome: Outcome) -> str:
    """Returns the examples that are predicted worst."""
    truth, values = _both(outcome)
    (name,) = outcome.card.labels
    worst = np.argsort(-abs(values - truth), kind="stable")[:_WORST]
    rows = [
        (_text(truth[i]), _text(values[i]), _text(values[i] - truth[i], "+"),
         *outcome.names(int(i)))
        for i in worst
    ]  # fmt: skip
    head = (f"true {name}", "predicted", "error", "example")
    shown = table(head[: len(rows[0])], rows)
    if outcome.of_pictures:
        figures = [
            embedded(
                original(outcome, int(i)), f"said: {value}", f"is: {true}", f"error {error}", *names
            )
            for i, (true, value, error, *names) in zip(worst, rows, strict=True)
        ]
        shown = strip(figures)
    return f"<h2>The largest errors</h2>{shown}"


def _both(outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    return outcome.test.y.astype(np.float64), outcome.predictions[:, 0].astype(np.float64)


def _text(value: float, sign: str = "") -> str:
    return f"{value:{sign}.5g}" if abs(value) < 1e5 else f"{value:{sign},.0f}"
