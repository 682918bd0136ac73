"""The `config.json` that timm writes beside its weights, as parts of a card."""

from __future__ import annotations

import dataclasses
import json
from math import floor
from pathlib import Path
from typing import Any

from zoo.checkpoints.card import Card
from zoo.errors import RequestError


def read_config(path: Path) -> dict[str, Any]:
    """Reads a `config.json`, as timm's `save_for_hf` and `push_to_hf_hub` write it.

    Raises:
        RequestError: It is no JSON object.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RequestError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise RequestError(f"{path} is not timm's config.json: it holds no names")
    return config


def labels_of(config: dict[str, Any]) -> tuple[str, ...] | None:
    """Returns the labels of a configuration, None where it has none."""
    names = config.get("label_names")
    return tuple(map(str, names)) if isinstance(names, list) else None


def with_config(card: Card, config: dict[str, Any]) -> Card:
    """Returns the card with the preprocessing and licence that timm's configuration tells.

    Raises:
        RequestError: A value is not of the form that timm writes.
    """
    found = config.get("pretrained_cfg") or {}
    given = card.input
    try:
        side = int(found.get("input_size", (0, given.shape[0]))[1])
        resize = floor(side / float(found["crop_pct"])) if "crop_pct" in found else given.resize
        form = dataclasses.replace(
            given,
            shape=(side, side, given.shape[2]),
            mean=_pixels(found.get("mean"), given.mean),
            std=_pixels(found.get("std"), given.std),
            resize=resize,
            interpolation=str(found.get("interpolation", given.interpolation)),
        )
    except (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
        raise RequestError(f"timm's config.json has a wrong pretrained_cfg: {error}") from error
    return dataclasses.replace(card, input=form, licence=str(found.get("license", card.licence)))


def _pixels(values: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    """Timm's statistics are of pixels from 0 to 1, ours from 0 to 255."""
    if values is None or len(values) != len(default):
        return default
    return tuple(255 * float(value) for value in values)
