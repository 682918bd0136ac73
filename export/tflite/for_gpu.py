"""Gives a `.tflite` file forms that GPUs calculate right: the same numbers, other operations.

The converter writes two forms that LiteRT's GPU accelerator takes in integers without an error, and
answers wrongly:

- a convolution of 1x1 with a stride: it ignores the stride;
- a sum of tensors of different rank, [1, 64] + [64], where the converter left out a batch of 1.
  MediaPipe's GPU delegate refuses it, in floats too.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from export.tflite.flatbuffer import operator_name, type_name
from export.tflite.packing import added, constant, operation
from export.tflite.sharing import packed

OF_TWO = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")
# The version of MAX_POOL_2D that takes integers of a type.
_POOLING = {"UINT8": 1, "INT8": 2, "INT16": 3}


def for_gpu(content: bytes) -> bytes:
    """Lets a pooling of 1x1 take the stride, and gives both terms of a sum the same rank.

    Args:
        content: A file.

    Returns:
        The file, which calculates the same; the same bytes if it has neither form.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    changed = [_Rewriting(model, graph).run() for graph in model.subgraphs]
    return packed(model) if any(changed) else content


class _Rewriting:
    """Rewrites one subgraph."""

    def __init__(self, model: Any, graph: Any) -> None:
        self.model, self.graph = model, graph
        self.operators = list(graph.operators or ())
        self.makers = {int(i): operator for operator in self.operators for i in operator.outputs}

    def run(self) -> bool:
        """Returns whether anything was changed."""
        rewritten, changed = [], False
        for operator in self.operators:
            before = self._rewrite(operator)
            changed = changed or before is not None
            rewritten += [*(before or ()), operator]
        # Nobody may take what a reshape gives now.
        taken = {int(i) for operator in rewritten for i in operator.inputs}
        taken |= set(map(int, self.graph.outputs))
        idle = [
            operator
            for operator in rewritten
            if self._name(operator) == "RESHAPE" and int(operator.outputs[0]) not in taken
        ]
        self.graph.operators = [operator for operator in rewritten if operator not in idle]
        left = {int(i) for operator in self.graph.operators for i in operator.inputs}
        gone = {int(i) for operator in idle for i in (*operator.outputs, *operator.inputs[1:])}
        self._remove(gone - left)
        return changed

    def _remove(self, gone: set[int]) -> None:
        """Removes tensors that no operation gives any more: in integers, floats may not be left."""
        if not gone:
            return
        kept = [number for number in range(len(self.graph.tensors)) if number not in gone]
        numbers = {-1: -1, **{old: new for new, old in enumerate(kept)}}
        self.graph.tensors = [self.graph.tensors[number] for number in kept]
        for holder in (self.graph, *self.graph.operators):
            holder.inputs = [numbers[int(number)] for number in holder.inputs]
            holder.outputs = [numbers[int(number)] for number in holder.outputs]
        for operator in self.graph.operators:
            if operator.intermediates is not None:
                operator.intermediates = [numbers[int(number)] for number in operator.intermediates]
        for signature in self.model.signatureDefs or ():
            if self.model.subgraphs[signature.subgraphIndex] is self.graph:
                for tensor in (*signature.inputs, *signature.outputs):
                    tensor.tensorIndex = numbers[tensor.tensorIndex]

    def _rewrite(self, operator: Any) -> list[Any] | None:
        """Changes an operation. Returns what must stand before it; None: it stays as it is."""
        name = self._name(operator)
        if name == "CONV_2D":
            return self._stride_apart(operator)
        return self._same_rank(operator) if name in OF_TWO else None

    def _stride_apart(self, convolution: Any) -> list[Any] | None:
        from ai_edge_litert import schema_py_generated as schema

        options = convolution.builtinOptions
        given, kernel = (self.graph.tensors[i] for i in convolution.inputs[:2])
        version = _POOLING.get(type_name(given.type))
        strides = options.strideH, options.strideW
        if version is None or max(strides) == 1 or max(kernel.shape[1:3]) > 1:
            return None
        pooling = schema.Pool2DOptionsT()
        pooling.filterHeight = pooling.filterWidth = 1
        pooling.padding, (pooling.strideH, pooling.strideW) = options.padding, strides
        options.strideH = options.strideW = 1
        shape = (*self._shape(convolution.outputs[0])[:3], given.shape[3])
        taken = int(convolution.inputs[0])
        result = self._replaced(convolution, 0, shape, "strided")
        return [operation(self.model, "MAX_POOL_2D", version, [taken], [result], pooling)]

    def _same_rank(self, operator: Any) -> list[Any] | None:
        from ai_edge_litert import schema_py_generated as schema

        shapes = [self._shape(i) for i in operator.inputs]
        place = int(len(shapes[1]) < len(shapes[0]))
        low, rank = int(operator.inputs[place]), len(shapes[1 - place])
        if len(shapes[place]) == rank or not self._calculated(low):
            return None
        shape = (1,) * (rank - len(shapes[place])) + shapes[place]
        maker = self.makers.get(low)
        if maker is not None and self._name(maker) == "RESHAPE":
            before = int(maker.inputs[0])
            if self._shape(before) == shape:
                _take(operator, place, before)
                return []
        result = self._replaced(operator, place, shape, "batch")
        options = schema.ReshapeOptionsT()
        options.newShape = np.array(shape, np.int32)
        wanted = constant(self.model, self.graph, options.newShape, "batch_shape")
        return [operation(self.model, "RESHAPE", 1, [low, wanted], [result], options)]

    def _replaced(self, operator: Any, place: int, shape: tuple[int, ...], name: str) -> int:
        """Gives an operation another shape of one of its inputs, and returns its number."""
        tensor = copy.copy(self.graph.tensors[operator.inputs[place]])
        result = self.graph.tensors[operator.outputs[0]]
        # In the scope of the operation that takes it, and so of the same layer.
        tensor.name = result.name.partition(b";")[0] + f"_{name}".encode()
        tensor.shape = np.array(shape, np.int32)
        number = added(self.graph, tensor)
        _take(operator, place, number)
        return number

    def _calculated(self, number: int) -> bool:
        """Whether a tensor is neither a constant nor one that DEQUANTIZE only widens."""
        maker = self.makers.get(number)
        if maker is not None and self._name(maker) == "DEQUANTIZE":
            return self._calculated(int(maker.inputs[0]))
        return maker is not None or number in map(int, self.graph.inputs)

    def _shape(self, number: int) -> tuple[int, ...]:
        shape = self.graph.tensors[number].shape
        return () if shape is None else tuple(map(int, shape))

    def _name(self, operator: Any) -> str:
        return operator_name(self.model.operatorCodes[operator.opcodeIndex])


def _take(operator: Any, place: int, number: int) -> None:
    inputs = list(operator.inputs)
    inputs[place] = number
    operator.inputs = inputs
