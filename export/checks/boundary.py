"""Which part of an integer file has to be integers: all behind the front, if the model has one."""

from __future__ import annotations

from collections.abc import Sequence

from export.forms.slide import AFTER
from export.tflite.flatbuffer import Graph, Node, layer_of

FLOATS = ("float16", "float32", "float64", "bfloat16")
# What the front may hold beside float32: sizes, places and truth values.
_FRONT = ("float32", "int32", "int64", "bool")


def misplaced(graph: Graph, front: Sequence[str]) -> tuple[str, list[Node]]:
    """Looks for arithmetic on the wrong side of the boundary between front and integers.

    Args:
        graph: A file with one subgraph.
        front: Names of the front's layers.

    Returns:
        What is wrong, in a few words, and where. Empty: the front alone is in float32, one QUANTIZE
        follows it, and all behind that is integers.
    """
    dtypes = [tensor.dtype for tensor in graph.tensors]

    def types(node: Node) -> set[str]:
        return {dtypes[number] for number in (*node.inputs, *node.results) if number >= 0}

    boundaries = _boundaries(graph)
    if len(boundaries) != 1:
        floats = [node for node in graph.nodes if types(node) & set(FLOATS)]
        body = [node for node in floats if not _belongs(node, front)]
        return f"{len(boundaries)} QUANTIZE lead from floats to integers, not one", body or floats
    *before, boundary = before_integers(graph)
    strangers = [node for node in before if not _belongs(node, front)]
    if strangers:
        return "floats before the QUANTIZE, but not in the front", strangers
    coarse = [node for node in before if not types(node) <= set(_FRONT)]
    if coarse:
        return "in the front, but not in float32", coarse
    behind = [node for node in graph.nodes if node not in before and node is not boundary]
    late = [node for node in behind if node.layer and _belongs(node, front)]
    if late:
        return "in the front, but behind the QUANTIZE", late
    floats = [node for node in behind if types(node) & set(FLOATS)]
    if floats:
        return "floats behind the QUANTIZE", floats
    used = {number for node in graph.nodes for number in (*node.inputs, *node.results)}
    idle = [i for i, dtype in enumerate(dtypes) if dtype in FLOATS and i not in used]
    return ("floats that no operation takes", []) if idle else ("", [])


def before_integers(graph: Graph) -> list[Node]:
    """Lists the operations of a float front, then the QUANTIZE behind it; none if there is none.

    What keeps a window that slides over the raw input belongs to the front.
    """
    boundaries = _boundaries(graph)
    if len(boundaries) != 1:
        return []
    makers = {result: node for node in graph.nodes for result in node.results}
    before = dict.fromkeys(boundaries)
    wanted = list(boundaries[0].inputs)
    while wanted:
        maker = makers.get(wanted.pop())
        if maker is not None and maker not in before:
            before[maker] = None
            wanted += maker.inputs
    kept = {number for number, tensor in enumerate(graph.tensors) if tensor.name == AFTER}
    return [
        *(node for node in graph.nodes if kept.intersection(node.results)),
        *list(before)[::-1],
    ]


def with_floats(graph: Graph) -> list[Node]:
    """Lists the operations that take or give floats."""
    floats = {number for number, tensor in enumerate(graph.tensors) if tensor.dtype in FLOATS}
    return [node for node in graph.nodes if floats.intersection((*node.inputs, *node.results))]


def _boundaries(graph: Graph) -> list[Node]:
    return [
        node
        for node in graph.nodes
        if node.operator == "QUANTIZE"
        and any(graph.tensors[number].dtype in FLOATS for number in node.inputs)
    ]


def _belongs(node: Node, front: Sequence[str]) -> bool:
    layer = (node.layer or node.after).partition("/")[0]
    # Where TensorFlow added no number to a scope, `layer_of` takes away the layer's own.
    return not layer or layer in front or layer in [layer_of(f"/{name}/") for name in front]
