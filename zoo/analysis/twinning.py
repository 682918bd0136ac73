"""Trains networks that are compared with their plain twins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset
    from zoo.training.recipes.recipe import Recipe


def with_and_without(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the configurations of a residual network and of its plain twin.

    Args:
        config: Configuration of both. If it sets `shortcut="none"`, the residual twin has the
            model's default.
    """
    residual = dict(config)
    if residual.get("shortcut") == "none":
        del residual["shortcut"]
    return {"residual": residual, "plain": {**residual, "shortcut": "none"}}


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
