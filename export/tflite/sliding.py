"""Makes a file over a whole window take only its newest samples, and remember the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.forms.slide import AFTER, BEFORE, WINDOW
from export.tflite.flatbuffer import type_name
from export.tflite.packing import added, constant, operation
from export.tflite.sharing import packed

# Versions of the operators that take numbers of a type; 1 for all others.
_VERSIONS = {"INT8": (2, 2), "UINT8": (1, 1), "INT16": (3, 4)}


def slid(content: bytes, hop: int) -> bytes:
    """Puts a sliding window before a file.

    Two operations are added: one joins what is remembered and what is new to the window that the
    file took before, the other takes the end of that window, which is remembered. Neither
    calculates, so both keep every number as it is, in integers too.

    Args:
        content: A file with one input, (1, window, ...), one subgraph and one signature.
        hop: New samples of a call, fewer than the window.

    Returns:
        The file. It takes the input as (1, hop, ...), and `WINDOW` as (1, window - hop, ...), which
        it also gives.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,), (signature,) = model.subgraphs, model.signatureDefs
    (taken,) = map(int, graph.inputs)
    whole = graph.tensors[taken]
    new, remembered, kept = (
        added(graph, _like(whole, name, length))
        for name, length in (
            (whole.name, hop),
            (BEFORE, whole.shape[1] - hop),
            (AFTER, whole.shape[1] - hop),
        )
    )
    whole.name = f"{WINDOW}_whole".encode()
    start, size = np.zeros_like(whole.shape), np.array(whole.shape)
    start[1], size[1] = hop, whole.shape[1] - hop
    versions = _VERSIONS.get(type_name(whole.type), (1, 1))
    join = schema.ConcatenationOptionsT()
    join.axis = 1
    end = [taken, *(constant(model, graph, place, f"{WINDOW}_place") for place in (start, size))]
    graph.operators = [
        operation(model, "CONCATENATION", versions[0], [remembered, new], [taken], join),
        *graph.operators,
        operation(model, "SLICE", versions[1], end, [kept], schema.SliceOptionsT()),
    ]
    graph.inputs = [new, remembered]
    graph.outputs = [*graph.outputs, kept]
    (given,) = signature.inputs
    given.tensorIndex = new
    signature.inputs = [given, _named(remembered)]
    signature.outputs = [*signature.outputs, _named(kept)]
    return packed(model)


def _like(tensor: Any, name: bytes | str, length: int) -> Any:
    """Makes a tensor of the same numbers, of another length in time."""
    from ai_edge_litert import schema_py_generated as schema

    made = schema.TensorT()
    made.name = name.encode() if isinstance(name, str) else name
    made.type, made.quantization, made.buffer = tensor.type, tensor.quantization, 0
    made.hasRank = tensor.hasRank
    made.shape = np.array(tensor.shape)
    made.shape[1] = length
    return made


def _named(tensor: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    made = schema.TensorMapT()
    made.name, made.tensorIndex = WINDOW.encode(), tensor
    return made
