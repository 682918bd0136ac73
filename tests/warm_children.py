"""Runs the children of an export in forks of warm processes, which saves seconds.

As a program, it imports what its kind of child imports. Each line of its standard input is a job in
JSON: it forks itself to do the job, and answers with the exit status. Each child still has its own
process, and those that run files still have no TensorFlow.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from typing import Any

from export.tflite.start import start_tensorflow

_CONVERTS, _RUNS = "tensorflow", "ai_edge_litert"
# The package that takes a child longest to import. Others, as of provers, start as users have them.
_KINDS = {
    "export.tflite.convert": _CONVERTS,
    "export.checks.mixed": _CONVERTS,
    "export.checks.layers": _RUNS,
    "export.checks.run": _RUNS,
}


class WarmChildren:
    """Stands in for the module `subprocess` in `export.child`."""

    def __init__(self) -> None:
        self._warm: dict[str, subprocess.Popen[str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def run(self, command: list[str], **options) -> subprocess.CompletedProcess[str]:
        """Runs a child's command line, by a fork if there is a warm process of its kind."""
        *_, module, job = command
        if module not in _KINDS:
            return subprocess.run(command, **options)
        warm = self._process(_KINDS[module], options["env"])
        with tempfile.NamedTemporaryFile("r", errors="replace") as stderr:
            said = {"module": module, "job": job, "env": options["env"], "cwd": os.getcwd()}
            warm.stdin.write(json.dumps({**said, "stderr": stderr.name}) + "\n")
            warm.stdin.flush()
            status = int(warm.stdout.readline())
            return subprocess.CompletedProcess(command, status, "", stderr.read())

    def _process(self, kind: str, env: dict[str, str]) -> subprocess.Popen[str]:
        if kind not in self._warm:
            self._warm[kind] = subprocess.Popen(
                [sys.executable, "-P", __file__, kind],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._warm[kind]

    def close(self) -> None:
        """Ends the warm processes."""
        for process in self._warm.values():
            process.kill()
            process.communicate()


def serve(kind: str) -> None:
    """Forks for each line."""
    if kind == _CONVERTS:
        start_tensorflow()
    else:
        for name in ("ai_edge_litert.interpreter", "ai_edge_litert.compiled_model"):
            importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _work(**json.loads(line))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, flush=True)


def _work(module: str, job: str, env: dict[str, str], cwd: str, stderr: str) -> None:
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(os.open(stderr, os.O_WRONLY), 2)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv[1:] = [job]
    status = 1
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except BaseException:  # noqa: BLE001  As Python does at the end of a program.
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1])
