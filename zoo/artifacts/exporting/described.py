"""What exported files say of the checkpoint that they were made from."""

from __future__ import annotations

from dataclasses import replace

from export import About
from zoo import forms
from zoo.artifacts.opening.columns import document
from zoo.artifacts.opening.origin import origin_of
from zoo.checkpoints.card import WEIGHTS, Card
from zoo.tasks import find_task


def about(card: Card) -> About:
    """Returns the description for the metadata of each exported file."""
    labels = ", ".join(card.labels[:5]) + (", …" if len(card.labels) > 5 else "")
    measured = "; ".join(
        f"{card.text(metric)} on {metric.examples:,} {metric.split} examples of {metric.dataset}"
        for metric in card.metrics
    )
    features: tuple[str, ...] = ()
    if isinstance(card.input, forms.Table):
        features = tuple(column.name for column in card.input.columns)
    elif isinstance(card.input, forms.Recording):
        features = card.input.channels
    return About(
        description=f"{card.model}. {find_task(card.task).verb} {labels}."
        + (f" {measured}." if measured else ""),
        author=card.author or card.source,
        licence=card.licence,
        features=tuple(map(_one_line, features)),
        columns=document(card),
        rate=card.input.rate if isinstance(card.input, forms.Sound) else None,
        step_rate=card.input.rate if isinstance(card.input, forms.Recording) else None,
        thresholds=card.thresholds,
    )


def about_features(card: Card) -> About:
    """Returns the description of files that give features."""
    described = about(card)
    text = f"What the last layer of this network reads: {described.description}"
    return replace(described, description=text, thresholds=())


def identity(name: str, card: Card, data: str) -> dict[str, str]:
    """Returns the origin of an export: names, and the hash of the weights."""
    weights = card.files.get(WEIGHTS)
    return {
        "checkpoint": name,
        "model": card.model,
        "data": data,
        **({"weights_sha256": weights.sha256} if weights else {}),
        **origin_of(card),
    }


def _one_line(name: str) -> str:
    return " ".join(name.split()) or "unnamed"
