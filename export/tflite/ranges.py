"""Ranges of layers' results, put into a calibrated file in place of those it was calibrated to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from export.tflite.flatbuffer import layer_of, operator_name
from export.tflite.sharing import packed

Range = tuple[float, float]
# What these give has the range of what they take.
_SAME = frozenset(
    {
        *("PAD", "PADV2", "MIRROR_PAD", "MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE", "TRANSPOSE"),
        *("SQUEEZE", "EXPAND_DIMS", "STRIDED_SLICE", "SLICE", "GATHER", "REDUCE_MAX", "TILE"),
        *("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "RESIZE_NEAREST_NEIGHBOR", "BATCH_TO_SPACE_ND"),
        "SPACE_TO_BATCH_ND",
    }
)
# The range of these is the same in every file.
BOUNDED = frozenset({"SOFTMAX", "LOGISTIC", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION"})


def with_ranges(content: bytes, ranges: Mapping[str, Range], ends: Sequence[str]) -> bytes:
    """Returns a calibrated file with other ranges.

    A layer that becomes several operations gets its range at the last of them.

    Args:
        content: A float32 file with the range of each tensor: see `export.tflite.convert`.
        ranges: The least and the greatest result, by the name of the layer.
        ends: Names of what gives the input and the output, whose own names are the signature's.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,) = model.subgraphs
    operators = [(operator_name(model.operatorCodes[o.opcodeIndex]), o) for o in graph.operators]
    layers = _layers(graph, ranges)
    layers.update(dict.fromkeys(graph.inputs, ends[0]))
    layers.update({number: layers[number] or ends[1] for number in graph.outputs})
    last = {layers[o.outputs[0]]: o for name, o in operators if name not in BOUNDED}
    changed = {number: ranges[ends[0]] for number in graph.inputs if ends[0] in ranges}
    for name, operator in operators:
        result = int(operator.outputs[0])
        layer = layers[result]
        if name in _SAME and operator.inputs[0] in changed:
            changed[result] = changed[operator.inputs[0]]
        elif layer in ranges and last.get(layer) is operator:
            changed[result] = ranges[layer]
    for number, (low, high) in changed.items():
        _set_range(graph.tensors[number], low, high)
    return packed(model)


def _set_range(tensor: Any, low: float, high: float) -> None:
    if tensor.quantization is not None:
        tensor.quantization.min = np.array([low], np.float32)
        tensor.quantization.max = np.array([high], np.float32)


def _layers(graph: Any, ranges: Mapping[str, Range]) -> dict[int, str]:
    """Returns the layer of each tensor.

    The converter makes one operation of several layers and names it by all of them, in an order
    that depends on what they are: a dense layer before its batch normalisation, but a convolution
    behind it. It is that of them which has a range, if no operation begins with its name.
    """
    parts = {number: _parts(tensor) for number, tensor in enumerate(graph.tensors)}
    first = {parts[operator.outputs[0]][0] for operator in graph.operators}
    wanted = ranges.keys() - first
    return {
        number: next((layer for layer in layers if layer in wanted), layers[0])
        for number, layers in parts.items()
    }


def _parts(tensor: Any) -> list[str]:
    name = tensor.name.decode() if isinstance(tensor.name, bytes) else tensor.name
    return [layer_of(part).partition("/")[0] for part in name.split(";")]
