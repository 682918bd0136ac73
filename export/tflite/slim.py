"""Takes out of a `.tflite` file what no runtime reads: of a small network it is most of the bytes.

The converter gives each tensor a long name, an empty buffer and the range from which its scale
comes. A recurrent network over 61 steps has 2,866 tensors.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from export.tflite.sharing import packed

Names = Literal["kept", "short", "none"]


def slim(content: bytes, names: Names) -> bytes:
    """Removes empty buffers, and ranges beside scales.

    Args:
        content: A file.
        names: Of inner tensors. "short": their numbers, since compilers such as TVM tell tensors
            apart by their names. "none": equal tensors then are there once.

    Returns:
        The file with the same operations, tensors and numbers, in their order. Inputs, outputs and
        signatures keep their names.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for graph in model.subgraphs:
        ends = {*map(int, graph.inputs), *map(int, graph.outputs)}
        for number, tensor in enumerate(graph.tensors):
            tensor.quantization = _scales(tensor.quantization)
            if names != "kept" and number not in ends:
                tensor.name = f"{number:x}" if names == "short" else None
    _share_buffers(model)
    _order_codes(model)
    return packed(model)


def _scales(quantization: Any) -> Any:
    """Returns how integers stand for numbers; None: they do not."""
    if quantization is None or (quantization.scale is None and quantization.details is None):
        return None
    quantization.min = quantization.max = None
    return quantization


def _share_buffers(model: Any) -> None:
    """Leaves one buffer without content, the first, as the schema wants it, and one of each."""
    numbers: dict[bytes | None, int] = {None: 0}
    kept = [model.buffers[0]]
    moved = []
    for buffer in model.buffers:
        held = None if buffer.data is None else bytes(buffer.data)
        if held not in numbers:
            numbers[held] = len(kept)
            kept.append(buffer)
        moved.append(numbers[held])
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        tensor.buffer = moved[tensor.buffer]
    for entry in model.metadata or ():
        entry.buffer = moved[entry.buffer]
    model.buffers = kept


def _order_codes(model: Any) -> None:
    """Gives the most frequent operator the number 0, which takes no place in the file."""
    operators = [operator for graph in model.subgraphs for operator in graph.operators or ()]
    counts = Counter(operator.opcodeIndex for operator in operators)
    order = sorted(range(len(model.operatorCodes)), key=lambda number: -counts[number])
    places = {number: place for place, number in enumerate(order)}
    model.operatorCodes = [model.operatorCodes[number] for number in order]
    for operator in operators:
        operator.opcodeIndex = places[operator.opcodeIndex]
