"""The user's cache: published checkpoints, fetched once and kept in the zoo's own form."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.checkpoints.card import read_card
from zoo.checkpoints.hub import download
from zoo.checkpoints.published import PUBLISHED, WEIGHTS_ON_HUB, Published, published_card
from zoo.checkpoints.tensor_files import read_tensors
from zoo.errors import RequestError
from zoo.files import sha256


def cache_folder() -> Path:
    """Returns `ZOO_CACHE`, or `~/.cache/zoo` where it is not set.

    Raises:
        RequestError: It is not set, and this user has no home.
    """
    if folder := os.environ.get("ZOO_CACHE"):
        return Path(folder)
    try:
        return Path.home() / ".cache" / "zoo"
    except RuntimeError as error:
        raise RequestError("this user has no home folder; set ZOO_CACHE to a folder") from error


def cached_checkpoints() -> dict[str, Path]:
    """Returns the folders of the cached checkpoints, by name; none where there is no cache."""
    try:
        folders = {name: cache_folder() / name for name in PUBLISHED}
    except RequestError:
        return {}
    return {name: folder for name, folder in folders.items() if (folder / "card.json").is_file()}


def fetch(row: Published) -> Path:
    """Returns the folder of a published checkpoint in the cache, its files checked by their hash.

    What is missing or damaged is fetched and converted anew. Several processes may do so at once:
    one works, the others wait for it. A folder appears under its name when it is whole.

    Raises:
        RequestError: The weights cannot be had; the message tells how to bring them by hand.
        DamagedError: What came is not what was promised; the cache holds nothing of it.
    """
    from zoo.checkpoints.foreign.resnets import with_origin, write_checkpoint

    folder = cache_folder() / row.name
    if _is_whole(folder):  # Without the lock, which a cache that is read-only has no place for.
        return folder
    with locked(folder):
        if _is_whole(folder):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        got = download(row.hub_id, WEIGHTS_ON_HUB, model=row.name)
        card = published_card(row)
        origin = {**card.origin, "sha256": got.sha256, "revision": got.revision}
        write_checkpoint(read_tensors(got.path), with_origin(card, card.source, **origin), folder)
    return folder


def _is_whole(folder: Path) -> bool:
    if not (folder / "card.json").is_file():
        return False
    try:
        files = read_card(folder).files
        return bool(files) and all(
            sha256(folder / name) == file.sha256 for name, file in files.items()
        )
    except (RequestError, OSError):
        return False


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other processes from a folder of the cache, and removes what a killed one left there.

    Args:
        folder: Of a checkpoint, or of decoded pictures; need not exist.
    """
    import filelock  # A dependency of huggingface_hub, which locks its own cache with it.

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.parent / f".{folder.name}.lock"
    with filelock.FileLock(lock):
        for left in folder.parent.glob(f".{folder.name}.*"):
            if left != lock:
                shutil.rmtree(left, ignore_errors=True)
        yield
