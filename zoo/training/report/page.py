"""The page of a run, `result.html`: one file with all its pictures, for a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from zoo.files import write_text
from zoo.page import page
from zoo.tasks.task import Learns
from zoo.training.report.advice import advice
from zoo.training.report.classes import classes, confusion
from zoo.training.report.closing import closing
from zoo.training.report.curves import curves
from zoo.training.report.headline import headline, title
from zoo.training.report.heat import where_it_looks
from zoo.training.report.importance import columns
from zoo.training.report.labels import labels, worst_decisions
from zoo.training.report.mistakes import confused, least_sure, surest_mistakes
from zoo.training.report.next_steps import next_steps
from zoo.training.report.outcome import Outcome
from zoo.training.report.sureness import sureness
from zoo.training.report.suspects import suspects
from zoo.training.report.values import largest_errors, predicted_and_true
from zoo.training.runs.run_folder import PAGE

# Returns HTML; empty if there is nothing to say.
Section: TypeAlias = Callable[[Outcome], str]

# In the order in which a person needs them.
_SECTIONS: Mapping[Learns, Sequence[Section]] = {
    "classes": (
        headline, advice, curves, confused, surest_mistakes, suspects, least_sure, where_it_looks,
        sureness, classes, confusion, columns, next_steps, closing,
    ),
    "values": (
        headline, advice, curves, predicted_and_true, largest_errors, next_steps, closing,
    ),
    "sets": (headline, advice, curves, worst_decisions, labels, next_steps, closing),
}  # fmt: skip


def write_page(outcome: Outcome) -> None:
    """Writes `result.html` into a run's folder."""
    sections = _SECTIONS[outcome.test.task.learns]
    text = page(title(outcome), [section(outcome) for section in sections])
    write_text(outcome.folder / PAGE, text)
