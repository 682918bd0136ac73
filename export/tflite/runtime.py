"""Runs a `.tflite` on numpy arrays, in the model's own units."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import ExportError

_WARM_UP_RUNS = 3
_TIMED_RUNS = 50
_TIMED_SECONDS = 2.0


@dataclass(frozen=True)
class TensorInfo:
    """What goes in or comes out: value = (stored - zero_point) * scale, where there is a scale."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float | None = None
    zero_point: int | None = None


@dataclass(frozen=True)
class Latency:
    """Milliseconds per call with one input."""

    median: float
    p90: float
    threads: int


class LiteModel:
    """A `.tflite` with one input and one output, loaded and ready.

    Attributes:
        input: What it takes.
        output: What it gives.
        threads: It runs on.
    """

    def __init__(
        self, path: str | Path, threads: int = 1, *, reference_kernels: bool = False
    ) -> None:
        """Loads a file.

        Args:
            path: The file.
            threads: To run on.
            reference_kernels: Whether to calculate as the operators are defined, slowly; else with
                the fast kernels of this CPU (XNNPACK), which round integers otherwise.

        Raises:
            ExportError: Not there, not a `.tflite` file, or not one input and one output.
        """
        self._interpreter = open_interpreter(path, threads, reference_kernels)
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ExportError(
                f"{str(path)!r} has {len(inputs)} inputs and {len(outputs)} outputs; "
                "pass a file with one of each"
            )
        self._in, self._out = inputs[0], outputs[0]
        names = _signature_names(self._interpreter)
        self.input = tensor_info(names[0], self._in)
        self.output = tensor_info(names[1], self._out)
        self.threads = threads

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Runs one sample after the other, through the same interpreter.

        Args:
            x: (N, ...) inputs in the units of the Keras model.
            lengths: Of sequences; not looked at, since the model sees what is padding.

        Returns:
            (N, classes) float32 outputs in the units of the Keras model.
        """
        outputs = []
        for sample in x:
            self._interpreter.set_tensor(self._in["index"], quantise(sample[None], self.input))
            self._interpreter.invoke()
            outputs.append(self._interpreter.get_tensor(self._out["index"])[0])
        return dequantise(np.stack(outputs), self.output)

    def latency(self, sample: np.ndarray) -> Latency:
        """Times single calls, after a warm-up, for two seconds or fifty calls.

        Args:
            sample: One input, without the batch.
        """
        return timed(self.prepared(sample), self.threads)

    def prepared(self, sample: np.ndarray) -> Callable[[], None]:
        """Sets one input, without the batch, and returns what runs it: the bare call, to time."""
        self._interpreter.set_tensor(self._in["index"], quantise(sample[None], self.input))
        return self._interpreter.invoke


def open_interpreter(path: str | Path, threads: int, reference_kernels: bool = False) -> Any:
    """Loads a `.tflite` into LiteRT's interpreter.

    Raises:
        ExportError: Not there, or not a `.tflite` file.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_REF if reference_kernels else OpResolverType.AUTO
    try:
        interpreter = Interpreter(
            model_path=str(path), num_threads=threads, experimental_op_resolver_type=kernels
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ExportError(f"{str(path)!r} does not load as a .tflite file: {reason}") from error
    return interpreter


def timed(call: Any, threads: int) -> Latency:
    """Times a function without arguments, after a warm-up, for two seconds or fifty calls."""
    for _ in range(_WARM_UP_RUNS):
        call()
    times: list[float] = []
    end = time.perf_counter() + _TIMED_SECONDS
    while len(times) < _TIMED_RUNS and (not times or time.perf_counter() < end):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return Latency(float(np.median(times)), float(np.percentile(times, 90)), threads)


def quantise(x: np.ndarray, info: TensorInfo) -> np.ndarray:
    """Converts values to what a tensor stores; values out of its range saturate."""
    if info.scale is None or info.zero_point is None:
        return x.astype(info.dtype)
    limits = np.iinfo(info.dtype)
    stored = np.round(x.astype(np.float32) / np.float32(info.scale)) + info.zero_point
    return np.clip(stored, limits.min, limits.max).astype(info.dtype)


def dequantise(stored: np.ndarray, info: TensorInfo) -> np.ndarray:
    """Converts what a tensor stores to values, as float32."""
    if info.scale is None or info.zero_point is None:
        return stored.astype(np.float32)
    return (stored.astype(np.float32) - info.zero_point) * np.float32(info.scale)


def fully_accelerated(path: str | Path) -> bool:
    """Asks LiteRT whether its CPU accelerator (XNNPACK) takes the whole graph.

    Raises:
        ImportError: This LiteRT has no `CompiledModel`.
    """
    from ai_edge_litert.compiled_model import CompiledModel

    return bool(CompiledModel.from_file(str(path)).is_fully_accelerated())


def left_over(path: str | Path) -> tuple[int, ...]:
    """Finds the operations that XNNPACK leaves to TensorFlow Lite's own kernels.

    Returns:
        Their places in the main graph; none where LiteRT does not tell.
    """
    # LiteRT lists the pieces that XNNPACK took behind the operations, by what goes in and out.
    listed: list[Any] = getattr(open_interpreter(path, threads=1), "_get_ops_details", list)()
    pieces = [piece for piece in listed if piece["op_name"] == "DELEGATE"]
    operations = [operation for operation in listed if operation["op_name"] != "DELEGATE"]
    if not pieces:
        return ()
    makers = {
        int(tensor): place
        for place, operation in enumerate(operations)
        for tensor in operation["outputs"]
    }
    taken: set[int] = set()
    for piece in pieces:
        given = {int(tensor) for tensor in piece["inputs"]}
        wanted = [int(tensor) for tensor in piece["outputs"]]
        while wanted:
            place = makers.get(wanted.pop())
            if place is not None and place not in taken:
                taken.add(place)
                before = (int(tensor) for tensor in operations[place]["inputs"])
                wanted += [tensor for tensor in before if tensor not in given]
    return tuple(place for place in range(len(operations)) if place not in taken)


def tensor_info(name: str, details: dict[str, Any]) -> TensorInfo:
    """Reads what the interpreter says of an input or output."""
    dtype = np.dtype(details["dtype"]).name
    shape = tuple(int(size) for size in details["shape"])
    scale, zero_point = details["quantization"]
    if not scale:
        return TensorInfo(name, dtype, shape)
    return TensorInfo(name, dtype, shape, float(scale), int(zero_point))


def _signature_names(interpreter: Any) -> tuple[str, str]:
    signatures = list(interpreter.get_signature_list().values())
    if not signatures:
        return "", ""
    return signatures[0]["inputs"][0], signatures[0]["outputs"][0]
