"""The memory of a microcontroller, computed: planned as TensorFlow Lite Micro's planner does it."""

from __future__ import annotations

import pytest

from export.tflite.arena import arena_bytes, planned_bytes
from export.tflite.flatbuffer import Graph, Node, Tensor


def graph(sizes, steps, inputs=(0,), outputs=None):
    """Tensors of int8 by size; steps of (operator, inputs, results)."""
    nodes = tuple(Node(name, inputs=taken, results=given) for name, taken, given in steps)
    tensors = tuple(Tensor("", "int8", (size,)) for size in sizes)
    return Graph(nodes, tensors, 1, {}, inputs, outputs or (len(sizes) - 1,))


CHAIN = [("RELU", (0,), (1,)), ("RELU", (1,), (2,)), ("RELU", (2,), (3,))]


@pytest.mark.parametrize(
    ("sizes", "steps", "expected"),
    [
        ([32, 32, 32, 32], CHAIN, 64),  # Two at a time.
        ([32, 64, 16, 16], CHAIN, 96),
        ([1, 1, 1, 1], CHAIN, 32),  # At multiples of 16.
        # A skip: the first result waits until the sum.
        ([16, 32, 32, 32], [CHAIN[0], CHAIN[1], ("ADD", (1, 2), (3,))], 96),
        # A constant, which nothing writes, lies in the flash.
        ([32, 999, 32], [("ADD", (0, 1), (2,))], 64),
        # An omitted input is -1.
        ([32, 999, 32], [("FULLY_CONNECTED", (0, 1, -1), (2,))], 64),
    ],
)
def test_results_share_the_memory_that_others_no_longer_need(sizes, steps, expected):
    assert planned_bytes(graph(sizes, steps)) == expected


def test_of_equal_sizes_the_last_is_placed_first():
    """As the planner does it: in the other order a gap would stay, and 64 bytes be needed."""
    steps = [
        *(("CONV_2D", (i,), (i + 1,)) for i in range(3)),
        ("ADD", (1, 3), (4,)),
        ("PAD", (4,), (5,)),
        ("CONV_2D", (5,), (6,)),
    ]
    assert planned_bytes(graph([16, 160, 160, 160, 160, 176, 16], steps)) == 496


def test_what_is_kept_for_operations_tensors_and_scales_counts():
    small = graph([32] * 4, CHAIN)
    assert arena_bytes(small) == 3 * 192 + 4 * 32 + 2_048 + 3_200 + 4 * 40
    wide = graph([9_000] * 4, CHAIN)
    assert arena_bytes(wide) == 3 * 192 + 4 * 32 + 2_048 + planned_bytes(wide)
    kernel = Tensor("", "int8", (8, 4), scales=8)
    convolution = Graph(
        (Node("CONV_2D", inputs=(0, 1), results=(2,)),),
        (Tensor("", "int8", (4,)), kernel, Tensor("", "int8", (8,))),
        1,
        {},
        (0,),
        (2,),
    )
    assert arena_bytes(convolution) == 192 + 3 * 32 + 8 * 8 + 2_048 + 3_200 + 3 * 40
