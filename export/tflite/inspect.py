"""Describes a `.tflite` file without running it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from export.child import ChildError, child_main, limit_memory, run_child
from export.errors import ExportError
from export.tflite import metadata
from export.tflite.flatbuffer import read_graph
from export.tflite.metadata import DAMAGED
from export.tflite.tensor import TensorInfo

# Memory that describing a file may take: this many bytes, plus this many times its size.
_MEMORY, _TIMES_ITS_SIZE = 256 << 20, 8


def describe_file(path: str | Path) -> dict[str, Any]:
    """Describes a `.tflite` file of any origin, in a process of its own with limited memory.

    A few bytes of a hostile file can mean gigabytes of tables.

    Returns:
        As JSON can hold it: "file", "bytes", "sha256", "inputs", "outputs", "operators", "metadata"
        (may be empty), "identity" (the origin, of files of this package) and "files" (other
        associated files, line by line).

    Raises:
        ExportError: It is not a `.tflite` file, or it is damaged.
    """
    path = Path(path)
    metadata.check_is_tflite(path)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        memory = _MEMORY + _TIMES_ITS_SIZE * path.stat().st_size
        job = {"path": str(path), "answer": str(answer), "memory": memory}
        try:
            run_child("export.tflite.inspect", job, Path(folder))
        except ChildError as death:
            raise ExportError(f"{str(path)!r} is damaged: {death}") from death
        document = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in document:
        raise ExportError(document["error"])
    return document


def _describe_here(job: dict[str, Any]) -> None:
    path = Path(job["path"])
    limit_memory(job["memory"])
    try:
        text = json.dumps(_describe(path))
        if len(text) > job["memory"]:
            raise MemoryError
    except ExportError as error:
        text = json.dumps({"error": str(error)})
    except MemoryError:
        size, most = path.stat().st_size, job["memory"] // 1_000_000
        reason = f"its {size:,} bytes stand for more than {most:,} MB"
        text = json.dumps({"error": f"{str(path)!r} is damaged or hostile: {reason}"})
    Path(job["answer"]).write_text(text, encoding="utf-8")


def _describe(path: Path) -> dict[str, Any]:
    facts, files = metadata.read(path)
    content = path.read_bytes()
    try:
        inputs, outputs = ends(content)
        operators = read_graph(path).operators
    except DAMAGED as error:
        raise ExportError(f"{str(path)!r} is damaged: {error}") from error
    return {
        "file": path.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "inputs": [asdict(info) for info in inputs],
        "outputs": [asdict(info) for info in outputs],
        "operators": operators,
        "metadata": facts,
        "identity": _identity(files.pop(metadata.IDENTITY, "{}")),
        "files": {name: text.splitlines() for name, text in files.items()},
    }


def ends(content: bytes) -> tuple[list[TensorInfo], list[TensorInfo]]:
    """Returns inputs and outputs of the first subgraph, with the first signature's names."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    inputs = [graph.Inputs(index) for index in range(graph.InputsLength())]
    outputs = [graph.Outputs(index) for index in range(graph.OutputsLength())]
    names = {}
    if model.SignatureDefsLength():
        first = model.SignatureDefs(0)
        ends = [first.Inputs(index) for index in range(first.InputsLength())]
        ends += [first.Outputs(index) for index in range(first.OutputsLength())]
        names = {end.TensorIndex(): end.Name().decode() for end in ends}
    types = {
        value: name.lower() for name, value in vars(schema.TensorType).items() if name[0] != "_"
    }
    both = []
    for numbers in (inputs, outputs):
        tensors = [(number, graph.Tensors(number)) for number in numbers]
        both.append(
            [_info(names.get(number), types[tensor.Type()], tensor) for number, tensor in tensors]
        )
    return both[0], both[1]


def _info(name: str | None, dtype: str, tensor: Any) -> TensorInfo:
    shape = tuple(int(tensor.Shape(index)) for index in range(tensor.ShapeLength()))
    if tensor.ShapeSignatureLength():
        signature = range(tensor.ShapeSignatureLength())
        shape = tuple(int(tensor.ShapeSignature(index)) for index in signature)
    name = name or tensor.Name().decode()
    details = tensor.Quantization()
    if details is None or not details.ScaleLength():
        return TensorInfo(name, dtype, shape)
    return TensorInfo(name, dtype, shape, float(details.Scale(0)), int(details.ZeroPoint(0)))


def _identity(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    child_main(_describe_here)
