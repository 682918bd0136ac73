"""The `config.json` that timm writes beside its weights, as parts of a card."""

from __future__ import annotations

import dataclasses
from math import floor
from pathlib import Path
from typing import Any

from zoo.checkpoints.card import Card
from zoo.checkpoints.typed_json import parse_json
from zoo.errors import RequestError

# timm's arguments that the tensors tell too, or that matter in training only.
_HARMLESS = ("num_classes", "in_chans", "drop_rate", "drop_path_rate", "drop_block_rate",
             "zero_init_last")  # fmt: skip
_STANDARD = {"global_pool": "avg", "output_stride": 32}


def read_config(path: Path) -> dict[str, Any]:
    """Reads a `config.json`, as timm's `save_for_hf` and `push_to_hf_hub` write it.

    Raises:
        RequestError: It is no JSON object.
    """
    try:
        config = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RequestError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise RequestError(f"{path} is not timm's config.json: it holds no names")
    return config


def labels_of(config: dict[str, Any]) -> tuple[str, ...] | None:
    """Returns the labels of a configuration, None where it has none.

    Raises:
        RequestError: They are an object, but not one from 0, 1, 2 and so on to labels.
    """
    names = config.get("label_names")
    if isinstance(names, dict):
        if set(names) != set(map(str, range(len(names)))):
            raise RequestError("timm's config.json has label_names that do not count from 0")
        names = [names[str(index)] for index in range(len(names))]
    return tuple(map(str, names)) if isinstance(names, list) and names else None


def check_network(config: dict[str, Any], model: str) -> None:
    """Refuses a configuration of a network whose weights fit `model` but that computes otherwise.

    Args:
        config: timm's.
        model: What it is to be read as.

    Raises:
        RequestError: It is of another architecture, or its arguments change what is computed.
    """
    architecture = config.get("architecture", model)
    if architecture != model:
        raise RequestError(
            f"its config.json says {architecture!r}, not {model}; where you know that the networks "
            "are the same, import the weights file itself, without its config.json"
        )
    arguments = config.get("model_args") or {}
    if not isinstance(arguments, dict):
        raise RequestError(f"timm's config.json has wrong model_args: {arguments!r}")
    for name, value in {"global_pool": config.get("global_pool", "avg"), **arguments}.items():
        if name not in _HARMLESS and value != _STANDARD.get(name):
            raise RequestError(
                f"its config.json says {name}={value!r}: the same weights, but another network "
                f"than {model}"
            )


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
        if (mode := found.get("crop_mode", "center")) not in ("center", "squash"):
            raise ValueError(f"crop_mode {mode!r} is neither 'center' nor 'squash'")
        form = dataclasses.replace(
            given,
            shape=(side, side, given.shape[2]),
            mean=_pixels(found.get("mean"), given.mean),
            std=_pixels(found.get("std"), given.std),
            resize=None if mode == "squash" else resize,
            interpolation=str(found.get("interpolation", given.interpolation)),
        )
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise RequestError(f"timm's config.json has a wrong pretrained_cfg: {error}") from error
    return dataclasses.replace(card, input=form, licence=str(found.get("license", card.licence)))


def _pixels(values: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    """Timm's statistics are of pixels from 0 to 1, ours from 0 to 255."""
    if values is None or len(values) != len(default):
        return default
    return tuple(255 * float(value) for value in values)
