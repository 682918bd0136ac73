"""What every page of a training ends with."""

from __future__ import annotations

from html import escape

from zoo.checkpoints.card import CARD, Card
from zoo.training.run_folder import HISTORY, RECORD


def closing(card: Card) -> list[str]:
    """Returns the command that made a checkpoint, and links to the files beside the page."""
    command = card.training.command if card.training else ""
    links = ", ".join(f"<a href='{file}'>{file}</a>" for file in (CARD, RECORD, HISTORY))
    return [
        f"<p class='note'><code>{escape(command)}</code></p>",
        f"<p class='note'>See also {links}.</p>",
    ]
