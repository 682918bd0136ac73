"""Keeps the traceback of a bug in the zoo."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import sys
import tempfile
import time
import traceback
from pathlib import Path

import zoo
from zoo.cache import cache_folder
from zoo.errors import RequestError
from zoo.files import write_text

_LONGEST = 200  # Letters of an error's own message that are shown.


def keep_traceback(name: str, error: Exception) -> str:
    """Writes the traceback of an error into the cache, or where temporary files go.

    Args:
        name: Name of the command.
        error: The unexpected error.

    Returns:
        The error in one line, with the path of the traceback.
    """
    what = f"{type(error).__name__}: {error}"
    what = what if len(what) <= _LONGEST else what[:_LONGEST] + "…"
    head = f"zoo {zoo.__version__}, Python {sys.version}, {platform.platform()}"
    lines = traceback.format_exception(error)
    text = "\n".join([head, f"$ {shlex.join(sys.argv)}", "", *lines])
    file = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in (lambda: cache_folder() / "faults", lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError, RequestError):
            path = folder() / file
            write_text(path, text)
            return f"{what}; its traceback is in {path}"
    return f"{what}; nothing could be written, --verbosity=1 shows its traceback"
