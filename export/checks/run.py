"""Runs a finished `.tflite` with LiteRT and without TensorFlow, in a child process.

A file that crashes its runtime then only fails a check. LiteRT's log lines, which name folders of
the machine, do not reach the terminal.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.checks.overflow import largest
from export.child import child_main, run_child
from export.forms.slide import WINDOW
from export.samples import evenly_spaced
from export.tflite.runtime import (
    LiteModel,
    LiteStream,
    fully_accelerated,
    left_over,
    load_lite,
)
from export.tflite.tensor import Latency, TensorInfo, from_json, quantise

# Enough to expose a state kept between calls.
_REPEATED_SAMPLES = 6
_WATCHED_SAMPLES = 4


@dataclass(frozen=True)
class Run:
    """The result of running a file.

    Attributes:
        input: What it takes.
        output: What it gives.
        values: (N, classes) float32, dequantised.
        latency: Time of one call.
        states: A stream's states, as inputs.
        next_states: The same, as outputs.
        stream_values: (answers, columns) along a stream that was never reset; None: there was none.
        window_kept: Of a sliding window: after how many calls it remembered the end of its window,
            bit for bit.
        largest: float16 files: the first layer beyond the range of float16, or else the one
            with the largest number, and that number without its sign. None: not measured.
        repeatable: Whether one interpreter that runs several inputs gives the same bits as a fresh
            interpreter for each input. None: not tried.
        accelerated: Whether XNNPACK takes the whole graph; None: LiteRT does not say.
        left_over: Places, in the main graph, of the operations that XNNPACK does not take.
    """

    input: TensorInfo
    output: TensorInfo
    values: np.ndarray
    latency: Latency
    repeatable: bool | None = None
    accelerated: bool | None = None
    left_over: tuple[int, ...] = ()
    states: tuple[TensorInfo, ...] = ()
    next_states: tuple[TensorInfo, ...] = ()
    largest: tuple[str, float] | None = None
    stream_values: np.ndarray | None = None
    window_kept: int | None = None


def run_artifact(
    path: Path,
    test_x: Path,
    threads: int,
    folder: Path,
    *,
    named: Path | None = None,
    stream: Path | None = None,
) -> Run:
    """Runs a `.tflite` over the test samples.

    Args:
        path: The file.
        test_x: `.npz` of `x`, (N, ...) inputs; for sequences it may hold their `lengths`.
        threads: To run on.
        folder: For temporary files.
        named: A file with the same tensors and the names of all, to look for the layers whose
            numbers float16 cannot hold; None: not to look for them.
        stream: `.npz` of `x`, (steps, ...), and of `ends`, after which answers are wanted; None:
            the file is of no stream.

    Raises:
        ChildError: The file does not load, or crashed the process that ran it.
    """
    values = folder / f"{path.stem}.values.npy"
    facts = folder / f"{path.stem}.facts.json"
    along = folder / f"{path.stem}.stream.npy"
    job = {
        "artifact": str(path),
        "test_x": str(test_x),
        "threads": threads,
        "values": str(values),
        "facts": str(facts),
        "named": "" if named is None else str(named),
        "stream": "" if stream is None else str(stream),
        "along": str(along),
    }
    run_child("export.checks.run", job, folder)
    known = json.loads(facts.read_text())
    return Run(
        input=from_json(known["input"]),
        output=from_json(known["output"]),
        values=np.load(values),
        latency=Latency(**known["latency"]),
        repeatable=known["repeatable"],
        accelerated=known["accelerated"],
        left_over=tuple(known["left_over"]),
        states=tuple(from_json(state) for state in known["states"]),
        next_states=tuple(from_json(state) for state in known["next_states"]),
        largest=tuple(known["largest"]) if known["largest"] else None,
        stream_values=None if stream is None else np.load(along),
        window_kept=known["window_kept"],
    )


def _run_here(job: dict[str, Any]) -> None:
    path, threads = job["artifact"], job["threads"]
    with np.load(job["test_x"]) as file:
        x, lengths = file["x"], file.get("lengths")
    model = load_lite(path, threads)
    values = model(x, lengths)
    few = range(min(len(x), _REPEATED_SAMPLES))
    fresh = np.concatenate(
        [
            load_lite(path, threads)(x[i : i + 1], None if lengths is None else lengths[i : i + 1])
            for i in few
        ]
    )
    accelerated = _accelerated(path)
    facts = {
        "input": asdict(model.input),
        "output": asdict(model.output),
        "latency": asdict(model.latency(x[0])),
        "repeatable": bool(np.array_equal(values[: len(few)], fresh, equal_nan=True)),
        "accelerated": accelerated,
        "left_over": left_over(path) if accelerated is False else (),
        "largest": None,
        "window_kept": None,
        "states": [],
        "next_states": [],
    }
    if isinstance(model, LiteStream):
        facts["states"] = [asdict(state) for state in model.states.values()]
        facts["next_states"] = [asdict(state) for state in model.next_states.values()]
    if job["named"] and isinstance(model, LiteModel):
        facts["largest"] = largest(Path(path), Path(job["named"]), x[_watched(x, values)])
    if job["stream"] and isinstance(model, LiteStream):
        with np.load(job["stream"]) as file:
            along, facts["window_kept"] = follow(model, file["x"], file["ends"])
        np.save(job["along"], along)
    np.save(job["values"], values)
    Path(job["facts"]).write_text(json.dumps(facts))


def _watched(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns the places of a few samples, evenly spaced, and of those with the largest numbers.

    Args:
        x: (N, ...) inputs.
        values: (N, columns) answers to them.
    """
    places = evenly_spaced(np.arange(len(x)), _WATCHED_SAMPLES)
    for array in (x, values):
        rows = array.reshape(len(array), -1)
        sizes = np.maximum(rows.max(axis=1), -rows.min(axis=1).astype(np.float64))
        places = np.append(places, sizes.argmax())
    return np.unique(places)


def follow(model: LiteStream, x: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, int | None]:
    """Takes a long stream, without a reset.

    Args:
        model: The file.
        x: (steps, ...).
        ends: (answers,) number of steps before each answer that is wanted.

    Returns:
        (answers, columns). Of a sliding window too: after how many calls the file remembered the
        end of the window, bit for bit.
    """
    model.reset()
    wanted, values, kept = set(ends.tolist()), list[np.ndarray](), 0
    before = x if model.window is None else np.concatenate([np.zeros_like(x[: model.window]), x])
    for end in range(model.hop, len(x) + 1, model.hop):
        answer = model.step(x[end - model.hop : end])
        if end in wanted:
            values.append(answer)
        if model.window is not None:
            info = model.states[WINDOW]
            remembered = before[end + model.hop : end + model.window]
            kept += np.array_equal(model.remembered[WINDOW][0], quantise(remembered, info))
    return np.stack(values), None if model.window is None else int(kept)


def _accelerated(path: str) -> bool | None:
    try:
        return fully_accelerated(path)
    except ImportError:
        return None


if __name__ == "__main__":
    child_main(_run_here)
