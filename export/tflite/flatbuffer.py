"""Reads the structure of a `.tflite` file: operators and their layers, tensors, signatures."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_SCOPE_NUMBER = re.compile(r"_\d+$")


@dataclass(frozen=True)
class Tensor:
    """One tensor of the graph.

    Attributes:
        name: Empty if the file does not say it.
        dtype: "int8".
        shape: A dynamic dimension is -1.
        scales: Number of scales of its integers.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scales: int = 0


@dataclass(frozen=True)
class Node:
    """One operation of the graph.

    Attributes:
        operator: "CONV_2D"; a custom one is "CUSTOM:name".
        layer: Path of its layer; of several fused layers, the last one. Empty: unknown.
        dtypes: Types of its results.
        shrinks: Whether it is a STRIDED_SLICE that drops a dimension.
        after: The layer before it, if its own is unknown.
        inputs: Numbers of its input tensors in `Graph.tensors`; -1 for an omitted one.
        results: Numbers of its result tensors there.
        subgraph: Number of its subgraph; beyond the first are bodies of loops and branches.
    """

    operator: str
    layer: str = ""
    dtypes: tuple[str, ...] = ()
    shrinks: bool = False
    after: str = ""
    inputs: tuple[int, ...] = ()
    results: tuple[int, ...] = ()
    subgraph: int = 0

    def __str__(self) -> str:
        """Returns operator and layer, for a person."""
        if self.layer:
            return f"{self.operator} in layer {self.layer!r}"
        return f"{self.operator} after layer {self.after!r}" if self.after else self.operator


@dataclass(frozen=True)
class Signature:
    """Names of the inputs and outputs."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A whole file.

    Attributes:
        nodes: The operations of all subgraphs, those of the first before all others.
        tensors: Tensors of all subgraphs, in the same order. Those of the first have the numbers
            that the file gives them.
        subgraphs: Number of subgraphs.
        signatures: By name.
        inputs: Numbers of the tensors that the first subgraph takes.
        outputs: Numbers of the tensors that it gives.
    """

    nodes: tuple[Node, ...]
    tensors: tuple[Tensor, ...]
    subgraphs: int
    signatures: dict[str, Signature]
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()

    @property
    def operators(self) -> dict[str, int]:
        """How often each operator occurs, in alphabetical order."""
        return dict(sorted(Counter(node.operator for node in self.nodes).items()))


def read_graph(path: Path, names: Path | None = None) -> Graph:
    """Reads a `.tflite` file without running it.

    Args:
        path: The file.
        names: A file with the same tensors that still has the names of all; None: `path` has them,
            or else no operation shows its layer.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    if names is not None:
        _name_tensors(model, schema.ModelT.InitFromPackedBuf(names.read_bytes(), 0))
    nodes: list[Node] = []
    tensors: list[Tensor] = []
    for number, subgraph in enumerate(model.subgraphs):
        layers: dict[int, str] = {}  # By the number of the result tensor.
        start = len(tensors)
        for operator in subgraph.operators or ():
            code = model.operatorCodes[operator.opcodeIndex]
            given = [] if operator.outputs is None else operator.outputs
            taken = [] if operator.inputs is None else operator.inputs
            results = [subgraph.tensors[index] for index in given]
            layer = layer_of(text(results[0].name)) if results else ""
            before = next((layers[index] for index in taken if layers.get(index)), "")
            layers.update(dict.fromkeys(given, layer or before))
            nodes.append(
                Node(
                    operator_name(code),
                    layer,
                    tuple(type_name(tensor.type).lower() for tensor in results),
                    bool(getattr(operator.builtinOptions, "shrinkAxisMask", 0)),
                    "" if layer else before,
                    tuple(int(index) + start if index >= 0 else -1 for index in taken),
                    tuple(int(index) + start for index in given),
                    number,
                )
            )
        for tensor in subgraph.tensors:
            shape = tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape
            sizes = tuple(int(size) for size in shape) if shape is not None else ()
            scale = tensor.quantization and tensor.quantization.scale
            scales = 0 if scale is None else len(scale)
            tensors.append(Tensor(text(tensor.name), type_name(tensor.type).lower(), sizes, scales))
    return Graph(
        nodes=tuple(nodes),
        tensors=tuple(tensors),
        subgraphs=len(model.subgraphs),
        signatures={
            text(definition.signatureKey): Signature(
                tuple(text(item.name) for item in definition.inputs),
                tuple(text(item.name) for item in definition.outputs),
            )
            for definition in model.signatureDefs or ()
        },
        inputs=_numbers(model.subgraphs[0].inputs),
        outputs=_numbers(model.subgraphs[0].outputs),
    )


def _numbers(vector: Any) -> tuple[int, ...]:
    return () if vector is None else tuple(map(int, vector))


def _name_tensors(model: Any, named: Any) -> None:
    for graph, other in zip(model.subgraphs, named.subgraphs, strict=True):
        for tensor, same in zip(graph.tensors, other.tensors, strict=True):
            tensor.name = same.name


def layer_of(tensor: str) -> str:
    """Takes the path of a layer from a tensor's name, "model_1/layer_1/operation;…".

    Keras opens the scope of a layer twice in a call, to build it and to run it, so that TensorFlow
    adds a number to each name. Empty where there is no layer in the name.
    """
    parts = tensor.partition(";")[0].split("/")[1:-1]
    return "/".join(_SCOPE_NUMBER.sub("", part) for part in parts)


def operator_name(code: Any) -> str:
    """Names an operator of a model by its code: "CONV_2D"; a custom one is "CUSTOM:name"."""
    if code.customCode is not None:
        return f"CUSTOM:{text(code.customCode)}"
    # Codes above 127 do not fit into the older field, which then holds a placeholder.
    return _names("BuiltinOperator")[max(code.builtinCode, code.deprecatedBuiltinCode)]


def type_name(number: int) -> str:
    """Names a type of tensors: "INT8"."""
    return _names("TensorType")[number]


@cache
def _names(enum: str) -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    members = vars(getattr(schema, enum)).items()
    return {value: name for name, value in members if isinstance(value, int)}


def text(value: bytes | str | None) -> str:
    """Returns a name of the file as text; empty for none."""
    return value.decode() if isinstance(value, bytes) else value or ""
