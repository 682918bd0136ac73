"""Lists and finds checkpoints. It reads only cards, without TensorFlow."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from zoo.checkpoints.card import CARD, Card, read_card
from zoo.checkpoints.fetch import cached_checkpoints, fetch
from zoo.checkpoints.published import PUBLISHED, published_card
from zoo.checkpoints.pushed import HUB, fetch_pushed
from zoo.errors import RequestError
from zoo.registry import matching, unknown


def list_checkpoints(pattern: str = "*") -> list[str]:
    """Returns the names of the checkpoints that match a shell pattern, sorted.

    They are the shipped ones, those in the user's cache, and those that can be downloaded.
    """
    return matching(sorted({*_on_disk(), *PUBLISHED}), pattern)


def checkpoint_card(name: str | os.PathLike[str]) -> Card:
    """Returns the card of a checkpoint, by name or folder; only one of "hf:" is downloaded for it.

    Raises:
        RequestError: There is no such checkpoint, or its card is not readable.
    """
    if str(name) in PUBLISHED and not (Path(name) / CARD).is_file():
        return _published_card(str(name))
    return read_card(find_checkpoint(name))


def is_on_disk(name: str) -> bool:
    """Returns whether a checkpoint of `list_checkpoints()` can be loaded without a network."""
    return name in _on_disk()


def find_checkpoint(name: str | os.PathLike[str]) -> Path:
    """Returns the folder of a checkpoint, and downloads a published one if necessary.

    Args:
        name: A name of `list_checkpoints()`, the path of a checkpoint's folder, or
            "hf:OWNER/NAME" of one that was pushed to the Hub.

    Raises:
        RequestError: There is no such checkpoint, or it cannot be downloaded.
    """
    if (Path(name) / CARD).is_file():
        return Path(name)
    if (folder := _shipped().get(str(name))) is not None:
        return folder
    if (row := PUBLISHED.get(str(name))) is not None:
        return fetch(row)
    if str(name).startswith(HUB):
        return fetch_pushed(str(name))
    if Path(name).is_dir():
        raise RequestError(f"{name} is not a checkpoint: it holds no {CARD}")
    raise RequestError(unknown("checkpoint", str(name), list_checkpoints()))


def _published_card(name: str) -> Card:
    folder = cached_checkpoints().get(name)
    if folder is not None:
        # The card in the cache is damaged. The next loading of the weights writes it again.
        with contextlib.suppress(RequestError):
            return read_card(folder)
    return published_card(PUBLISHED[name])


def _on_disk() -> dict[str, Path]:
    return {**cached_checkpoints(), **_shipped()}


def _shipped() -> dict[str, Path]:
    return {path.parent.name: path.parent for path in _shipped_folder().glob(f"*/{CARD}")}


def _shipped_folder() -> Path:
    package = Path(__file__).parent.parent
    # setup.py installs the checkout's `checkpoints/` as `zoo/pretrained/`.
    installed = package / "pretrained"
    return installed if installed.is_dir() else package.parent / "checkpoints"
