"""Runs conversions in forks of a process that has imported TensorFlow, which saves seconds.

As a program, it imports TensorFlow. Each line of its standard input is a job in JSON: it forks
itself to do the job, and answers with the exit status. Each conversion still has its own process.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import tempfile
from typing import Any

CONVERSION = "export.tflite.convert"


class WarmConverter:
    """Stands in for the module `subprocess` in `export.child`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def run(self, command: list[str], **options) -> subprocess.CompletedProcess[str]:
        """Runs the child's command line; that of a conversion by a fork."""
        if command[-2] != CONVERSION:
            return subprocess.run(command, **options)
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__],
                env=options["env"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        with tempfile.NamedTemporaryFile("r", errors="replace") as stderr:
            job = {"job": command[-1], "env": options["env"], "cwd": os.getcwd()}
            self._process.stdin.write(json.dumps({**job, "stderr": stderr.name}) + "\n")
            self._process.stdin.flush()
            status = int(self._process.stdout.readline())
            return subprocess.CompletedProcess(command, status, "", stderr.read())

    def close(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


def serve() -> None:
    """Forks for each line."""
    import tensorflow as tf

    assert tf.lite.TFLiteConverter  # Imported when it is first asked for.
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _convert(**json.loads(line))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, flush=True)


def _convert(job: str, env: dict[str, str], cwd: str, stderr: str) -> None:
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(os.open(stderr, os.O_WRONLY), 2)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv[1:] = [job]
    status = 1
    try:
        runpy.run_module(CONVERSION, run_name="__main__", alter_sys=True)
        status = 0
    except BaseException:  # noqa: BLE001  As Python does at the end of a program.
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()
