"""Which epochs of a training the checkpoint was taken from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from zoo.checkpoints.card import Card, task_of
from zoo.training.runs.run_folder import Row

_STAGES = {1: "head", 2: "network"}


def stages(history: Sequence[Row]) -> dict[str, list[Row]]:
    """Returns the epochs of the parts of a fine-tuning by name; of a training under ""."""
    parts: dict[str, list[Row]] = {}
    for row in history:
        parts.setdefault(_STAGES.get(int(row.get("stage", 0)), ""), []).append(row)
    return parts


def taken_epochs(card: Card, history: Sequence[Row], validated: int) -> list[Row]:
    """Returns the epoch whose weights the checkpoint has; two, if it has their mean.

    Args:
        card: Card of the checkpoint.
        history: Rows of `zoo.training.fit.fit`.
        validated: Examples of the validation split.
    """
    task, training = task_of(card), card.training
    recipe: Mapping[str, Any] = {} if training is None else training.recipe
    parts = stages(history)
    if list(parts) == [""] and recipe.get("patience") is None:
        return [parts[""][-1]]
    rank = partial(task.rank, examples=validated)
    best = {name: max(rows, key=rank) for name, rows in parts.items()}
    taken = "" if training is None else training.taken
    return [best[taken]] if taken in best else list(best.values())
