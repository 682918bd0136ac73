"""Joins two `.tflite` files, and adds operations and tensors to one."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.tflite.sharing import packed


def joined(front: bytes, body: bytes) -> bytes:
    """Puts one file before another: the body takes what the front gives.

    Args:
        front: A file with one input, one output and one subgraph.
        body: A file whose main subgraph has one input, like the front's output.

    Returns:
        The file, with the names, outputs, signature and metadata of the body.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(body, 0)
    before = schema.ModelT.InitFromPackedBuf(front, 0)
    graph, (added,) = model.subgraphs[0], before.subgraphs
    (taken,), (raw,), (result,) = graph.inputs, added.inputs, added.outputs
    # The raw input stands where the body's input stood, and keeps its name.
    numbers = {int(raw): int(taken), -1: -1}
    for number, tensor in enumerate(added.tensors):
        tensor.buffer = tensor.buffer and tensor.buffer + len(model.buffers) - 1
        if number == raw:
            tensor.name = graph.tensors[taken].name
            graph.tensors[taken] = tensor
        else:
            numbers[number] = len(graph.tensors)
            graph.tensors.append(tensor)
    model.buffers += before.buffers[1:]  # The first of every file is empty.
    for operator in graph.operators:
        if operator.inputs is not None:
            operator.inputs = [numbers[result] if i == taken else i for i in operator.inputs]
    for operator in added.operators:
        operator.inputs = [numbers[int(i)] for i in operator.inputs]
        operator.outputs = [numbers[int(i)] for i in operator.outputs]
        operator.opcodeIndex = code_number(model, before.operatorCodes[operator.opcodeIndex])
    graph.operators = [*added.operators, *graph.operators]
    return packed(model)


def code_number(model: Any, code: Any) -> int:
    """Returns the number of an operator's code in a model, which gets it if it has none."""
    for number, known in enumerate(model.operatorCodes):
        if vars(known) == vars(code):
            return number
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def operation(
    model: Any, name: str, version: int, inputs: list[int], outputs: list[int], options: Any
) -> Any:
    """Makes an operation of a model.

    Args:
        model: Gets the operator's code if it has none.
        name: Of the operator: "CONCATENATION".
        version: Of the operator.
        inputs: Numbers of tensors.
        outputs: Numbers of tensors.
        options: An `…OptionsT` of `ai_edge_litert.schema_py_generated`; None: it has none.
    """
    from ai_edge_litert import schema_py_generated as schema

    code, made = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
    code.version = version
    made.opcodeIndex = code_number(model, code)
    made.inputs, made.outputs = inputs, outputs
    if options is not None:
        made.builtinOptions = options
        kind = type(options).__name__.removesuffix("T")
        made.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
    return made


def constant(model: Any, graph: Any, values: np.ndarray, name: str) -> int:
    """Adds a constant of integers to a subgraph, and returns its number.

    Args:
        model: Gets its values.
        graph: Gets the tensor.
        values: One axis.
        name: The number is added to it.
    """
    from ai_edge_litert import schema_py_generated as schema

    buffer, tensor = schema.BufferT(), schema.TensorT()
    buffer.data = np.frombuffer(values.astype(np.int32).tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor.name = f"{name}_{len(graph.tensors)}".encode()
    tensor.type, tensor.buffer = schema.TensorType.INT32, len(model.buffers) - 1
    tensor.shape = np.array([len(values)], np.int32)
    return added(graph, tensor)


def added(graph: Any, tensor: Any) -> int:
    """Adds a tensor to a subgraph, and returns its number."""
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1
