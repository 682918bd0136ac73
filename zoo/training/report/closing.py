"""What every page of a training ends with."""

from __future__ import annotations

from html import escape

from zoo.checkpoints.card import CARD
from zoo.training.report.outcome import Outcome
from zoo.training.runs.run_folder import HISTORY, RECORD


def closing(outcome: Outcome) -> str:
    """Returns the command that made a checkpoint, and links to the files beside the page."""
    training = outcome.card.training
    command = training.command if training else ""
    made = f"<p class='note'>Made by <code>{escape(command)}</code></p>" if command else ""
    links = ", ".join(f"<a href='{file}'>{file}</a>" for file in (CARD, RECORD, HISTORY))
    return f"{made}<p class='note'>See also, beside this page: {links}.</p>"
