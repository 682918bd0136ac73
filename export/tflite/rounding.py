"""Rounds the kernels of an integer file anew, so that its layers calculate what they did in floats.

The converter rounds each weight to the next step. Here the errors of a kernel make up for one
another for the inputs of the calibration (`export.tflite.gptq`), and the bias takes up what is left
in the mean (bias correction, Nagel et al. 2019, section 4.2). The file keeps its size, its scales
and its operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.child import ChildError, child_main, run_child
from export.tflite.flatbuffer import read_graph, type_name
from export.tflite.gptq import rounded
from export.tflite.kernels import Kernel, kernels
from export.tflite.sharing import packed
from export.tflite.watched import Watched

# Bytes of sums of products at once. A kernel with more is left as it is.
_MOST = 2**28
# So many samples show whether a file is closer.
_COMPARED = 64
# A file's weight may be so many steps from the float one, of which half is rounding.
_NEAR = 0.51
# Of the mean square of the inputs: more than sums in float32 lose. Where that is left once the mean
# is taken off, as of inputs that never change, there is nothing that could make up for errors.
_BLUR = 1e-5


@dataclass
class _Sums:
    """Of what an operation multiplies its kernel with.

    Attributes:
        count: Places at which it does so.
        inputs: (groups, columns) sums.
        products: (groups, columns, columns) sums of products.
    """

    count: int
    inputs: np.ndarray
    products: np.ndarray


@dataclass(frozen=True)
class _Solution:
    """A kernel before and after.

    Attributes:
        exact: The kernel in float32, as in the file.
        steps: The same, in whole steps.
        scales: (rows,) steps.
        bias: (rows,) in float32, with what rounding lost in the mean; None: it stays as it is.
    """

    exact: np.ndarray
    steps: np.ndarray
    scales: np.ndarray
    bias: np.ndarray | None


class Rounding:
    """The kernels of a network, rounded for a calibration."""

    def __init__(self, file: bytes, floats: Path, samples: Mapping[str, np.ndarray]) -> None:
        """Rounds all kernels.

        Args:
            file: The network in integers.
            floats: The same network in float32.
            samples: (N, …) values of each input: the calibration.
        """
        exact, integers = _File(floats.read_bytes()), _File(file)
        wanted = {
            kernel.result: (kernel, integers.scales(kernel.weights))
            for kernel in integers.kernels
            if integers.type(kernel.weights) == "int8"
        }
        # Steps of a recurrent network share a kernel.
        shared: dict[int, list[Kernel]] = {}
        for kernel in exact.kernels:
            if kernel.result in wanted and exact.type(kernel.weights) == "float32":
                shared.setdefault(kernel.weights, []).append(kernel)
        watched = Watched(str(floats))
        self._solutions: dict[str, _Solution] = {}
        for portion in _portions(list(shared.values())):
            sums = _summed(watched, [kernel for users in portion for kernel in users], samples)
            for users in portion:
                _, scales = wanted[users[0].result]
                alone = all(wanted[user.result][0].alone for user in users)
                self._solve(exact, users, scales, sums, corrected=alone)

    def _solve(
        self,
        exact: _File,
        users: Sequence[Kernel],
        scales: np.ndarray,
        sums: Mapping[str, _Sums],
        *,
        corrected: bool,
    ) -> None:
        """Rounds the kernel of some operations, and if they have biases, corrects these."""
        first = users[0]
        kernel, apart = exact.values(first.weights), scales.reshape(first.groups, -1)
        before = first.matrices(kernel)
        moments = _moments([sums[user.result] for user in users], corrected)
        after = np.stack([rounded(*given) for given in zip(before, apart, moments, strict=True)])
        lost = before - after * apart[..., None]
        for user in users:
            known, bias = sums[user.result], None
            if corrected:
                mean = known.inputs / known.count
                bias = np.einsum("grc,gc->gr", lost, mean).ravel()
                bias += 0 if user.bias is None else exact.values(user.bias)
            self._solutions[user.result] = _Solution(kernel, first.kernel(after), scales, bias)

    def applied(self, content: bytes) -> bytes:
        """Returns a file with these kernels, wherever it has the same ones in integers.

        Args:
            content: A file of the same network, some of whose operations may be in float32.
        """
        file = _File(content)
        # All are compared before the first is written, since several may have one kernel.
        alike = [kernel for kernel in file.kernels if self._rounded(file, kernel)]
        for kernel in alike:
            solution = self._solutions[kernel.result]
            file.put(kernel.weights, solution.steps)
            if kernel.bias is not None and solution.bias is not None:
                file.put(kernel.bias, solution.bias / file.scales(kernel.bias))
        return packed(file.model)

    def _rounded(self, file: _File, kernel: Kernel) -> bool:
        """Returns whether this is a kernel in integers that was rounded."""
        solution = self._solutions.get(kernel.result)
        if solution is None or file.type(kernel.weights) != "int8":
            return False
        return _same(file, kernel, solution)


class _File:
    """A file, whose tensors can be read and written."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.model = schema.ModelT.InitFromPackedBuf(content, 0)
        self._tensors = self.model.subgraphs[0].tensors
        self.kernels = list(kernels(self.model, self.model.subgraphs[0]))

    def type(self, number: int) -> str:
        return type_name(self._tensors[number].type).lower()

    def values(self, number: int) -> np.ndarray:
        """Returns what a tensor holds."""
        tensor = self._tensors[number]
        data = np.asarray(self.model.buffers[tensor.buffer].data, np.uint8)
        return data.view(self.type(number)).reshape(tensor.shape)

    def scales(self, number: int) -> np.ndarray:
        """Returns (rows,) steps of a kernel or a bias; a file may have one for all rows."""
        tensor = self._tensors[number]
        scale = np.asarray(tensor.quantization.scale, np.float64)
        rows = tensor.shape[tensor.quantization.quantizedDimension]
        return np.broadcast_to(scale, rows) if scale.size == 1 else scale

    def put(self, number: int, values: np.ndarray) -> None:
        """Writes whole numbers into a tensor."""
        dtype = np.dtype(self.type(number))
        limits = np.iinfo(dtype)
        stored = np.clip(np.round(values), limits.min, limits.max).astype(dtype)
        self._own_buffer(self._tensors[number]).data = stored.ravel().view(np.uint8)

    def _own_buffer(self, tensor: Any) -> Any:
        """Returns the buffer of a tensor: a new one if others have it too, as biases of zero do."""
        from ai_edge_litert import schema_py_generated as schema

        users = (other for graph in self.model.subgraphs for other in graph.tensors)
        if sum(other.buffer == tensor.buffer for other in users) > 1:
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(schema.BufferT())
        return self.model.buffers[tensor.buffer]


