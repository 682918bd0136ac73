"""What an integer file calculates before a softmax or a sigmoid, which would hide differences.

The file is run without its end, by the kernels that phones use too (XNNPACK), in a child process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from export.child import child_main, run_child
from export.samples import evenly_spaced
from export.tflite.flatbuffer import operator_name
from export.tflite.ranges import BOUNDED
from export.tflite.runtime import load_lite
from export.tflite.sharing import packed

# So many samples show as much as all.
MOST = 1_000
_ENDS = BOUNDED | {"QUANTIZE", "DEQUANTIZE"}


def last_results(path: Path, test_x: Path, threads: int, folder: Path) -> np.ndarray:
    """Returns the last results of a file before they are bounded, (samples, columns) float32.

    Args:
        path: A `.tflite` with one input and one output.
        test_x: `.npz` of `x`, (N, ...) inputs, of which `MOST` are taken.
        threads: To run on.
        folder: For temporary files.

    Raises:
        ChildError: The file does not load, or crashed the process that ran it.
    """
    results = folder / f"{path.stem}.last.npy"
    job = {
        "artifact": str(path),
        "cut": str(folder / f"{path.stem}.cut.tflite"),
        "test_x": str(test_x),
        "threads": threads,
        "results": str(results),
    }
    run_child("export.checks.last_result", job, folder)
    return np.load(results)


def cut(content: bytes) -> bytes:
    """Returns a file without the operations at its end that bound or convert its answers."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,), (signature,) = model.subgraphs, model.signatureDefs
    makes = {int(operator.outputs[0]): operator for operator in graph.operators}
    (given,) = signature.outputs
    end = int(graph.outputs[0])
    while operator_name(model.operatorCodes[makes[end].opcodeIndex]) in _ENDS:
        end = int(makes[end].inputs[0])
    graph.operators = graph.operators[: graph.operators.index(makes[end]) + 1]
    graph.outputs, given.tensorIndex = [end], end
    return packed(model)


def _run_here(job: dict[str, Any]) -> None:
    Path(job["cut"]).write_bytes(cut(Path(job["artifact"]).read_bytes()))
    with np.load(job["test_x"]) as file:
        x = evenly_spaced(file["x"], MOST)
    values = load_lite(job["cut"], job["threads"])(x, None)
    np.save(job["results"], values.reshape(len(x), -1))


if __name__ == "__main__":
    child_main(_run_here)
