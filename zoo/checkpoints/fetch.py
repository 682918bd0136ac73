"""Published checkpoints: downloaded once, and kept in the cache in the zoo's own form."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from zoo.cache import cache_folder, locked
from zoo.checkpoints.card import CARD, read_card
from zoo.checkpoints.pins import download_published
from zoo.checkpoints.published import PUBLISHED, Published, published_card
from zoo.errors import RequestError
from zoo.files import sha256


def cached_checkpoints() -> dict[str, Path]:
    """Returns the folders of the cached checkpoints, by name; empty without a cache."""
    try:
        cache = cache_folder()
    except RequestError:
        return {}
    folders = {name: cache / name for name in PUBLISHED}
    return {name: folder for name, folder in folders.items() if (folder / CARD).is_file()}


def fetch(row: Published) -> Path:
    """Returns the folder of a published checkpoint in the cache, after checking its hashes.

    A missing or damaged checkpoint is downloaded and converted. If several processes want it, one
    works and the others wait. The folder appears under its name only when it is complete.

    Raises:
        RequestError: The weights cannot be downloaded; the message says how to import them by hand.
        DamagedError: The download has a wrong hash; the cache keeps nothing of it.
    """
    from zoo.checkpoints.foreign.resnets import write_checkpoint
    from zoo.checkpoints.tensor_files import read_tensors

    folder = cache_folder() / row.name
    if _is_whole(folder):  # Checked without the lock, which needs a writable cache.
        return folder
    with locked(folder):
        if _is_whole(folder):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        file = download_published(row)
        card = published_card(row)
        origin = {**card.origin, "sha256": file.sha256, "revision": file.revision}
        card = dataclasses.replace(card, origin=origin)
        write_checkpoint(read_tensors(file.path), card, folder)
    return folder


def _is_whole(folder: Path) -> bool:
    if not (folder / CARD).is_file():
        return False
    try:
        files = read_card(folder).files
        return bool(files) and all(
            sha256(folder / name) == file.sha256 for name, file in files.items()
        )
    except (RequestError, OSError):
        return False