def _same(file: _File, kernel: Kernel, solution: _Solution) -> bool:
    """Returns whether an operation has the kernel that was rounded, and a bias if that had one.

    What the converter changed otherwise than by rounding is another kernel.
    """
    scales = file.scales(kernel.weights)
    if not np.array_equal(scales, solution.scales):
        return False
    if kernel.alone != (solution.bias is not None):
        return False
    exact = kernel.matrices(solution.exact) / scales.reshape(kernel.groups, -1, 1)
    return bool(np.abs(exact - kernel.matrices(file.values(kernel.weights))).max() <= _NEAR)


def _portions(shared: Sequence[Sequence[Kernel]]) -> Iterator[list[Sequence[Kernel]]]:
    """Gives the kernels in portions whose sums are in the memory at once."""
    portion: list[Sequence[Kernel]] = []
    held = 0
    for users in shared:
        size = 4 * len(users) * users[0].groups * users[0].columns ** 2
        if size > _MOST:
            continue
        if held + size > _MOST:
            yield portion
            portion, held = [], 0
        portion.append(users)
        held += size
    if portion:
        yield portion


def _summed(
    watched: Watched, wanted: Sequence[Kernel], samples: Mapping[str, np.ndarray]
) -> dict[str, _Sums]:
    """Runs the float network on all samples, and sums up what its kernels are multiplied with."""
    sums: dict[str, _Sums] = {}
    for place in range(len(next(iter(samples.values())))):
        watched.run(**{name: values[place] for name, values in samples.items()})
        for kernel in wanted:
            inputs = kernel.inputs(watched.stored(kernel.taken))
            groups, places, columns = inputs.shape
            if kernel.result not in sums:
                products = np.zeros((groups, columns, columns), np.float32)
                sums[kernel.result] = _Sums(0, np.zeros((groups, columns)), products)
            known = sums[kernel.result]
            known.count += places
            known.inputs += inputs.sum(axis=1, dtype=np.float64)
            known.products += inputs.transpose(0, 2, 1) @ inputs
    return sums


def _moments(users: Sequence[_Sums], corrected: bool) -> np.ndarray:
    """Returns (groups, columns, columns) mean products of inputs.

    Args:
        users: Of the operations with the same kernel.
        corrected: Whether biases make up for the means: then it is the products of what is left.
    """
    count = sum(known.count for known in users)
    moments = np.zeros(users[0].products.shape)
    for known in users:
        moments += known.products
    if corrected:
        diagonal = np.arange(users[0].products.shape[-1])
        blur = _BLUR * moments[:, diagonal, diagonal].mean(axis=1, keepdims=True)
        for known in users:
            moments -= np.einsum("gi,gj->gij", known.inputs, known.inputs) / known.count
        moments[:, diagonal, diagonal] += blur
    return moments / count


def reround(path: Path, floats: Path, calibration: str, scratch: Path) -> bool:
    """Rounds the kernels of a file anew, in a child process.

    Args:
        path: The file, which is replaced.
        floats: The same network in float32.
        calibration: `.npz` of (N, …) values of each input.
        scratch: For temporary files.

    Returns:
        Whether it did. A file that would be farther from the float network stays as it is, and so
        does one whose process ended before, for want of memory.
    """
    before = path.read_bytes()
    job = {"path": str(path), "floats": str(floats), "calibration": calibration}
    with suppress(ChildError):
        run_child("export.tflite.rounding", job, scratch)
    return path.read_bytes() != before


def _reround_here(job: Mapping[str, str]) -> None:
    path = Path(job["path"])
    content = path.read_bytes()
    with np.load(job["calibration"]) as file:
        samples = dict(file)
    floats, partial = Path(job["floats"]), path.with_suffix(".partial")
    partial.write_bytes(Rounding(content, floats, samples).applied(content))
    if _lost(partial, floats, samples) <= _lost(path, floats, samples):
        partial.replace(path)
    else:
        partial.unlink()


def _lost(path: Path, floats: Path, samples: Mapping[str, np.ndarray]) -> float:
    """Returns how far the answers of a file are from those in floats: the sum of their squares."""
    rough, exact = Watched(str(path)), Watched(str(floats))
    pairs = list(zip(read_graph(path).outputs, read_graph(floats).outputs, strict=True))
    lost = 0.0
    for place in range(min(_COMPARED, len(next(iter(samples.values()))))):
        for watched in (rough, exact):
            watched.run(**{name: values[place] for name, values in samples.items()})
        lost += sum(
            float(np.square(rough.values(one) - exact.values(other)).sum()) for one, other in pairs
        )
    return lost


if __name__ == "__main__":
    child_main(_reround_here)
