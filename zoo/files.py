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
    """Gives a temporary path beside `path`, and renames it if the block ends without an error.

    After an error the temporary file is removed. The content is on the disk before the rename, so
    a power cut leaves no empty file.
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

    A file name that is not UTF-8 contains lone surrogates in Python, which UTF-8 cannot encode.
    They are written as "\udcff", which means the same in JSON.
    """
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def check_writable(path: Path) -> None:
    """Refuses a file or folder that cannot be written, before any work.

    Raises:
        RequestError: A folder above it cannot be written, or is a file.
    """
    existing = next(parent for parent in path.absolute().parents if parent.exists())
    probe = existing / f".{secrets.token_hex(4)}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise RequestError(f"cannot write '{path}': {error.strerror or error}") from error


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Gives a temporary folder beside `path`, and renames it if the block ends without an error.

    `path` must not exist. After an error the temporary folder is removed.
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
    """Keeps other processes from writing into a folder, which is made if it does not exist.

    The lock is on the folder itself (`flock`), so it leaves no file and ends with its process. On
    a network file system only the processes of this machine see it. If the file system has no
    locks, nothing is locked.

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
