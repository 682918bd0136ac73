"""What a checkpoint's card has to say in the files that are exported from it."""

from __future__ import annotations

import itertools

import export
from zoo.checkpoints.card import Card, Column
from zoo.tasks import find_task


def about(card: Card) -> export.About:
    """Returns what goes into the metadata of each exported file."""
    labels = ", ".join(card.labels[:5]) + (", …" if len(card.labels) > 5 else "")
    measured = "; ".join(
        f"{card.text(metric)} on {metric.examples:,} {metric.split} examples of {metric.dataset}"
        for metric in card.metrics
    )
    columns = card.columns.columns if card.columns else ()
    return export.About(
        description=f"{card.model}. {find_task(card.task).verb} {labels}."
        + (f" {measured}." if measured else ""),
        author=card.source,
        licence=card.licence,
        features=tuple(name for column in columns for name in _features(column)),
    )


def identity(name: str, card: Card, data: str) -> dict[str, str]:
    """Returns what an export is made from: names, and the hash of the weights."""
    weights = card.files.get("model.safetensors")
    return {
        "checkpoint": name,
        "model": card.model,
        "data": data,
        **({"weights_sha256": weights.sha256} if weights else {}),
    }


def _features(column: Column) -> list[str]:
    """Names the features that a column becomes, in the order of `columns.encode`."""
    if column.kind == "category":
        return [_one_line(f"{column.name}={value}") for value in column.vocabulary]
    empty = [_one_line(f"{column.name} is empty")] if column.indicator else []
    bins = itertools.pairwise(column.edges)
    return [*(_one_line(f"{column.name} {low:g} to {high:g}") for low, high in bins), *empty]


def _one_line(name: str) -> str:
    return " ".join(name.split()) or "unnamed"
