"""Which checkpoints there are, and where. Reads cards only: no TensorFlow."""

from __future__ import annotations

import os
from pathlib import Path

import zoo
from zoo.checkpoints.card import Card, read_card
from zoo.errors import RequestError
from zoo.registry import matching, unknown


def list_checkpoints(pattern: str = "*") -> list[str]:
    """Returns the names of the checkpoints that match a shell pattern, sorted."""
    return matching(sorted(_shipped()), pattern)


def checkpoint_card(name: str | os.PathLike[str]) -> Card:
    """Returns the card of a checkpoint, by name or folder.

    Raises:
        RequestError: There is no such checkpoint, or its card is not readable.
    """
    return read_card(find_checkpoint(name))


def find_checkpoint(name: str | os.PathLike[str]) -> Path:
    """Returns the folder of a checkpoint.

    Args:
        name: A name of `list_checkpoints()`, or the path of a checkpoint's folder.

    Raises:
        RequestError: There is no such checkpoint.
    """
    if (Path(name) / "card.json").is_file():
        return Path(name)
    shipped = _shipped()
    if str(name) not in shipped and Path(name).is_dir():
        raise RequestError(f"{name} is not a checkpoint: it holds no card.json")
    if str(name) not in shipped:
        raise RequestError(unknown("checkpoint", str(name), sorted(shipped)))
    return shipped[str(name)]


def _shipped() -> dict[str, Path]:
    return {path.parent.name: path.parent for path in _shipped_folder().glob("*/card.json")}


def _shipped_folder() -> Path:
    package = Path(zoo.__file__).parent
    # setup.py installs the checkout's `checkpoints/` as `zoo/pretrained/`.
    installed = package / "pretrained"
    return installed if installed.is_dir() else package.parent / "checkpoints"
