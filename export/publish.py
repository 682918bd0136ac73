"""A folder that appears under its name whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from export.errors import ExportError

REPORT = "report.json"
EXPORTED = (REPORT, "report.html", "labels.txt", "INTEGRATION.md", "saved_model")


def check_output(output: Path) -> None:
    """Makes sure that a folder may be written, or replaced.

    Raises:
        ExportError: It is a file, or holds something other than an earlier export.
    """
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise ExportError(f"output {str(output)!r} exists and is not a folder; choose another name")
    if not output.exists():
        return
    foreign = sorted(entry.name for entry in output.iterdir() if not _is_exported(entry))
    if foreign:
        raise ExportError(
            f"output {str(output)!r} exists and is not just an earlier export (it has "
            f"{foreign[0]!r}); choose another folder or remove it"
        )


def _is_exported(entry: Path) -> bool:
    """Tells whether an export writes a file or folder of that name, so that it may replace it."""
    return entry.name in EXPORTED or entry.suffix == ".tflite"


@contextmanager
def working_folder(output: Path) -> Iterator[Path]:
    """Gives an empty folder beside the output, on the same file system; removed at the end."""
    output.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".partial", dir=output.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, output: Path, aside: Path) -> None:
    """Gives a finished folder its name; what had it before goes.

    Args:
        folder: Finished, on the same file system as `output`.
        output: The name.
        aside: Where the earlier export is put while names change; removed with its parent.
    """
    folder.chmod(0o777 & ~_umask())
    replaced = output.exists()
    if replaced:
        output.rename(aside)
    try:
        folder.rename(output)
    except OSError:
        if replaced:
            aside.rename(output)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
