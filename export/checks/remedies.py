"""Advice for a model with operators that a target does not support."""

from __future__ import annotations

import re
from collections.abc import Sequence

from export.child import ChildError
from export.tflite.flatbuffer import Graph, Node

# With these operators a file keeps values from one call to the next.
STATEFUL = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "UNIDIRECTIONAL_SEQUENCE_LSTM")
_COMPARISONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
_CHOICE = "choose by products and sums; in place of selu take elu or relu"
_TURNED = "turn the data round before the model"
_CHOSEN = "slice with steps of 1, or multiply by a matrix of zeros and ones"
_REPEATED = "let broadcasting repeat it, or take UpSampling2D(interpolation='bilinear')"
# The converter puts these between integers and floats; the model's owner cannot change them.
BETWEEN = ("QUANTIZE", "DEQUANTIZE")
# LiteRT says: Node number 1345 (SQUARED_DIFFERENCE) failed to invoke.
_STOPPED = re.compile(r"Node number (?P<number>\d+) \((?P<operator>\w+)\) failed to")
_BY_OPERATOR = {
    **dict.fromkeys(STATEFUL, "what is kept between calls has to go in and come out of the model"),
    "WHILE": "write the steps of the loop out, as unroll=True does",
    "IF": "compute both branches and choose with keras.ops.where",
    **dict.fromkeys((*_COMPARISONS, "SELECT", "SELECT_V2"), _CHOICE),
    "REVERSE_V2": _TURNED,
    "STRIDED_SLICE": "slice with steps of 1 and keep every dimension, as in x[:, -1:, :]",
    **dict.fromkeys(("GATHER", "GATHER_ND"), _CHOSEN),
    **dict.fromkeys(("TILE", "BROADCAST_TO"), _REPEATED),
    "RESIZE_NEAREST_NEIGHBOR": "take UpSampling2D(interpolation='bilinear')",
    "CONCATENATION": "join at most five at a time",
    "POW": "take squares and square roots, or a mean in place of a power mean",
}


def remedies(nodes: Sequence[Node]) -> str:
    """Returns advice on how to avoid operations, to stand in brackets after their names.

    Args:
        nodes: Operations that a target does not support.

    Returns:
        The advice; empty if there is none.
    """
    operators = [node.operator for node in nodes if node.operator not in BETWEEN]
    if not operators:
        return ""
    advice = dict.fromkeys(_BY_OPERATOR[name] for name in operators if name in _BY_OPERATOR)
    return f" ({'; '.join(advice) or 'write the layer with other operations'})"


def why_stopped(death: ChildError, graph: Graph) -> str:
    """Returns why LiteRT could not run a file, with the layer of the operation that has no kernel.

    Args:
        death: The error of the process that ran it.
        graph: The file.
    """
    match = _STOPPED.search(death.stderr)
    node = dict(enumerate(graph.nodes)).get(int(match["number"])) if match else None
    if match is None or node is None or node.operator != match["operator"]:
        return str(death)
    return f"LiteRT has no kernel for {node} in {', '.join(node.dtypes)}{remedies([node])}"
