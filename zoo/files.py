"""Files that appear under their final name only when they are whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import RequestError


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path` to write to, and renames it when the block ends well.

    Whatever goes wrong inside, nothing of it stays. The content is on the disk before the name is,
    so that a power cut leaves no empty file under it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    try:
        temporary.open("xb").close()  # With the permissions that the user's umask leaves.
        yield temporary
        _flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    r"""Writes a text file, whole or not at all.

    Half a UTF-16 pair, as Python makes it of a file name that is no UTF-8, has no code in UTF-8. It
    is written as "\udcff", which means the same in JSON.
    """
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Gives a temporary folder beside `path`, and renames it when the block ends well.

    `path` must not exist. Whatever goes wrong inside, nothing of it stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    try:
        temporary.mkdir()
        yield temporary
        for inside in temporary.rglob("*"):
            if inside.is_file():
                _flush(inside)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps other processes from writing into a folder, which is made where it is not there.

    The lock is on the folder itself (`flock`): it leaves no file, and it ends with its process,
    however that ends. On a network file system it is known to the processes of this machine alone;
    where a file system has no locks, there is none.

    Raises:
        RequestError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RequestError(
                f"another process is writing into {folder}; wait for it, or choose another folder"
            ) from error
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK, errno.EBADF):
                raise
        yield
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(path: Path) -> Path:
    """Returns a hidden name in the same folder, with the same suffixes, that is not taken."""
    return path.parent / f".{path.name}.{secrets.token_hex(4)}{''.join(path.suffixes)}"


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
