"""Runs work in a child process: a crash there is an error here, and its output is hidden."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent


class ChildError(Exception):
    """The process ended before its work was done. The message says how, in one line.

    Attributes:
        signal: Name of the signal that ended it, such as "SIGSEGV"; empty: no signal did.
        stderr: Its standard error.
    """

    def __init__(self, status: int, stderr: str) -> None:
        super().__init__(ending(status, stderr))
        self.signal = signal.Signals(-status).name if status < 0 else ""
        self.stderr = stderr


def run_child(module: str, job: Mapping[str, Any], folder: Path) -> None:
    """Runs `python -m module JOB.json` and waits.

    Args:
        module: A module with a main that calls `child_main`.
        job: What to do, as JSON can hold it.
        folder: The job is written here, for the child to read.

    Raises:
        ChildError: The child was killed, or ended with an error.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=folder, delete=False) as file:
        json.dump(dict(job), file)
    done = subprocess.run(
        command(module, file.name),
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise ChildError(done.returncode, done.stderr)


def command(module: str, job: str) -> list[str]:
    """Returns a child's command line. With -P it ignores an `export` in the current folder."""
    return [sys.executable, "-P", "-m", module, job]


def environment() -> dict[str, str]:
    """The environment of a child, which finds these packages wherever it is started."""
    search_path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    # One thread sums up in the same order however many cores there are, and waits for none.
    numpy = {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **numpy, "PYTHONPATH": search_path}


def child_main(work: Callable[[dict[str, Any]], None]) -> None:
    """The main of a child: reads the job named on the command line and does the work."""
    work(json.loads(Path(sys.argv[1]).read_text()))


def limit_memory(extra: int) -> None:
    """Limits this process to `extra` more bytes, so that a hostile file only crashes this process.

    Systems other than Linux do not say how much memory a process has, and get no limit.
    """
    import resource

    statm = Path("/proc/self/statm")
    if statm.exists():
        pages = int(statm.read_text().split()[0])
        limit = pages * resource.getpagesize() + extra
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def ending(status: int, stderr: str) -> str:
    """Returns how a process ended, in one line, with the last line that it wrote."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = f": {lines[-1]}" if lines else ""
    if status < 0:
        return f"the process was ended by {signal.Signals(-status).name}{last}"
    return f"the process ended with status {status}{last}"
