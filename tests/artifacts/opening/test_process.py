"""Whatever happens to the process that runs a file, the error is one sentence."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from zoo.artifacts.opening import process
from zoo.artifacts.opening.process import Process
from zoo.errors import RequestError

LOADED = {"kind": "tflite", "shape": [4], "input": [4], "labels": [], "load_ms": 1.0}


@pytest.fixture
def program(monkeypatch):
    """Has another program run in place of the one that loads files."""

    def replace(text: str) -> None:
        start = f"import json, os, sys\nloaded = {json.dumps(LOADED)!r}\n"
        monkeypatch.setattr(
            process, "command", lambda module, job: [sys.executable, "-c", start + text]
        )

    return replace


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("os.kill(os.getpid(), 11)", "--artifact x.tflite ended the process .* by SIGSEGV; it is"),
        ("os.abort()", "by SIGABRT; it is damaged, or takes too much memory"),
        ("sys.exit('not this\\nbut this')", "--artifact x.tflite: but this"),
        ("sys.exit(3)", "--artifact x.tflite: its process ended with 3"),
        ("print(json.dumps({'error': 'no model'}))", "^no model$"),
    ],
)
def test_a_death_while_loading_is_one_sentence(program, text, message):
    program(text)
    with pytest.raises(RequestError, match=message) as error:
        Process("x.tflite")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("ask", [lambda p: p.run(np.zeros((3, 4), np.float32)), Process.time])
def test_a_death_while_running_is_one_sentence(program, ask):
    program("print(loaded, flush=True)\nsys.stdin.buffer.readline()\nos.kill(os.getpid(), 11)")
    with Process("x.tflite") as running, pytest.raises(RequestError, match="by SIGSEGV"):
        ask(running)


def test_a_process_that_writes_much_is_not_held_up(program):
    program(
        "sys.stderr.write('x' * 1_000_000)\nprint(loaded, flush=True)\n"
        "for line in sys.stdin: print(json.dumps({'ms': 2.0}), flush=True)"
    )
    with Process("x.tflite") as running:
        assert running.time() == 2.0
