"""Runs an artifact or a checkpoint in a process of its own: a crash there is an error here."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from export.child import command, environment
from zoo.errors import RequestError

if TYPE_CHECKING:
    from zoo.data.examples import Examples

_AT_ONCE = 64  # Examples sent at a time.


class Process:
    """A process that holds one artifact or checkpoint, and answers questions.

    Attributes:
        name: A path, or a checkpoint's name.
        facts: "kind" ("tflite", "saved_model" or "checkpoint"), "shape" (of one input; None: any
            size), "input" (shape of the timed input), "labels" (those inside the file; may be
            empty), "hop" (of a window that slides; 0: none does), "output" (its name; empty of a
            checkpoint) and "load_ms".
    """

    def __init__(
        self, name: str, *, is_checkpoint: bool = False, threads: int = 2, trust: bool = False
    ) -> None:
        """Starts the process and waits until the artifact is loaded.

        Args:
            name: A path, or a checkpoint's name.
            is_checkpoint: Whether `name` is a checkpoint.
            threads: To run on.
            trust: Whether a SavedModel may do more than calculate.

        Raises:
            RequestError: It does not load.
        """
        self.name = name
        self._subject = f"{'--checkpoint' if is_checkpoint else '--artifact'} {name}"
        job = {"name": name, "is_checkpoint": is_checkpoint, "threads": threads, "trust": trust}
        # A file, since a pipe that nobody reads would block a process that writes much.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed with the process)
        self._process = subprocess.Popen(
            command("zoo.artifacts.opening.subject", json.dumps(job)),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        try:
            self.facts = self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def run(self, x: Examples, lengths: np.ndarray | None = None) -> np.ndarray:
        """Runs (examples, …) raw inputs. `lengths` are the true lengths of sequences, or None.

        Returns:
            (examples, outputs) float32.

        Raises:
            RequestError: The artifact does not take them, or crashed its process.
        """
        outputs = []
        for start in range(0, len(x), _AT_ONCE):
            part = np.ascontiguousarray(x[start : start + _AT_ONCE])
            own = None if lengths is None else lengths[start : start + _AT_ONCE].tolist()
            asked = {"run": part.shape, "dtype": part.dtype.name, "lengths": own}
            shape = self._ask(asked, part.tobytes())["shape"]
            assert self._process.stdout is not None
            content = self._process.stdout.read(4 * int(np.prod(shape)))
            outputs.append(np.frombuffer(content, np.float32).reshape(shape))
        return np.concatenate(outputs)

    def time(self) -> float:
        """Returns the milliseconds of one call with one input."""
        return float(self._ask({"time": True})["ms"])

    def memory(self) -> dict[str, float]:
        """Returns "peak_mb" of the process so far, and "runtime_mb" before it loaded anything."""
        return self._ask({"memory": True})

    def _ask(self, question: dict[str, Any], content: bytes = b"") -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n" + content)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # The process died, which the missing answer shows.
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": self._end()}
        if "error" in answer:
            raise RequestError(answer["error"])
        return answer

    def _end(self) -> str:
        """Says how the process ended."""
        status = self._process.wait()
        if status < 0:
            return (
                f"{self._subject} ended the process that ran it by {signal.Signals(-status).name}; "
                "it is damaged, or takes too much memory"
            )
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"{self._subject}: {lines[-1] if lines else f'its process ended with {status}'}"
