"""Runs a `.tflite` and shows the results of its layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from export.tflite.flatbuffer import read_graph
from export.tflite.tensor import dequantise, quantise, tensor_info


class Watched:
    """A file on LiteRT that shows the first result of each operation.

    Attributes:
        infos: Facts about these results, by the number of the tensor.
    """

    def __init__(self, path: str) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        # XNNPACK would not show results between layers.
        self._interpreter = Interpreter(
            model_path=path,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        self._interpreter.allocate_tensors()
        details = {row["index"]: row for row in self._interpreter.get_tensor_details()}
        # The interpreter shows nothing of the bodies of loops.
        nodes = [node for node in read_graph(Path(path)).nodes if not node.subgraph]
        results = [node.results[0] for node in nodes if node.results]
        infos = {index: tensor_info(details[index]["name"], details[index]) for index in results}
        self.infos = {
            index: info for index, info in infos.items() if info.dtype == "float32" or info.scale
        }
        self._numbers = {info.name: index for index, info in self.infos.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def number(self, name: str) -> int:
        """Returns the number of a tensor."""
        return self._numbers[name]

    def run(self, **inputs: np.ndarray) -> None:
        """Runs one sample: each input by its name in the signature, without the batch.

        A single input may have any name.
        """
        details = self._interpreter.get_input_details()
        for given in details:
            name = given["name"].removeprefix("serving_default_").partition(":")[0]
            sample = inputs[name] if len(details) > 1 else next(iter(inputs.values()))
            values = quantise(sample[None], tensor_info(given["name"], given))
            self._interpreter.set_tensor(given["index"], values)
        self._interpreter.invoke()

    def values(self, index: int) -> np.ndarray:
        """Returns the values in a tensor after the last run."""
        return dequantise(self.stored(index), self.infos[index])

    def stored(self, index: int) -> np.ndarray:
        """Returns what a tensor holds after the last run, whether an operation gives it or not."""
        return self._interpreter.get_tensor(index)
