"""Trains twins, each into its own checkpoint folder, with progress on the terminal."""

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
    from zoo.training.recipes.recipe import Recipe


def train_twin(card: Card, dataset: Dataset, recipe: Recipe, folder: Path, command: str) -> Card:
    """Trains a network, unless that is already done. An unfinished training continues.

    Args:
        card: Its model and configuration.
        dataset: What to learn.
        recipe: How to train. Its seed is part of the folder's name.
        folder: Folder of the network; the checkpoint is `seedN` in it.
        command: The command that the user typed, for the card.

    Returns:
        The card of the checkpoint.
    """
    from zoo.training.train import train_model

    output = folder / f"seed{recipe.seed}"
    return train_model(card.model, dataset, recipe, output, config=card.config, command=command)


@contextlib.contextmanager
def counted(terminal: Console, title: str, total: int) -> Iterator[Callable[[], None]]:
    """Gives a function that advances a bar by one of `total` steps."""
    done = 0
    with bar(terminal, title) as progress:

        def step() -> None:
            nonlocal done
            done += 1
            progress(done, total)

        yield step


def figure(value: SupportsFloat, form: str = ".3g") -> str:
    """Returns a figure for a table; a dash stands for NaN."""
    return format(float(value), form) if math.isfinite(float(value)) else "–"
