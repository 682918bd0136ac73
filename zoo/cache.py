"""The user's cache: where it is, and how processes take turns in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from zoo.errors import RequestError


def cache_folder() -> Path:
    """Returns `ZOO_CACHE`, or `~/.cache/zoo` if that is not set.

    Raises:
        RequestError: `ZOO_CACHE` is not set, and this user has no home folder.
    """
    if folder := os.environ.get("ZOO_CACHE"):
        return Path(folder)
    try:
        return Path.home() / ".cache" / "zoo"
    except RuntimeError as error:
        raise RequestError("this user has no home folder; set ZOO_CACHE to a folder") from error


class BusyError(RequestError):
    """Another process is writing there."""


@contextmanager
def locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Locks a folder of the cache, and removes the unfinished files of killed processes there.

    Args:
        folder: Holds a checkpoint, or decoded pictures. It need not exist.
        wait: Whether to wait for another process that has locked it.

    Raises:
        BusyError: Another process has locked it, and nobody shall wait.
    """
    import filelock  # A dependency of huggingface_hub, which locks its own cache with it.

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.parent / f".{folder.name}.lock"
    with ExitStack() as stack:
        try:
            stack.enter_context(filelock.FileLock(lock, timeout=-1 if wait else 0))
        except filelock.Timeout as error:
            raise BusyError(f"another process is writing {folder}") from error
        for left in folder.parent.glob(f".{folder.name}.*"):
            if left != lock:
                shutil.rmtree(left, ignore_errors=True)
        yield
