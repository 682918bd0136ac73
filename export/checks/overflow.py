"""Where the numbers of a file grow beyond float16, in which a GPU calculates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from export.tflite.flatbuffer import Graph, read_graph
from export.tflite.watched import Watched

FLOAT16_MOST = 65_504
# Operators to which minus infinity is what a large negative number is: they cut it off below.
_CUTTING = frozenset(
    {
        *("SOFTMAX", "LOGISTIC", "TANH", "EXP", "ELU", "RELU", "RELU6", "RELU_0_TO_1"),
        *("RELU_N1_TO_1", "MAXIMUM", "REDUCE_MAX", "MAX_POOL_2D"),
        *("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"),
    }
)
# Operators that hand it on, so that what follows decides; a difference only as its first term.
_PASSING = frozenset(
    {
        *("ADD", "SUB", "MINIMUM", "SELECT", "SELECT_V2", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"),
        *("TRANSPOSE", "SLICE", "STRIDED_SLICE", "SPLIT", "CONCATENATION", "PACK", "PAD", "PADV2"),
    }
)


def largest(path: Path, named: Path, x: np.ndarray) -> tuple[str, float]:
    """Finds where numbers grow beyond float16.

    Large negative numbers count unless all that takes them cuts them off below, as a softmax does:
    they mask its entries, and minus infinity does the same.

    Args:
        path: A file with one input.
        named: A file with the same tensors and the names of all.
        x: (N, ...) inputs.

    Returns:
        The first operation beyond the range of float16, or else the one with the largest number,
        and that number without its sign.
    """
    graph, watched = read_graph(path, named), Watched(str(path))
    low, high = dict.fromkeys(watched.infos, 0.0), dict.fromkeys(watched.infos, 0.0)
    for sample in x:
        watched.run(x=sample)
        for index in high:
            values = watched.values(index)
            low[index] = min(low[index], float(values.min(initial=0.0)))
            high[index] = max(high[index], float(values.max(initial=0.0)))
    counted = not_cut_below(graph, low)
    places = [
        ("the input", float(np.abs(x).max())),
        *(
            (str(node), max(high[result], -low[result] if result in counted else 0.0))
            for node in graph.nodes
            for result in node.results[:1]
            if result in high
        ),
    ]
    beyond = (place for place in places if place[1] > FLOAT16_MOST)
    return next(beyond, max(places, key=lambda place: place[1]))


def not_cut_below(graph: Graph, low: Mapping[int, float]) -> set[int]:
    """Finds the tensors in which minus infinity would not be the same as a large negative number.

    Args:
        graph: A file.
        low: The least number in each result, by its number, or zero.
    """
    counted = set(graph.outputs)
    for node in reversed(graph.nodes):  # What takes a result comes after what gives it.
        if node.operator in _CUTTING:
            continue
        goes_on = any(result in counted and low.get(result, -1.0) < 0 for result in node.results)
        for place, taken in enumerate(node.inputs):
            passed = node.operator in _PASSING and not (node.operator == "SUB" and place)
            if goes_on or not passed:
                counted.add(taken)
    return counted
