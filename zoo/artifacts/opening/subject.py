"""The program that `process` beside it starts: it loads one subject and answers questions.

The subject is an artifact or a checkpoint. Questions and answers are lines of JSON; a line that
names the shape of an array is followed by the bytes of the array.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import export
from export.child import limit_memory
from zoo.artifacts.opening.open import load_saved_model
from zoo.errors import RequestError
from zoo.quiet import import_keras

# Sizes for inputs whose size is open: pixels per side, and steps.
ANY_SIDE, ANY_STEPS = 224, 64
# Memory that a file may take beyond LiteRT's: this many bytes, plus this many times its size.
_MEMORY, _TIMES_ITS_SIZE = 4 << 30, 4


@dataclass(frozen=True)
class Subject:
    """The loaded artifact or checkpoint.

    Attributes:
        kind: "tflite", "saved_model" or "checkpoint".
        shape: Shape of one input; None: any size.
        timed: Shape of the one input of `call`.
        run: Takes raw inputs, and the true lengths of sequences or None; returns outputs.
        call: Runs one input, for timing.
        labels: Those inside the file; may be empty.
        hop: Of a file whose window slides: its new samples of a call; 0: no window slides.
        output: Name of the output; of a checkpoint empty.
    """

    kind: str
    shape: tuple[int | None, ...]
    timed: tuple[int, ...]
    run: Callable[[np.ndarray, np.ndarray | None], np.ndarray]
    call: Callable[[], Any]
    labels: tuple[str, ...] = ()
    hop: int = 0
    output: str = ""


def example(shape: tuple[int, ...]) -> np.ndarray:
    """Makes one input: noise from 0 to 255 for an image, else normally distributed numbers."""
    random = np.random.default_rng(0)
    values = random.uniform(0, 255, shape) if len(shape) == 3 else random.normal(size=shape)
    return values.astype(np.float32)


def peak_memory() -> float:
    """Returns the most memory that this process has held so far, in MB (of 10⁶ bytes)."""
    status = Path("/proc/self/status")
    if status.exists():
        (kilobytes,) = [
            line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")
        ]
        return int(kilobytes) * 1024 / 1e6
    import resource

    # Without /proc. macOS counts in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _start_runtime(name: str, is_checkpoint: bool, threads: int) -> None:
    """Imports the runtime first, so that its memory is not counted as the subject's."""
    if is_checkpoint or Path(name).is_dir():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        import_keras()
    else:
        import ai_edge_litert.interpreter  # noqa: F401


def _load(name: str, is_checkpoint: bool, threads: int, trust: bool) -> Subject:
    if is_checkpoint:
        return _load_checkpoint(name)
    if not Path(name).is_dir():
        return _load_lite(name, threads)
    artifact = load_saved_model(name, trust=trust)
    shape = tuple(side or ANY_STEPS for side in artifact.shape)
    x = example(shape)[None]
    return Subject(
        "saved_model", artifact.shape, shape, artifact.run, lambda: artifact.run(x, None)
    )


def _load_lite(name: str, threads: int) -> Subject:
    if not Path(name).is_file():
        raise RequestError(f"--artifact {name} is not a file or folder")
    limit_memory(_MEMORY + _TIMES_ITS_SIZE * Path(name).stat().st_size)
    model = export.load_lite(name, threads)
    given = tuple(model.input.shape[1:])
    shape: tuple[int | None, ...] = given
    hop = 0
    if isinstance(model, export.LiteStream):
        # A window by itself gives the answer that it has along a stream.
        shape = (model.window, *given[1:])
        hop = model.hop if model.window else 0
    return Subject(
        "tflite",
        shape,
        given,
        model,
        model.prepared(example(given)),
        export.labels_inside(name),
        hop,
        model.output.name,
    )


def _load_checkpoint(name: str) -> Subject:
    import tensorflow as tf

    from zoo.checkpoints.load import load

    model = load(name).model
    sides = model.input_shape[1:]
    shape = tuple(side or (ANY_SIDE if len(sides) == 3 else ANY_STEPS) for side in sides)
    run = tf.function(lambda inputs: model(inputs, training=False))
    inputs = tf.constant(example(shape)[None])
    return Subject(
        "checkpoint",
        sides,
        shape,
        lambda x, lengths: run(tf.constant(x)).numpy(),
        lambda: run(inputs).numpy(),
    )


def _run(subject: Subject, question: dict[str, Any]) -> np.ndarray:
    shape, dtype = question["run"], np.dtype(question["dtype"])
    content = sys.stdin.buffer.read(math.prod(shape) * dtype.itemsize)
    lengths = None if question["lengths"] is None else np.array(question["lengths"])
    outputs = subject.run(np.frombuffer(content, dtype).reshape(shape), lengths)
    return np.ascontiguousarray(outputs, np.float32)


def _time(subject: Subject) -> float:
    """Calls twice and returns the milliseconds of the second call.

    The first call fills the CPU's caches, which another process may have used before.
    """
    subject.call()
    start = time.perf_counter()
    subject.call()
    return 1000 * (time.perf_counter() - start)


def _serve(job: dict[str, Any]) -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Libraries print to stdout; this keeps it apart from answers.

    def answer(line: dict[str, Any], content: bytes = b"") -> None:
        answers.write(json.dumps(line).encode() + b"\n" + content)
        answers.flush()

    try:
        _start_runtime(job["name"], job["is_checkpoint"], job["threads"])
        runtime = peak_memory()
        start = time.perf_counter()
        subject = _load(**job)
        answer(
            {
                "kind": subject.kind,
                "shape": subject.shape,
                "input": subject.timed,
                "labels": subject.labels,
                "hop": subject.hop,
                "output": subject.output,
                "load_ms": 1000 * (time.perf_counter() - start),
            }
        )
        for line in sys.stdin.buffer:
            question = json.loads(line)
            if "run" in question:
                outputs = _run(subject, question)
                answer({"shape": outputs.shape}, outputs.tobytes())
            elif "time" in question:
                answer({"ms": _time(subject)})
            else:
                answer({"peak_mb": peak_memory(), "runtime_mb": runtime})
    except RequestError as error:
        answer({"error": str(error)})
    # The subject may come from strangers. Any error that it raises is an answer, not a bug here.
    except Exception as error:  # noqa: BLE001
        flag = "--checkpoint" if job["is_checkpoint"] else "--artifact"
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        answer({"error": f"{flag} {job['name']}: {reason}"})


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
