"""Checkpoints as trainings of networks: those of one configuration belong together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.analysis.units.gated import GatedNetwork
from zoo.analysis.units.measured import NetworkUnits, measure_units
from zoo.checkpoints.card import Card, read_card
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.data.dataset import Split
from zoo.errors import RequestError


@dataclass(frozen=True)
class Trainings:
    """The trainings of one network.

    Attributes:
        name: In what it differs from the other networks; alone, the name of its model.
        cards: Of its checkpoints.
        folders: Of its checkpoints.
    """

    name: str
    cards: tuple[Card, ...]
    folders: tuple[Path, ...]


def trainings_of(checkpoints: Sequence[str]) -> list[Trainings]:
    """Returns checkpoints by their network, in their order.

    Args:
        checkpoints: Names or folders.

    Raises:
        RequestError: There is no such checkpoint, or one has other classes or another input.
    """
    groups: dict[str, list[tuple[Card, Path]]] = {}
    first: Card | None = None
    for name in checkpoints:
        folder = find_checkpoint(name)
        card = read_card(folder)
        first = first or card
        if (card.labels, card.task) != (first.labels, first.task):
            raise RequestError(f"{name} has other classes than {checkpoints[0]}")
        if card.input.shape != first.input.shape:
            raise RequestError(f"{name} takes another input than {checkpoints[0]}")
        key = json.dumps([card.model, dict(card.config)], sort_keys=True, default=str)
        groups.setdefault(key, []).append((card, folder))
    cards = [members[0][0] for members in groups.values()]
    return [
        Trainings(
            _named(members[0][0], cards),
            tuple(card for card, _ in members),
            tuple(folder for _, folder in members),
        )
        for members in groups.values()
    ]


def measure_trainings(
    networks: Sequence[Trainings],
    split: Split,
    *,
    draws: int,
    progress: Callable[[], None] = lambda: None,
) -> list[NetworkUnits]:
    """Measures what the units of networks do, see `zoo.analysis.units.measured`.

    Args:
        networks: Their trainings.
        split: Examples, in the form that all of them take.
        draws: Random choices at each number of units.
        progress: Called after each checkpoint.
    """
    return [
        measure_units(
            network.name,
            [
                GatedNetwork(card, folder, split.task)
                for card, folder in zip(network.cards, network.folders, strict=True)
            ],
            split,
            draws=draws,
            progress=progress,
        )
        for network in networks
    ]


def _named(card: Card, cards: Sequence[Card]) -> str:
    """Returns in what a network differs from the others."""
    if len(cards) == 1:
        return card.model
    keys = sorted({key for other in cards for key in other.config})
    differing = [key for key in keys if len({str(other.config.get(key)) for other in cards}) > 1]
    models = [card.model] if len({other.model for other in cards}) > 1 else []
    return (
        ", ".join(
            [*models, *(f"{key}={card.config[key]}" for key in differing if key in card.config)]
        )
        or card.model
    )
