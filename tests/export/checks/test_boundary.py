"""An integer file with a front: what has to be float, what integer, and what is refused by name."""

from __future__ import annotations

import pytest

from export.checks.boundary import before_integers, misplaced
from export.tflite.flatbuffer import Graph, Node, Tensor

FRONT = ("frontend",)


def graph(*rows):
    """Makes a chain of (operator, layer, type), and the type of a constant that it takes."""
    tensors, nodes = [Tensor("features", "float32", (1, 4))], []
    for operator, layer, dtype, *constant in rows:
        taken = (len(tensors) - 1,)
        if constant:
            tensors.append(Tensor("constant", constant[0], (4,)))
            taken = (*taken, len(tensors) - 1)
        tensors.append(Tensor(operator, dtype, (1, 4)))
        nodes.append(Node(operator, layer, (dtype,), inputs=taken, results=(len(tensors) - 1,)))
    return Graph(tuple(nodes), tuple(tensors), 1, {})


POWER = ("CONV_2D", "frontend/conv", "float32", "float32")
LOG = ("LOG", "frontend", "float32")
BETWEEN = ("QUANTIZE", "", "int8")
STEM = ("CONV_2D", "stem", "int8", "int8")
HEAD = ("FULLY_CONNECTED", "head", "int8", "int8")


@pytest.mark.parametrize(
    "rows",
    [
        (POWER, LOG, BETWEEN, STEM, HEAD),
        (LOG, BETWEEN, HEAD),
        (("RESHAPE", "", "float32", "int32"), LOG, BETWEEN, HEAD),
        (POWER, BETWEEN, ("QUANTIZE", "stem", "int8"), STEM),  # From one scale to another.
    ],
)
def test_a_float_front_and_integers_behind_it_are_right(rows):
    assert misplaced(graph(*rows), FRONT) == ("", [])
    assert before_integers(graph(*rows))[-1].operator == "QUANTIZE"


@pytest.mark.parametrize("name", ["front_2", "front_2_1"])
def test_a_number_in_a_name_may_be_the_layer_s_own_or_tensorflow_s(name):
    layer = name.removesuffix("_1")
    assert misplaced(graph(("LOG", layer, "float32"), BETWEEN, HEAD), (name,)) == ("", [])
    assert misplaced(graph(("LOG", "other", "float32"), BETWEEN, HEAD), (name,))[0]


@pytest.mark.parametrize(
    ("rows", "says", "blamed"),
    [
        (
            (LOG, BETWEEN, STEM, ("DEQUANTIZE", "norm", "float32"), ("NEG", "norm", "float32")),
            "floats behind the QUANTIZE",
            ["DEQUANTIZE in layer 'norm'", "NEG in layer 'norm'"],
        ),
        (
            (LOG, BETWEEN, STEM, ("FULLY_CONNECTED", "head", "int8", "float32")),
            "floats behind the QUANTIZE",
            ["FULLY_CONNECTED in layer 'head'"],
        ),
        (
            (POWER, BETWEEN, ("LOG", "frontend/log", "int8"), HEAD),
            "in the front, but behind the QUANTIZE",
            ["LOG in layer 'frontend/log'"],
        ),
        (
            (POWER, LOG, ("CONV_2D", "stem", "float32"), BETWEEN, HEAD),
            "floats before the QUANTIZE, but not in the front",
            ["CONV_2D in layer 'stem'"],
        ),
        (
            (POWER, LOG, ("CONV_2D", "stem", "float32")),
            "0 QUANTIZE lead from floats to integers, not one",
            ["CONV_2D in layer 'stem'"],
        ),
        (
            (LOG, BETWEEN, ("DEQUANTIZE", "norm", "float32"), ("QUANTIZE", "norm", "int8"), HEAD),
            "2 QUANTIZE lead from floats to integers, not one",
            ["DEQUANTIZE in layer 'norm'", "QUANTIZE in layer 'norm'"],
        ),
        (
            (("CONV_2D", "frontend", "float32", "int8"), BETWEEN, HEAD),
            "in the front, but not in float32",
            ["CONV_2D in layer 'frontend'"],
        ),
        (
            (("DEQUANTIZE", "frontend", "float32", "float16"), BETWEEN, HEAD),
            "in the front, but not in float32",
            ["DEQUANTIZE in layer 'frontend'"],
        ),
    ],
)
def test_what_is_on_the_wrong_side_is_named(rows, says, blamed):
    what, where = misplaced(graph(*rows), FRONT)
    assert (what, [str(node) for node in where]) == (says, blamed)


def test_a_float_constant_that_nothing_takes_is_refused():
    right = graph(LOG, BETWEEN, HEAD)
    idle = Graph(right.nodes, (*right.tensors, Tensor("left", "float32", (9,))), 1, {})
    assert misplaced(idle, FRONT) == ("floats that no operation takes", [])
