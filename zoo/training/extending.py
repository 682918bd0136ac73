"""More epochs for a finished run: its weights go on with a learning rate that rises anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras

from zoo.checkpoints.card import Card, read_card
from zoo.checkpoints.store import load_weights
from zoo.data.dataset import Dataset
from zoo.models.names import LOGITS
from zoo.training.integers import Ranges, scaled
from zoo.training.recipes.recipe import Recipe, scale_of
from zoo.training.runs.run_folder import BEFORE, Row, extends, read_history


@dataclass(frozen=True)
class Earlier:
    """What a run was before it is extended.

    Attributes:
        folder: A copy of its checkpoint.
        card: Its card.
        history: Its epochs.
    """

    folder: Path
    card: Card
    history: list[Row]

    def recipe(self, recipe: Recipe) -> Recipe:
        """Returns the recipe of the epochs that are left."""
        return dataclasses.replace(recipe, epochs=max(recipe.epochs - self.epochs, 1))

    @property
    def epochs(self) -> int:
        """Epochs of the whole network that were trained."""
        return sum(row.get("stage", 2) == 2 for row in self.history)

    @property
    def taken(self) -> str:
        """Which weights of a fine-tuning it took."""
        return self.card.training.taken if self.card.training else ""

    @property
    def ranges(self) -> Ranges | None:
        """The ranges of integers that it learnt, without a temperature; None: it learnt none."""
        training = self.card.training
        return scaled(self.card.ranges, training.temperature if training else 1.0) or None

    def stays(self, recipe: Recipe, more: Sequence[Row], dataset: Dataset) -> bool:
        """Whether its weights are better than all of the epochs that followed.

        Args:
            recipe: Of these epochs. Without patience the last is taken, as ever.
            more: Their rows.
            dataset: Whose validation split measured all.
        """
        rank = partial(dataset.task.rank, examples=len(dataset.validation))
        mine = [rank(row) for row in self.history if row.get("stage", 2) == 2]
        return recipe.patience is not None and max(mine) >= max(map(rank, more))

    def load(self, network: keras.Model) -> None:
        """Gives a network the weights, as they were before they got a temperature."""
        load_weights(network, self.folder, self.card)
        temperature = self.card.training.temperature if self.card.training else 1.0
        if temperature != 1:
            layer = network.get_layer(LOGITS)
            layer.set_weights([values * temperature for values in layer.get_weights()])

    def described(self, card: Card, recipe: Recipe) -> Card:
        """Returns the card of the extended run, which says how it was made."""
        count = f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"
        note = (
            f"{count}, and {recipe.epochs - self.epochs} more from their weights with a learning "
            "rate that rises and falls anew: not the same as all at once"
        )
        notes = "; ".join(filter(None, [card.notes, note]))
        training = card.training
        if training is not None and self.card.training is not None:
            command = " && ".join(filter(None, [self.card.training.command, training.command]))
            training = dataclasses.replace(training, command=command)
        return dataclasses.replace(card, notes=notes, training=training)


def earlier(output: Path) -> Earlier | None:
    """Returns what a run was before, if it is being extended."""
    if not extends(output):
        return None
    folder = output / BEFORE
    return Earlier(folder, read_card(folder), read_history(folder))


def without_units(network: keras.Model, dataset: Dataset, recipe: Recipe) -> None:
    """Lets a network of values give standardised ones, as it learns them."""
    if (scale := scale_of(recipe, dataset.task, dataset.train.y)) is not None:
        scale.remove_units(network.get_layer(LOGITS))
