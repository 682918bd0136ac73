"""The kernels of a `.tflite` file as matrices, and what the layers multiply with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.tflite.flatbuffer import operator_name, text

_SAME = 0  # `schema.Padding.SAME`.
_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@dataclass(frozen=True)
class Kernel:
    """The kernel of one operation.

    A layer of groups, such as a depthwise convolution, has one matrix for each.

    Attributes:
        result: Name of the operation's result.
        kind: "CONV_2D", "DEPTHWISE_CONV_2D" or "FULLY_CONNECTED".
        taken: Number of the tensor that it takes.
        weights: Number of the tensor of its kernel.
        bias: Number of the tensor of its bias; None: it has none.
        alone: Whether it has a bias that no other operation has too.
        options: Its `…OptionsT` of `ai_edge_litert.schema_py_generated`.
        shape: Of its kernel, as in the file.
        groups: Number of groups.
    """

    result: str
    kind: str
    taken: int
    weights: int
    bias: int | None
    alone: bool
    options: Any
    shape: tuple[int, ...]
    groups: int

    @property
    def columns(self) -> int:
        """How many inputs a row of a matrix is multiplied with."""
        if self.kind == "DEPTHWISE_CONV_2D":
            return self.shape[1] * self.shape[2]
        return int(np.prod(self.shape[1:]))

    def matrices(self, kernel: np.ndarray) -> np.ndarray:
        """Returns a kernel of the file as (groups, rows, columns)."""
        rows = kernel.reshape(self.columns, -1).T if self.kind == "DEPTHWISE_CONV_2D" else kernel
        return rows.reshape(self.groups, -1, self.columns)

    def kernel(self, matrices: np.ndarray) -> np.ndarray:
        """Returns matrices as the kernel has them in the file: the inverse of `matrices`."""
        rows = matrices.reshape(-1, self.columns)
        return (rows.T if self.kind == "DEPTHWISE_CONV_2D" else rows).reshape(self.shape)

    def inputs(self, values: np.ndarray) -> np.ndarray:
        """Returns what a row is multiplied with, for each place of a result.

        Args:
            values: (1, …) what the operation takes.

        Returns:
            (groups, places, columns).
        """
        if self.kind == "FULLY_CONNECTED":
            return values.reshape(1, -1, self.columns)
        patches = self._patches(values)
        places, (height, width) = patches.shape[1] * patches.shape[2], self.shape[1:3]
        apart = patches.reshape(places, self.groups, -1, height, width)
        # Channels come last in a kernel.
        return apart.transpose(1, 0, 3, 4, 2).reshape(self.groups, places, self.columns)

    def _patches(self, values: np.ndarray) -> np.ndarray:
        """Returns (1, rows, columns, channels, height, width) of what a kernel lies on."""
        size, step = self.shape[1:3], (self.options.strideH, self.options.strideW)
        around = [(0, 0)] * 2
        if self.options.padding == _SAME:
            around = [_around(*given) for given in zip(values.shape[1:3], size, step, strict=True)]
        padded = np.pad(values, ((0, 0), *around, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(1, 2))
        return windows[:, :: step[0], :: step[1]]


def _around(length: int, size: int, step: int) -> tuple[int, int]:
    """Returns how many zeros TensorFlow Lite puts before and behind: the odd one behind."""
    missing = max((-(-length // step) - 1) * step + size - length, 0)
    return missing // 2, missing - missing // 2


def kernels(model: Any, graph: Any) -> Iterator[Kernel]:
    """Gives the kernels of a graph whose numbers are in the file.

    Args:
        model: A `ModelT` of `ai_edge_litert.schema_py_generated`.
        graph: One of its subgraphs.
    """
    operators = graph.operators or ()
    users = [int(i) for operator in operators for i in operator.inputs]
    for operator in operators:
        kind = operator_name(model.operatorCodes[operator.opcodeIndex])
        if kind not in _KINDS:
            continue
        taken, weights, *rest = map(int, operator.inputs)
        options = operator.builtinOptions
        dilated = {getattr(options, f"dilation{side}Factor", 1) for side in ("H", "W")} != {1}
        if dilated or model.buffers[graph.tensors[weights].buffer].data is None:
            continue
        bias = rest[0] if rest and rest[0] >= 0 else None
        shape = tuple(map(int, graph.tensors[weights].shape))
        channels = int(graph.tensors[taken].shape[-1])
        yield Kernel(
            result=text(graph.tensors[operator.outputs[0]].name),
            kind=kind,
            taken=taken,
            weights=weights,
            bias=bias,
            alone=bias is not None and users.count(bias) == 1,
            options=options,
            shape=shape,
            groups=_groups(kind, shape, channels),
        )


def _groups(kind: str, shape: tuple[int, ...], channels: int) -> int:
    if kind == "FULLY_CONNECTED":
        return 1
    return channels if kind == "DEPTHWISE_CONV_2D" else channels // shape[-1]
