"""Times an artifact or a checkpoint in a process of its own, a call at a time when asked.

Run as a program it is that process: it loads its subject, says so, and then answers each line of
its standard input with a line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from zoo.errors import RequestError
from zoo.quiet import import_keras

_ROOT = Path(__file__).resolve().parent.parent.parent
# Of a checkpoint that takes any: pixels a side, and steps.
ANY_SIDE, ANY_STEPS = 224, 64


class Worker:
    """A process that holds one subject.

    Attributes:
        name: The subject, as the user gave it.
        facts: "kind" ("tflite", "saved_model" or "checkpoint"), "input" (shape of one), and
            "load_ms".
    """

    def __init__(self, name: str, *, is_checkpoint: bool, threads: int) -> None:
        """Starts it and waits until the subject is loaded.

        Args:
            name: A path, or a checkpoint's name.
            is_checkpoint: Whether it is one.
            threads: To run on.

        Raises:
            RequestError: The subject does not load.
        """
        self.name = name
        job = json.dumps({"name": name, "is_checkpoint": is_checkpoint, "threads": threads})
        search_path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            # -P, lest a folder here that is called zoo or export be found first.
            [sys.executable, "-P", "-m", "zoo.artifacts.timing", job],
            env={**os.environ, "PYTHONPATH": search_path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.facts = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self) -> float:
        """Runs the subject twice on the same input and returns milliseconds of the second.

        The first wakes the process up, whose caches another may have filled meanwhile.
        """
        return float(self._ask("call")["ms"])

    def memory(self) -> dict[str, float]:
        """Tells "peak_mb" of the process so far, and "runtime_mb" before it loaded anything."""
        return self._ask("memory")

    def _ask(self, question: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # It died: the answer will tell.
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            _, told = self._process.communicate()
            reason = (told.strip().splitlines() or [f"status {self._process.returncode}"])[-1]
            raise RequestError(reason.removeprefix("zoo.errors.RequestError: "))
        return json.loads(line)


def peak_memory() -> float:
    """Returns the most memory that this process has held so far, in MB (of 10⁶ bytes)."""
    status = Path("/proc/self/status")
    if status.exists():
        (kilobytes,) = [
            line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")
        ]
        return int(kilobytes) * 1024 / 1e6
    import resource

    # Where there is no /proc: bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def example(shape: tuple[int, ...]) -> np.ndarray:
    """Makes one input: of an image noise from 0 to 255, else normally distributed numbers."""
    random = np.random.default_rng(0)
    values = random.uniform(0, 255, shape) if len(shape) == 3 else random.normal(size=shape)
    return values.astype(np.float32)


def _open(name: str, is_checkpoint: bool, threads: int) -> tuple[str, Callable[[], Any], Any]:
    """Loads a subject; returns its kind, what runs it once, and the shape of its input."""
    if not is_checkpoint and not Path(name).is_dir():
        import export

        if not Path(name).is_file():
            raise RequestError(f"--artifact {name} is not a file or folder")
        try:
            lite = export.load_lite(name, threads)
        except ValueError as error:
            raise RequestError(f"--artifact {name}: {error}") from error
        shape = tuple(lite.input.shape[1:])
        return "tflite", lite.prepared(example(shape)), shape
    if not is_checkpoint:
        from zoo.artifacts.open import open_artifact

        artifact = open_artifact(name)
        shape = tuple(side or ANY_STEPS for side in artifact.shape)
        x = example(shape)[None]
        return "saved_model", lambda: artifact.run(x, None), shape
    import tensorflow as tf

    from zoo.checkpoints.store import load

    model = load(name).model
    sides = model.input_shape[1:]
    shape = tuple(side or (ANY_SIDE if len(sides) == 3 else ANY_STEPS) for side in sides)
    run = tf.function(lambda inputs: model(inputs, training=False))
    inputs = tf.constant(example(shape)[None])
    return "checkpoint", lambda: run(inputs).numpy(), shape


def _start_runtime(name: str, is_checkpoint: bool, threads: int) -> None:
    """Imports what the subject needs, so that its memory can be told from the subject's."""
    if is_checkpoint or Path(name).is_dir():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        import_keras()
    else:
        import ai_edge_litert.interpreter  # noqa: F401


def _serve(job: dict[str, Any]) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print is not an answer.
    _start_runtime(**job)
    runtime = peak_memory()
    start = time.perf_counter()
    kind, call, shape = _open(**job)
    loaded = 1000 * (time.perf_counter() - start)
    print(json.dumps({"kind": kind, "input": shape, "load_ms": loaded}), file=answers, flush=True)
    for line in sys.stdin:
        if line.strip() == "call":
            call()
            start = time.perf_counter()
            call()
            answer = {"ms": 1000 * (time.perf_counter() - start)}
        else:
            answer = {"peak_mb": peak_memory(), "runtime_mb": runtime}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
