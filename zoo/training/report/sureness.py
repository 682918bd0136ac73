"""How far the scores of a classifier can be believed, and what a threshold leaves."""

from __future__ import annotations

from zoo.chart import Series, chart
from zoo.page import table
from zoo.tasks.coverage import UNKNOWN, coverage_of
from zoo.tasks.reliability import reliability_of
from zoo.training.report.figures import reliability_text
from zoo.training.report.outcome import Outcome

_STEPS = 51  # Thresholds of the curve.


def sureness(outcome: Outcome) -> str:
    """Returns the coverage curve and the calibration, both as charts, and a table of thresholds."""
    rows = coverage_of(outcome.predictions, outcome.test.y)
    charts = _coverage(outcome) + _calibration(outcome)
    cells = [
        (f"{row.threshold:g}", f"{row.share:.1%}",
         "–" if row.accuracy is None else f"{row.accuracy:.1%}")
        for row in rows
    ]  # fmt: skip
    reliability = reliability_of(outcome.predictions, outcome.test.y)
    text = reliability_text(outcome.figures)
    text = text or f"expected calibration error {reliability.error:.4f}"
    return (
        f"<h2>How sure it is</h2><p><code>zoo predict --threshold=P</code> answers {UNKNOWN!r} "
        f"where the highest score is below P. The more {outcome.plural} it leaves out, the more "
        f"often the answers are right:</p><div class='charts'>{charts}</div>"
        f"<details><summary>Answers by threshold</summary>"
        f"{table(('threshold', 'answered', 'of these right'), cells)}</details>"
        f"<p class='note'>{text[0].upper()}{text[1:]}. That error is the mean distance between how "
        "sure the model is and how often it is right. Bars above the line: too modest; below: too "
        "sure.</p>"
    )


def _coverage(outcome: Outcome) -> str:
    thresholds = [step / (_STEPS - 1) for step in range(_STEPS)]
    rows = coverage_of(outcome.predictions, outcome.test.y, thresholds)
    known = [(100 * row.share, 100 * row.accuracy) for row in rows if row.accuracy is not None]
    alt = "Of the answers that are given, the share that is right: " + ", ".join(
        f"{right:.0f}% where {share:.0f}% are answered" for share, right in known[:: _STEPS // 5]
    )
    return chart(
        alt,
        [Series("", known)],
        x_name="% answered",
        y_name="% of the answers right",
        x_range=(0, 100),
        y_range=(10 * min(min(right for _, right in known) // 10, 9), 100),
    )


def _calibration(outcome: Outcome) -> str:
    reliability = reliability_of(outcome.predictions, outcome.test.y)
    bars = [
        (100 * sure, 100 * right)
        for sure, right in zip(reliability.confidence, reliability.accuracy, strict=True)
    ]
    alt = "How often answers are right by how sure they are: " + ", ".join(
        f"{right:.0f}% of those with {sure:.0f}%" for sure, right in bars
    )
    return chart(
        alt,
        [Series("", bars, "bars"), Series("", [(0, 0), (100, 100)], colour=0)],
        x_name="score in %",
        y_name="% right",
        x_range=(0, 100),
        y_range=(0, 100),
    )
