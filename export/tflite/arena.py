"""Computes the memory that TensorFlow Lite Micro takes for a file, without running it.

The results of operations are placed as its planner does it. What else it keeps was measured: on 34
exports of all families, with arenas from 4 KB to 1.2 MB, the sum was never too small; from 20 KB on
it was at most a sixth too large, with attention up to three fifths.
"""

from __future__ import annotations

import math

from export.tflite.flatbuffer import Graph, Node

_ALIGNMENT = 16
_SIZES = {"int64": 8, "float64": 8, "int16": 2, "float16": 2, "int8": 1, "uint8": 1, "bool": 1}
# Bytes that are kept for each operation, tensor and scale of a kernel, on a 64-bit computer.
_OPERATION, _TENSOR, _SCALE, _REST = 192, 32, 8, 2_048
# Bytes that the planner takes for itself, where the results will lie later.
_PLANNER, _PLANNER_TENSOR = 3_200, 40
_KERNELS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def arena_bytes(graph: Graph) -> int:
    """Returns how many bytes are enough for a file with one subgraph."""
    tensors, nodes = graph.tensors, graph.nodes
    scales = sum(tensors[node.inputs[1]].scales for node in nodes if node.operator in _KERNELS)
    # Both factors of a product are kept once more, with their axes exchanged.
    factors = [node.inputs for node in nodes if node.operator == "BATCH_MATMUL"]
    kept = sum(_bytes(graph, number) for numbers in factors for number in numbers)
    kept += _OPERATION * len(nodes) + _TENSOR * len(tensors) + _SCALE * scales + _REST
    return kept + max(planned_bytes(graph), _PLANNER + _PLANNER_TENSOR * len(tensors))


def planned_bytes(graph: Graph) -> int:
    """Returns the bytes for inputs and results, each as long as it is needed.

    As TensorFlow Lite Micro's `GreedyMemoryPlanner`: the largest comes first, of equal ones the
    last, and each goes to the lowest place where nothing else lies while it is needed.
    """
    lives = _lives(graph.nodes, graph.inputs, graph.outputs)
    sizes = {number: _bytes(graph, number) for number in lives}
    placed: list[tuple[int, int, int, int]] = []  # Place, its end, first and last step.
    for number in sorted(lives, key=lambda number: (-sizes[number], -number)):
        first, last = lives[number]
        place = 0
        for start, end, begun, done in sorted(placed):
            if begun > last or done < first:
                continue
            if start - place >= sizes[number]:
                break
            place = max(place, end)
        placed.append((place, place + sizes[number], first, last))
    return max((end for _, end, *_ in placed), default=0)


def _lives(
    nodes: tuple[Node, ...], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> dict[int, tuple[int, int]]:
    """Returns the first and the last step in which each tensor is needed that is no constant."""
    first = dict.fromkeys(inputs, 0)
    last = dict(first)
    for step, node in enumerate(nodes):
        for number in node.results:
            first.setdefault(number, step)
            last[number] = step
        last.update({number: step for number in node.inputs if number in first})
    last.update(dict.fromkeys(outputs, len(nodes)))
    return {number: (step, last[number]) for number, step in first.items()}


def _bytes(graph: Graph, number: int) -> int:
    tensor = graph.tensors[number]
    size = _SIZES.get(tensor.dtype, 4) * math.prod(tensor.shape)
    return -(-size // _ALIGNMENT) * _ALIGNMENT
