"""A folder that appears under its name complete, or not at all.

An export is made in a folder `.NAME.….partial` beside the output, and the finished folder swaps
names with the earlier one in one step. If that is impossible (a mounted volume, a parent folder of
another user, a file system without swapping), the partial folder is inside the output, and finished
files replace earlier ones one by one. The process that works in a partial folder locks it. If the
process is killed, the lock ends, and the next export removes the folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from export.errors import ExportError
from export.tflite.metadata import COLUMNS, LABELS

REPORT = "report.json"
PAGE = "report.html"
INTEGRATION = "INTEGRATION.md"
SAVED_MODEL = "saved_model"
ROW_FILES = ("row.hpp", "row.js", "row.kt", "row.swift")
STREAM_FILES = ("stream.hpp", "stream.js", "stream.kt", "stream.py", "stream.swift")
_CODE = (*ROW_FILES, *STREAM_FILES)
EXPORTED = (REPORT, PAGE, LABELS, COLUMNS, INTEGRATION, SAVED_MODEL, *_CODE)
_PARTIAL = ".partial"
# File managers make these when a user opens a folder.
_OF_FILE_MANAGERS = (".DS_Store", "._*", ".localized", ".directory", "Thumbs.db", "desktop.ini")
# Constants of Linux's renameat2: paths are relative to the current folder; two names are swapped.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def check_output(output: str | Path) -> None:
    """Checks, before any work, that a folder can be written or replaced.

    Raises:
        ExportError: It is a file, holds something other than an earlier export, or cannot be
            written.
    """
    output = Path(output).absolute()
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise ExportError(f"output {str(output)!r} exists and is not a folder; choose another name")
    try:
        if output.exists():
            _check_replaceable(output)
        existing = next(parent for parent in output.parents if parent.exists())
        shutil.rmtree(_make_partial(output, existing), ignore_errors=True)
    except OSError as error:
        raise ExportError(f"cannot write {str(output)!r}: {error.strerror or error}") from error


def _check_replaceable(output: Path) -> None:
    names = sorted(path.name for path in output.iterdir() if not _comes_by_itself(path))
    # A finished export has a report. Model files without one belong to the user.
    exports = REPORT in names or any(name.endswith(_PARTIAL) for name in names)
    foreign = [name for name in names if not (exports and _is_exported(name))]
    if foreign:
        raise ExportError(
            f"output {str(output)!r} exists and is not just an earlier export (it has "
            f"{foreign[0]!r}); choose another folder or remove it"
        )


def _is_exported(name: str) -> bool:
    """Returns whether an export writes this name, so that it may replace it."""
    return name in EXPORTED or name.endswith((".tflite", _PARTIAL))


def _comes_by_itself(path: Path) -> bool:
    """Returns whether a file manager or the file system of a fresh volume made it."""
    if path.name == "lost+found":
        return os.path.ismount(path.parent)
    return any(fnmatch(path.name, pattern) for pattern in _OF_FILE_MANAGERS)


@contextmanager
def working_folder(output: Path) -> Iterator[Path]:
    """Gives an empty folder on the file system of the output, and removes it at the end."""
    output.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(output)
    with _locked(lambda: _make_partial(output, output.parent)) as folder:
        yield folder


def _make_partial(output: Path, parent: Path) -> Path:
    """Makes a partial folder in `parent`, or in the output if only that can be written."""
    if not os.path.ismount(output) and output != Path.cwd():
        try:
            return _partial_in(parent, output)
        except OSError:
            if not output.is_dir():
                raise
    return _partial_in(output, output)


def _partial_in(parent: Path, output: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=_PARTIAL, dir=parent))


@contextmanager
def _locked(make: Callable[[], Path]) -> Iterator[Path]:
    """Makes a folder, holds its lock inside the block, and removes it at the end."""
    while True:
        folder = make()
        lock = os.open(folder, os.O_RDONLY)
        # Where folders cannot be locked, none counts as abandoned.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            break
        os.close(lock)  # Another export removed the folder before it was locked.
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _remove_abandoned(output: Path) -> None:
    """Removes the partial folders of exports that were killed."""
    prefix = f".{output.name}."
    for parent in (output.parent, output):
        with contextlib.suppress(OSError):  # It is gone, or belongs to another user.
            for path in list(parent.iterdir()):
                if path.name.startswith(prefix) and path.name.endswith(_PARTIAL):
                    _remove_if_unlocked(path)


def _remove_if_unlocked(folder: Path) -> None:
    with contextlib.suppress(OSError):
        lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # Fails if an export works there.
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def publish(folder: Path, output: Path) -> None:
    """Gives a finished folder its name, in place of an earlier export.

    Readers of the output see the earlier export or this one. If folders cannot be swapped, they see
    files of both for a moment; the new report comes last.

    Args:
        folder: The finished folder, in a working folder of the output. Afterwards it may hold the
            earlier export; it is removed with the working folder.
        output: The name.
    """
    _flush(folder)
    if not output.exists():
        folder.chmod(0o777 & ~_umask())
        folder.rename(output)
    else:
        shutil.copymode(output, folder)
        if not _swap(folder, output):
            _replace_files(folder, output)
    _flush_folder(output.parent)


def _swap(folder: Path, output: Path) -> bool:
    """Swaps two names in one step; False if the system or the file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # Not Linux.
        return False
    names = os.fsencode(folder), os.fsencode(output)
    return renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0


def _replace_files(folder: Path, output: Path) -> None:
    with contextlib.ExitStack() as stack:
        if output not in folder.parents:  # Renaming fails, for instance, across mounts of one disk.
            inside = stack.enter_context(_locked(lambda: _partial_in(output, output)))
            folder = shutil.copytree(folder, inside / "copy")
            _flush(folder)
        files = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        for file in files:
            if file != Path(REPORT):
                (output / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).replace(output / file)
        for path in sorted(output.iterdir()):
            if path.name.endswith(_PARTIAL) or not _is_exported(path.name):
                continue
            _remove_all_but([output / file for file in files], path)
        (folder / REPORT).replace(output / REPORT)
        _flush_folder(output)


def _remove_all_but(kept: Collection[Path], path: Path) -> None:
    for below in [*sorted(path.rglob("*"), reverse=True), path]:
        if below.is_dir() and not below.is_symlink():
            with contextlib.suppress(OSError):  # It is not empty.
                below.rmdir()
        elif below not in kept:
            below.unlink()


def _flush(folder: Path) -> None:
    """Writes a whole folder to the disk, so that a power cut leaves no empty file."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _flush_folder(path)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Some file systems cannot.
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
