"""Finds the layers of an integer file that lose most, by comparing it with the float file.

Both files come from one graph, so a layer's result has the same name in both. This runs with LiteRT
and without TensorFlow, in a child process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from export.checks.parity import decibels, energies
from export.child import child_main, run_child
from export.tflite.flatbuffer import read_graph
from export.tflite.watched import Watched

# A few samples show as much about a layer as hundreds, and are faster.
_SAMPLES = 8
_WORST = 5
# Signal to noise of a signal that fills the range of its bits: 6.02 dB for each bit, and 1.76.
_BEST_DB = {"int8": 49.9, "int16": 98.1}


@dataclass(frozen=True)
class LayerNoise:
    """The noise of one layer in integers.

    Attributes:
        layer: Its path; if that is unknown, the path of the layer before.
        operator: Its operator.
        sqnr_db: Signal to noise of its output, with the noise of all layers before, in decibels.
        lost_db: How much lower that is than the signal to noise of its noisiest input.
    """

    layer: str
    operator: str
    sqnr_db: float
    lost_db: float


def worst_layers(
    integers: Path, floats: Path, test_x: Path, folder: Path
) -> tuple[LayerNoise, ...]:
    """Finds the layers that lose most, the worst first, five at most.

    Args:
        integers: `.tflite` to look at.
        floats: The same graph in float32.
        test_x: `.npz` of `x`, (N, ...) inputs; of a file with states, (N, ...) of each input.
        folder: For temporary files.

    Raises:
        ChildError: A file does not load, or crashed the process that ran it.
    """
    results = folder / f"{integers.stem}.layers.json"
    job = {"integers": integers, "floats": floats, "test_x": test_x, "results": results}
    run_child("export.checks.layers", {name: str(path) for name, path in job.items()}, folder)
    return tuple(LayerNoise(**row) for row in json.loads(results.read_text()))


def _compare_here(job: Mapping[str, str]) -> None:
    with np.load(job["test_x"]) as file:
        inputs = {name: file[name][:_SAMPLES] for name in file.files if name != "lengths"}
    nodes = read_graph(Path(job["integers"])).nodes
    integers, floats = Watched(job["integers"]), Watched(job["floats"])
    energy = {index: np.zeros(2) for index, info in integers.infos.items() if info.name in floats}
    # One sample at a time, since the results of all layers of a large network fill the memory.
    for place in range(len(next(iter(inputs.values())))):
        for watched in (integers, floats):
            watched.run(**{name: values[place] for name, values in inputs.items()})
        for index in energy:
            name = integers.infos[index].name
            energy[index] += energies(integers.values(index), floats.values(floats.number(name)))
    best = max(_BEST_DB.get(info.dtype, 0.0) for info in integers.infos.values())
    noise = {index: decibels(*sums) for index, sums in energy.items()}
    rows = []
    before: dict[int, float] = {}  # Signal to noise of each tensor.
    for node in nodes:
        taken = min([best, *(before[index] for index in node.inputs if index in before)])
        reached = noise.get(node.results[0], taken) if node.results else taken
        before.update(dict.fromkeys(node.results, reached))
        rows.append(LayerNoise(node.layer or node.after, node.operator, reached, taken - reached))
    worst = sorted((row for row in rows if row.lost_db > 0), key=lambda row: -row.lost_db)
    Path(job["results"]).write_text(json.dumps([asdict(row) for row in worst[:_WORST]]))


if __name__ == "__main__":
    child_main(_compare_here)
