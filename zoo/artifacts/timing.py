"""Measures the speed and memory of artifacts and checkpoints on this CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from zoo.artifacts.opening.open import check_written
from zoo.artifacts.opening.process import Process
from zoo.errors import RequestError
from zoo.result import Result, TextTable


@dataclass(frozen=True)
class Timing:
    """The figures of one artifact or checkpoint.

    Attributes:
        name: A path, or a checkpoint's name.
        kind: "tflite", "saved_model" or "checkpoint".
        input: Shape of the one input of a call.
        load_ms: Milliseconds of loading.
        threads: Number of threads.
        runs: Number of timed calls.
        median_ms: Median time of a call, in milliseconds.
        p90_ms: Nine of ten calls took at most this.
        throughput: Calls per second.
        peak_mb: The most memory of its process, in MB (10⁶ bytes).
        runtime_mb: The part of it that the process held before loading.
        ratio: The time of each call, divided by that of the first artifact's call in the same turn;
            this is the median. `ratio_p10` and `ratio_p90` are percentiles.
    """

    name: str
    kind: str
    input: tuple[int, ...]
    load_ms: float
    threads: int
    runs: int
    median_ms: float
    p90_ms: float
    throughput: float
    peak_mb: float
    runtime_mb: float
    ratio: float
    ratio_p10: float
    ratio_p90: float


@dataclass(frozen=True)
class Benchmark(Result):
    """Timings, in the order of the arguments."""

    timings: tuple[Timing, ...]

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """A row for each timing. With several, each has its ratio to the first."""
        several = len(self.timings) > 1
        head = ("name", "kind", "input", "median", "p90", "a second", "peak memory")
        rows = tuple(
            (
                *(timing.name, timing.kind, "×".join(map(str, timing.input))),
                *(f"{timing.median_ms:.3g} ms", f"{timing.p90_ms:.3g} ms"),
                f"{timing.throughput:,.1f}",
                f"{timing.peak_mb:.0f} MB ({timing.runtime_mb:.0f} before loading)",
                *([_ratio(timing)] if several else []),
            )
            for timing in self.timings
        )
        return (TextTable("", (*head, *(["ratio"] if several else [])), rows),)

    @property
    def lines(self) -> tuple[str, ...]:
        """How it was measured."""
        first = self.timings[0]
        line = f"one input at a time, {first.runs} calls on {first.threads} thread(s)"
        if len(self.timings) == 1:
            return (line,)
        return line, f"ratio: time of a call by that of {first.name} next to it, median"


def benchmark(
    *,
    artifact: str | Sequence[str] = (),
    checkpoint: str | Sequence[str] = (),
    threads: int = 1,
    runs: int = 50,
    warmup: int = 5,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Benchmark:
    """Times artifacts and checkpoints. Each has its own process, and they take turns call by call.

    Args:
        artifact: A `.tflite` file or a SavedModel's folder, or several.
        checkpoint: A checkpoint's name or folder, or several.
        threads: Number of threads of each process.
        runs: Number of timed calls of each.
        warmup: Number of calls before them.
        trust: Whether a SavedModel may do more than calculate: see `zoo.artifacts.opening.open`.
        progress: Called with the numbers of finished and of all calls.

    Returns:
        The artifacts' timings, then the checkpoints'.

    Raises:
        RequestError: There is nothing to time, or something does not load.
    """
    subjects = [(name, False) for name in _several(artifact)]
    for name, _ in subjects:
        check_written(name)
    subjects += [(name, True) for name in _several(checkpoint)]
    if not subjects:
        raise RequestError("say what to time: --artifact=FILE or --checkpoint=NAME")
    if threads < 1 or runs < 1 or warmup < 0:
        raise RequestError(
            f"threads={threads}, runs={runs}, warmup={warmup}: threads and runs are from 1 up, "
            "warmup from 0"
        )
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                Process(name, is_checkpoint=is_checkpoint, threads=threads, trust=trust)
            )
            for name, is_checkpoint in subjects
        ]
        times = np.empty((len(processes), warmup + runs))
        for turn in range(warmup + runs):
            times[:, turn] = [process.time() for process in processes]
            if progress is not None:
                progress(turn + 1, warmup + runs)
        times = times[:, warmup:]
        return Benchmark(
            tuple(
                _timing(process, own, times[0], threads)
                for process, own in zip(processes, times, strict=True)
            )
        )


def _several(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _timing(process: Process, times: np.ndarray, first: np.ndarray, threads: int) -> Timing:
    ratios = times / first
    return Timing(
        name=process.name,
        kind=process.facts["kind"],
        input=tuple(process.facts["input"]),
        load_ms=process.facts["load_ms"],
        threads=threads,
        runs=len(times),
        median_ms=float(np.median(times)),
        p90_ms=float(np.percentile(times, 90)),
        throughput=float(1000 * len(times) / times.sum()),
        **process.memory(),
        ratio=float(np.median(ratios)),
        ratio_p10=float(np.percentile(ratios, 10)),
        ratio_p90=float(np.percentile(ratios, 90)),
    )


def _ratio(timing: Timing) -> str:
    return f"{timing.ratio:.2f} ({timing.ratio_p10:.2f} to {timing.ratio_p90:.2f})"
