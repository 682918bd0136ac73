"""What a `.tflite` file says about itself: operators, tensors, signatures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Tensor:
    """One tensor of the graph. A dimension of `shape` is -1 where it is dynamic."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """Names of what goes in and comes out."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A whole file.

    Attributes:
        operators: How often each builtin operator occurs; custom ones as "CUSTOM:name".
        tensors: Of all subgraphs.
        subgraphs: How many.
        signatures: By name.
        shrinking_slices: STRIDED_SLICEs that drop a dimension.
    """

    operators: dict[str, int]
    tensors: tuple[Tensor, ...]
    subgraphs: int
    signatures: dict[str, Signature]
    shrinking_slices: int


def read_graph(path: Path) -> Graph:
    """Reads a `.tflite` file without running it."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    operator_names = _names(schema.BuiltinOperator)
    type_names = _names(schema.TensorType)
    operators: Counter[str] = Counter()
    tensors: list[Tensor] = []
    shrinking_slices = 0
    for subgraph in model.subgraphs:
        for operator in subgraph.operators or ():
            code = model.operatorCodes[operator.opcodeIndex]
            operators[_operator_name(code, operator_names)] += 1
            shrinking_slices += bool(getattr(operator.builtinOptions, "shrinkAxisMask", 0))
        for tensor in subgraph.tensors:
            shape = tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape
            sizes = tuple(int(size) for size in shape) if shape is not None else ()
            tensors.append(Tensor(_text(tensor.name), type_names[tensor.type].lower(), sizes))
    return Graph(
        operators=dict(sorted(operators.items())),
        tensors=tuple(tensors),
        subgraphs=len(model.subgraphs),
        signatures={
            _text(definition.signatureKey): Signature(
                tuple(_text(item.name) for item in definition.inputs),
                tuple(_text(item.name) for item in definition.outputs),
            )
            for definition in model.signatureDefs or ()
        },
        shrinking_slices=shrinking_slices,
    )


def _operator_name(code: Any, names: dict[int, str]) -> str:
    if code.customCode is not None:
        return f"CUSTOM:{_text(code.customCode)}"
    # Codes past 127 do not fit the older field, which then holds a placeholder.
    return names[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _names(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
