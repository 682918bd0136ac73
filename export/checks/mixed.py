"""Finds the layers that have to stay float32 so that a file of int8 is close enough to the model.

The worst layer of the file is blamed, as in `export.checks.layers`, and stays float32 in the next
try, until the file passes. Then every one of these layers that is not needed goes back to int8. All
that runs in a child process, since a calibrated model is quantised anew in a moment.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.checks import closeness
from export.checks.boundary import FLOATS
from export.checks.evidence import Evidence
from export.checks.layers import layer_noise
from export.checks.parity import accuracy, compare
from export.checks.remedies import BETWEEN
from export.checks.run import Run
from export.child import child_main, run_child
from export.precisions import Gates
from export.targets import IntegerType, Target
from export.tflite.convert import Source, calibrated, quantised, write
from export.tflite.flatbuffer import Graph, Node, read_graph
from export.tflite.rounding import Rounding
from export.tflite.runtime import load_lite
from export.tflite.start import start_tensorflow
from export.tflite.tensor import Latency

# Of so many layers that lose most, the cheapest comes first.
_BLAMED = 3
# A file with a larger share of its operations in float32 is no longer one of integers.
_MOST_SHARE = 0.5


@dataclass(frozen=True)
class Question:
    """What a file is to be.

    Attributes:
        integer_io: Type of its input and output.
        test_x: `.npz` of `x`, (N, ...) inputs.
        gates: How close it must be.
        classified: Whether outputs are scores of classes.
        labels: One for each output; may be empty.
        chance: Accuracy without a model.
        compensated: Whether its kernels are rounded by `export.tflite.rounding`.
    """

    integer_io: IntegerType
    test_x: str
    gates: Gates
    classified: bool
    labels: tuple[str, ...]
    chance: float
    compensated: bool = False


def mix(
    source: Source,
    path: Path,
    floats: Path,
    question: Question,
    arrays: Mapping[str, np.ndarray | None],
    scratch: Path,
) -> tuple[str, ...] | None:
    """Writes a file of int8, some of whose layers stay float32.

    Args:
        source: What to convert.
        path: Where the file is written.
        floats: The same graph in float32.
        question: What the file is to be.
        arrays: `reference`, (N, columns) answers of the Keras model; `truth` and `thresholds`, if
            they are known: the classes, and the least probabilities of sets of labels.
        scratch: For temporary files.

    Returns:
        The layers in float32; None: no such file is close enough, and none was written.

    Raises:
        ChildError: The process ended before.
    """
    given, results = scratch / "mixed.npz", scratch / "mixed.json"
    known = {name: array for name, array in arrays.items() if array is not None}
    np.savez(given, **known)  # type: ignore[arg-type]  # A name could be savez's own flag.
    job = {
        "source": asdict(source),
        "path": str(path),
        "floats": str(floats),
        "question": asdict(question),
        "arrays": str(given),
        "results": str(results),
    }
    run_child("export.checks.mixed", job, scratch)
    layers = json.loads(results.read_text())
    return None if layers is None else tuple(layers)


def _mix_here(job: dict[str, Any]) -> None:
    path, results = Path(job["path"]), Path(job["results"])
    question = Question(**{**job["question"], "gates": Gates(**job["question"]["gates"])})
    with np.load(question.test_x) as inputs, np.load(job["arrays"]) as file:
        arrays = {"x": inputs["x"], **file}
    source = Source(**job["source"])
    content = calibrated(source, question.integer_io)
    rounding = None
    if question.compensated:
        integers = quantised(content, question.integer_io, ())
        with np.load(source.calibration) as file:
            rounding = Rounding(integers, Path(job["floats"]), dict(file))

    def made(names: Sequence[str]) -> bytes:
        file = quantised(content, question.integer_io, names)
        return file if rounding is None else rounding.applied(file)

    trial = results.with_name("trial.tflite")
    trial.write_bytes(content)
    graph = read_graph(trial)
    nodes = by_result(graph)

    def passes(names: Sequence[str]) -> bool:
        trial.write_bytes(made(names))
        return not stray_floats(trial, names, nodes) and close(trial, question, arrays)

    def blamed(names: Sequence[str]) -> list[str]:
        trial.write_bytes(made(names))
        rows = layer_noise(str(trial), job["floats"], {"x": arrays["x"]})
        return [name for name, _ in rows if name in nodes]

    trial.write_bytes(made(()))
    cost = {name: _cost(graph, node) for name, node in nodes.items()}
    names = search(passes, blamed, cost, stray_floats(trial, (), nodes))
    layers = None
    if names is not None:
        write(path, made(names))
        floats = (node for name, node in nodes.items() if name in names)
        layers = list(dict.fromkeys(node.layer or node.after for node in floats))
    results.write_text(json.dumps(layers))


def search(
    passes: Callable[[Sequence[str]], bool],
    blamed: Callable[[Sequence[str]], Sequence[str]],
    cost: Mapping[str, int],
    needed: Sequence[str] = (),
) -> list[str] | None:
    """Chooses what stays float32.

    Args:
        passes: Whether a file with these in float32 is close enough.
        blamed: What loses most in such a file, the worst first.
        cost: Bytes that each operation of the file costs.
        needed: What has no form in integers.

    Returns:
        As few as are needed of those that were blamed; None if the file does not pass with half of
        its operations in float32.
    """
    names, most = list(needed), math.ceil(_MOST_SHARE * len(cost))
    while not passes(names):
        others = [name for name in blamed(names) if name not in names][:_BLAMED]
        if not others or len(names) >= most:
            return None
        names.append(min(others, key=lambda name: cost[name]))
    for name in sorted(set(names) - set(needed), key=lambda name: (-cost[name], name)):
        fewer = [other for other in names if other != name]
        if fewer and passes(fewer):
            names = fewer
    return names


def close(path: Path, question: Question, arrays: Mapping[str, np.ndarray]) -> bool:
    """Returns whether a file's answers pass the checks of `export.checks.closeness`."""
    model = load_lite(path)
    x, reference, truth = arrays["x"], arrays["reference"], arrays.get("truth")
    least = arrays.get("thresholds")
    values = model(x, None)
    if not np.isfinite(values).all():
        return False
    right = None
    if truth is not None:
        right = accuracy(values, truth, least), accuracy(reference, truth, least)
    evidence = Evidence(
        target=Target("mixed", "mixed", question.gates),
        kind="",
        output_name="probabilities" if question.classified else "values",
        states=(),
        recurrent=False,
        pixels=False,
        run=Run(model.input, model.output, values, Latency(0, 0, 1)),
        reference=reference,
        parity=compare(values, reference, classified=question.classified, thresholds=least),
        accuracy=right,
        graph=None,
        signature="",
        labels=question.labels,
        labelled=None if truth is None else len(truth),
        chance=question.chance,
        thresholds=least,
    )
    checks = [check(evidence) for check in closeness.CHECKS]
    return all(check is None or check.status != "fail" for check in checks)


def stray_floats(path: Path, names: Sequence[str], nodes: Mapping[str, Node]) -> list[str]:
    """Lists what has no form in integers, and so is float32 in a file without being asked for."""
    return [
        name
        for name, node in by_result(read_graph(path)).items()
        if name in nodes and name not in names and set(node.dtypes) & set(FLOATS)
    ]


def by_result(graph: Graph) -> dict[str, Node]:
    """Returns the operations of a file by the name of their result.

    Those between integers and floats are not among them, since they have no layer that could stay
    float32: the one behind the last layer would carry its name.
    """
    return {
        graph.tensors[node.results[0]].name if node.results else "": node
        for node in graph.nodes
        if node.operator not in BETWEEN
    }


def _cost(graph: Graph, node: Node) -> int:
    """Returns how many bytes the constants of an operation take more in float32 than in int8."""
    made = {number for other in graph.nodes for number in other.results}
    constants = [i for i in node.inputs[1:] if i >= 0 and i not in made]
    return 3 * sum(math.prod(graph.tensors[i].shape) for i in constants)


if __name__ == "__main__":
    start_tensorflow()
    child_main(_mix_here)
