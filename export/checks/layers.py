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


def layer_noise(
    integers: str, floats: str, inputs: Mapping[str, np.ndarray]
) -> list[tuple[str, LayerNoise]]:
    """Measures what each operation loses to integers.

    Args:
        integers: `.tflite` to look at.
        floats: The same graph in float32.
        inputs: (N, ...) of each input; eight samples of it are taken.

    Returns:
        The operations that lose anything, the worst first, each with the name of its result.
    """
    inputs = {name: values[:_SAMPLES] for name, values in inputs.items() if name != "lengths"}
    nodes = read_graph(Path(integers)).nodes
    rough, exact = Watched(integers), Watched(floats)
    energy = {index: np.zeros(2) for index, info in rough.infos.items() if info.name in exact}
    # One sample at a time, since the results of all layers of a large network fill the memory.
    for place in range(len(next(iter(inputs.values())))):
        for watched in (rough, exact):
            watched.run(**{name: values[place] for name, values in inputs.items()})
        for index in energy:
            name = rough.infos[index].name
            energy[index] += energies(rough.values(index), exact.values(exact.number(name)))
    best = max(_BEST_DB.get(info.dtype, 0.0) for info in rough.infos.values())
    noise = {index: decibels(*sums) for index, sums in energy.items()}
    rows = []
    before: dict[int, float] = {}  # Signal to noise of each tensor.
    for node in nodes:
        taken = min([best, *(before[index] for index in node.inputs if index in before)])
        reached = noise.get(node.results[0], taken) if node.results else taken
        before.update(dict.fromkeys(node.results, reached))
        name = rough.infos[node.results[0]].name if reached < taken else ""
        row = LayerNoise(node.layer or node.after, node.operator, reached, taken - reached)
        rows.append((name, row))
    return sorted((row for row in rows if row[1].lost_db > 0), key=lambda row: -row[1].lost_db)


def _compare_here(job: Mapping[str, str]) -> None:
    with np.load(job["test_x"]) as file:
        inputs = {name: file[name] for name in file.files}
    worst = layer_noise(job["integers"], job["floats"], inputs)
    Path(job["results"]).write_text(json.dumps([asdict(row) for _, row in worst[:_WORST]]))


if __name__ == "__main__":
    child_main(_compare_here)
