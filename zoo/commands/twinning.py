"""Trains twins, each into its own checkpoint folder, and tells of them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, SupportsFloat

from rich.console import Console

from zoo.commands.terminal import bar

if TYPE_CHECKING:
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset
    from zoo.training.recipe import Recipe


def train_twin(card: Card, dataset: Dataset, recipe: Recipe, folder: Path, command: str) -> Card:
    """Trains a network, unless it is trained already; an unfinished training goes on.

    Args:
        card: Its model and configuration.
        dataset: What to learn.
        recipe: How; its seed is part of the folder's name.
        folder: Of the network; the checkpoint is `seedN` in it.
        command: What the user typed, for the record.

    Returns:
        The card of the checkpoint.
    """
    from zoo.training.train import train_model

    output = folder / f"seed{recipe.seed}"
    return train_model(card.model, dataset, recipe, output, config=card.config, command=command)


@contextlib.contextmanager
def counted(terminal: Console, title: str, total: int) -> Iterator[Callable[[], None]]:
    """Gives what moves a bar by one of `total` steps."""
    done = 0
    with bar(terminal, title) as progress:

        def step() -> None:
            nonlocal done
            done += 1
            progress(done, total)

        yield step


def figure(value: SupportsFloat, form: str = ".3g") -> str:
    """Returns a figure for a table; a dash where there is none."""
    return format(float(value), form) if math.isfinite(float(value)) else "–"
