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

from export.child import child_main, run_child
from export.samples import evenly_spaced
from export.tflite.flatbuffer import read_graph
from export.tflite.runtime import (
    LiteModel,
    LiteStream,
    fully_accelerated,
    left_over,
    load_lite,
)
from export.tflite.tensor import Latency, TensorInfo, from_json
from export.tflite.watched import Watched

# Enough to expose a state kept between calls.
_REPEATED_SAMPLES = 6
_WATCHED_SAMPLES = 4
FLOAT16_MOST = 65_504


@dataclass(frozen=True)
class Run:
    """The result of running a file.

    Attributes:
        input: What it takes.
        output: What it gives.
        values: (N, classes) float32, dequantised.
        latency: Time of one call.
        states: A stream's states.
        largest: float16 files: the first layer beyond the range of float16, or else the one
            with the largest number, and that number. None: not measured.
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
    largest: tuple[str, float] | None = None


def run_artifact(
    path: Path, test_x: Path, threads: int, folder: Path, *, float16: bool = False
) -> Run:
    """Runs a `.tflite` over the test samples.

    Args:
        path: The file.
        test_x: `.npz` of `x`, (N, ...) inputs; for sequences it may hold their `lengths`.
        threads: To run on.
        folder: For temporary files.
        float16: Whether to look for numbers that float16 cannot hold.

    Raises:
        ChildError: The file does not load, or crashed the process that ran it.
    """
    values = folder / f"{path.stem}.values.npy"
    facts = folder / f"{path.stem}.facts.json"
    job = {
        "artifact": str(path),
        "test_x": str(test_x),
        "threads": threads,
        "values": str(values),
        "facts": str(facts),
        "float16": float16,
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
        largest=tuple(known["largest"]) if known["largest"] else None,
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
        "states": [
            asdict(state)
            for state in (model.states.values() if isinstance(model, LiteStream) else ())
        ],
    }
    if job["float16"] and isinstance(model, LiteModel):
        facts["largest"] = _largest(path, evenly_spaced(x, _WATCHED_SAMPLES))
    np.save(job["values"], values)
    Path(job["facts"]).write_text(json.dumps(facts))


def _largest(path: str, x: np.ndarray) -> tuple[str, float]:
    """Finds where numbers grow beyond float16.

    Large negative numbers do not count: they mask entries of a softmax, and minus infinity does the
    same.
    """
    graph, watched = read_graph(Path(path)), Watched(path)
    most = dict.fromkeys(watched.infos, 0.0)
    for sample in x:
        watched.run(sample)
        for index in most:
            most[index] = max(most[index], float(watched.values(index).max(initial=0.0)))
    places = [
        ("the input", float(np.abs(x).max())),
        *(
            (str(node), most[node.results[0]])
            for node in graph.nodes
            if node.results and node.results[0] in most
        ),
    ]
    beyond = (place for place in places if place[1] > FLOAT16_MOST)
    return next(beyond, max(places, key=lambda place: place[1]))


def _accelerated(path: str) -> bool | None:
    try:
        return fully_accelerated(path)
    except ImportError:
        return None


if __name__ == "__main__":
    child_main(_run_here)
