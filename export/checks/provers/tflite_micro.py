"""TensorFlow Lite Micro: the runtime of microcontrollers, run on this computer."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from export.checks.parity import accuracy
from export.checks.provers.prover import Figures, Prover, Subject
from export.targets import Target
from export.tflite.runtime import LiteModel
from export.tflite.tensor import dequantise, quantise

# Its kernels are small but slow: a few samples are compared step by step, and of labelled ones as
# many are run as the time allows.
_SAMPLES, _SCORED, _SECONDS = 8, 300, 20.0
_MOST_STEPS = 4
_FIRST_ARENA, _LARGEST_ARENA = 1 << 14, 1 << 28
_ARENA_ACCURACY = 64


def unfit(subject: Subject) -> str:
    """Returns why a file does not suit microcontrollers; empty: it does."""
    if not subject.target.integers:
        return "the proof is made with integers"
    if subject.streams:
        return "the proof is made of whole inputs, and this is a stream"
    return ""


def judge(figures: Figures, target: Target) -> tuple[bool, str]:
    """Compares integers with those of LiteRT's reference kernels, which may differ by a few steps.

    LiteRT's fast kernels round differently in every layer. Their distance is only reported; the
    other checks compare them with the Keras model. The accuracy must be that of the fast kernels,
    to the limit of the target or to one sample.
    """
    steps, scored = figures["max_steps"], figures.get("scored", 0)
    detail = (
        f"outputs within {steps} steps of LiteRT's reference kernels on {figures['samples']} "
        f"samples, at most {_MOST_STEPS} ({figures['fast_steps']} of its fast ones); smallest "
        f"arena {figures['arena_bytes']:,} bytes"
    )
    if not scored:
        return steps <= _MOST_STEPS, detail
    own, fast = figures["top1"], figures["fast_top1"]
    detail += f"; {own:.2%} right on {scored} samples, LiteRT {fast:.2%}"
    lost = max(target.gates.accuracy_drop, 1 / scored)
    return steps <= _MOST_STEPS and own >= fast - lost - 1e-9, detail


def smallest(enough: Callable[[int], bool], first: int, largest: int, accuracy: int) -> int:
    """Finds the smallest number that is enough, up to an accuracy.

    Args:
        enough: Returns whether a number is enough. Every larger number must be enough too.
        first: Tried first, then doubled until it is enough.
        largest: Tried last.
        accuracy: The result is at most this much too large.

    Raises:
        ValueError: Even `largest` is not enough.
    """
    low, high = 0, first
    while not enough(high):
        if high >= largest:
            raise ValueError(f"{largest:,} bytes are not enough")
        low, high = high, min(2 * high, largest)
    while high - low > accuracy:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def missing_operator(log: str) -> str:
    """Returns the operator that the runtime reports as missing; empty: it reports none."""
    missing = re.search(r"Didn't find op for builtin opcode '(\w+)'", log)
    return f"TensorFlow Lite Micro has no {missing[1]}" if missing else ""


def smallest_arena(path: Path) -> int:
    """Returns the least bytes of working memory with which a file loads on this computer.

    Raises:
        ValueError: It does not load, such as for an operator that the runtime lacks.
    """
    from tflite_micro.python.tflite_micro import runtime

    content = path.read_bytes()
    with tempfile.NamedTemporaryFile("r") as log:

        def loads(arena: int) -> bool:
            # An arena that is too small can crash the process, so every try has its own process.
            process = os.fork()
            if not process:
                os.dup2(os.open(log.name, os.O_TRUNC | os.O_WRONLY), 2)
                try:
                    runtime.Interpreter.from_bytes(content, arena_size=arena)
                except RuntimeError:
                    os._exit(1)
                os._exit(0)
            return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0

        try:
            return smallest(loads, _FIRST_ARENA, _LARGEST_ARENA, _ARENA_ACCURACY)
        except ValueError as error:
            raise ValueError(missing_operator(log.read()) or str(error)) from error


def measure(
    path: Path, x: np.ndarray, labels: tuple[str, ...], y: np.ndarray | None = None
) -> Figures:
    """Finds the smallest arena, compares outputs with LiteRT's, and counts right answers."""
    from tflite_micro.python.tflite_micro import runtime

    arena = smallest_arena(path)
    micro = runtime.Interpreter.from_bytes(path.read_bytes(), arena_size=arena)
    reference = LiteModel(path, reference_kernels=True)
    fast = LiteModel(path)
    figures = {"samples": 0, "max_steps": 0, "fast_steps": 0, "arena_bytes": arena}

    def answer(sample: np.ndarray) -> np.ndarray:
        micro.set_input(quantise(sample[None], fast.input), 0)
        micro.invoke()
        return np.asarray(micro.get_output(0))

    end = time.process_time() + _SECONDS
    for sample in x[:_SAMPLES]:
        output = answer(sample)
        for name, model in (("max_steps", reference), ("fast_steps", fast)):
            figures[name] = max(figures[name], _steps(output, model, sample))
        figures["samples"] += 1
        if time.process_time() > end:
            break
    return figures if y is None else {**figures, **_right(answer, fast, x, y, end)}


def _right(
    answer: Callable[[np.ndarray], np.ndarray],
    fast: LiteModel,
    x: np.ndarray,
    y: np.ndarray,
    end: float,
) -> Figures:
    """Returns the accuracy until the time is up, and that of LiteRT's fast kernels beside it."""
    places: list[int] = []
    outputs: list[np.ndarray] = []
    # In a mixed order, since classes are often sorted.
    for place in np.random.default_rng(0).permutation(len(y))[:_SCORED]:
        if outputs and time.process_time() > end:
            break
        outputs.append(answer(x[place]))
        places.append(place)
    own = dequantise(np.concatenate(outputs), fast.output)
    return {
        "scored": len(places),
        "top1": accuracy(own, y[places]),
        "fast_top1": accuracy(fast(x[places]), y[places]),
    }


def _steps(output: np.ndarray, model: LiteModel, sample: np.ndarray) -> int:
    expected = quantise(model(sample[None]), model.output)
    return int(np.abs(output.astype(int) - expected.astype(int)).max())


TFLITE_MICRO = Prover(
    "tflite_micro", measure, judge, unfit, "tflite_micro", "zoo-residual[provers]", scores=True
)
