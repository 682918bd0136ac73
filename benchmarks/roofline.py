"""Where the time of a training step of a ResNet goes, and how near each part is to its roof.

    python -m benchmarks.roofline --model=resnet18 --sizes 32 64

TensorFlow's profiler times the operators of some steps, one after another, each on all cores. A
part cannot take less time than its arithmetic at the rate of a large matrix product, nor than its
memory traffic at the rate of a large sum (Williams et al. 2009, "Roofline"); both rates are
measured first. The traffic is the least there is: each array is read or written once where it is
needed. "roof" is what that leaves of the time measured: 100 % cannot be made faster as it is.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from zoo.quiet import import_keras

if TYPE_CHECKING:
    import keras

CLASSES, _FLOAT = 10, 4  # Bytes of a number.
FORWARD, OF_INPUTS, OF_KERNELS = "convolutions", "gradients of inputs", "gradients of kernels"
NORMS, CHEAP, POOLS = "normalisations", "ReLU and sums", "pooling"
UPDATES, COPIES, OTHERS = "optimizer", "copies for products", "others"
_KINDS = {
    "Conv2D": FORWARD,
    "Conv2DBackpropInput": OF_INPUTS,
    "Conv2DBackpropFilter": OF_KERNELS,
    "MatMul": OF_KERNELS,  # See `zoo.training.cpu.filter_gradient`; that of the head is small.
    **dict.fromkeys(("FusedBatchNormV3", "FusedBatchNormGradV3", "FusedBatchNormEx"), NORMS),
    **dict.fromkeys(("Relu", "ReluGrad", "AddV2", "Add", "AddN"), CHEAP),
    **dict.fromkeys(("MaxPool", "MaxPoolGrad", "Mean", "AvgPool", "AvgPoolGrad"), POOLS),
    **dict.fromkeys(("Pad", "ConcatV2", "StridedSlice", "Transpose", "Slice"), COPIES),
}


@dataclass
class Work:
    """The least that a part of a step has to do."""

    operations: float = 0.0
    bytes: float = 0.0

    def add(self, operations: float, values: float) -> None:
        """Adds floating-point operations, and numbers that are read or written."""
        self.operations += operations
        self.bytes += _FLOAT * values


def main() -> None:
    """Prints a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet18", help="a ResNet of zoo list")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64], help="in pixels")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10, help="that are timed")
    asked = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"  # One operator after another.
    import_keras()
    product, traffic = _rates()
    console = Console() if sys.stdout.isatty() else Console(width=110)
    console.print(f"a matrix product {product / 1e9:.0f} GFLOP/s, a sum {traffic / 1e9:.1f} GB/s")
    for size in asked.sizes:
        model, times, step = _profiled(asked.model, size, asked.batch_size, asked.steps)
        title = f"{asked.model}, {asked.batch_size} pictures of {size}×{size}: {1e3 * step:.0f} ms"
        console.print(_table(title, least_work(model, asked.batch_size), times, product, traffic))


def _table(
    title: str, works: dict[str, Work], times: Counter[str], product: float, traffic: float
) -> Table:
    table = Table(title=title, title_justify="left")
    for column in ("part", "ms", "share", "GFLOP/s", "GB/s", "bound by", "roof"):
        table.add_column(column, justify="left" if column in ("part", "bound by") else "right")
    whole = sum(times.values())
    for part, seconds in times.most_common():
        cells = [part, f"{1e3 * seconds:.1f}", f"{seconds / whole:.1%}"]
        if (work := works.get(part)) is not None:
            arithmetic, memory = work.operations / product, work.bytes / traffic
            cells += [
                f"{work.operations / seconds / 1e9:.0f}",
                f"{work.bytes / seconds / 1e9:.1f}",
                "arithmetic" if arithmetic > memory else "memory",
                f"{max(arithmetic, memory) / seconds:.0%}",
            ]
        table.add_row(*cells)
    return table


def _rates() -> tuple[float, float]:
    """Returns operations a second of a matrix product, and bytes a second of a sum."""
    import tensorflow as tf

    side, count = 2048, 2**25
    a, long = tf.random.normal((side, side)), tf.random.normal((count,))
    product = tf.function(lambda: a @ a, autograph=False)
    total = tf.function(lambda: long + long[0], autograph=False)
    return 2 * side**3 / _least_seconds(product), 2 * _FLOAT * count / _least_seconds(total)


def _least_seconds(call: Callable[[], Any]) -> float:
    def once() -> float:
        start = time.perf_counter()
        call().numpy()[:1]
        return time.perf_counter() - start

    return min(once() for _ in range(12))


def least_work(model: keras.Model, batch: int) -> dict[str, Work]:
    """Returns the least that the parts of a step have to do.

    Args:
        model: A ResNet for pictures of one size.
        batch: Pictures in a step.
    """
    works = {kind: Work() for kind in (FORWARD, OF_INPUTS, OF_KERNELS, NORMS, CHEAP, UPDATES)}
    first = True
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "InputLayer":
            continue
        given, made = (batch * _places(tensors) for tensors in (layer.input, layer.output))
        if kind == "Conv2D":
            kernel = math.prod(layer.kernel.shape)
            operations = 2.0 * made * kernel / layer.kernel.shape[-1]
            for part in (FORWARD, OF_KERNELS) if first else (FORWARD, OF_INPUTS, OF_KERNELS):
                works[part].add(operations, given + made + kernel)
            first = False
        elif kind == "BatchNormalization":
            works[NORMS].add(0, 2 * made + 3 * made)  # Forward: in, out; back: in, gradients.
        elif kind == "ReLU":
            works[CHEAP].add(0, 2 * made + 3 * made)
        elif kind == "Add":
            works[CHEAP].add(0, given + made)
    # Weights, their two averages and gradients are read, and all but the gradients written.
    works[UPDATES].add(0, 7 * model.count_params())
    return works


def _places(tensors: Any) -> int:
    several = tensors if isinstance(tensors, (list, tuple)) else [tensors]
    return sum(math.prod(tensor.shape[1:]) for tensor in several)


def _profiled(
    name: str, size: int, batch: int, steps: int
) -> tuple[keras.Model, Counter[str], float]:
    """Returns a network, the seconds of each part of its step, and those of the step."""
    import numpy as np
    import tensorflow as tf

    from zoo.models import build
    from zoo.tasks.classification import CLASSIFICATION
    from zoo.training.cpu.fused import fused_layers
    from zoo.training.recipes.recipe import Recipe, compile_model

    random = np.random.default_rng(0)
    x = random.uniform(0, 255, (batch, size, size, 3)).astype(np.float32)
    y = np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, batch)]
    model = build(name, num_classes=CLASSES, input_shape=(size, size, 3))
    compile_model(model, Recipe(), steps, CLASSIFICATION)
    with fused_layers(model), tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            model.train_on_batch(x, y)
        start = time.perf_counter()
        for _ in range(steps):
            model.train_on_batch(x, y)
        step = (time.perf_counter() - start) / steps
        tf.profiler.experimental.start(folder)
        for _ in range(steps):
            model.train_on_batch(x, y)
        tf.profiler.experimental.stop()
        times = Counter[str]()
        for operator, layer, seconds in _operators(Path(folder)):
            times[part_of(operator, layer)] += seconds / steps
    return model, times, step


def part_of(operator: str, name: str) -> str:
    """Returns the part of a step that an operator belongs to.

    Args:
        operator: Its type, such as "Conv2D" or oneDNN's "_MklNativeConv2D".
        name: Its own, with those of layer and optimizer.
    """
    if name.startswith("adamw"):
        return UPDATES
    return _KINDS.get(operator.removeprefix("_Mkl").removeprefix("Native"), OTHERS)


def _operators(folder: Path) -> Iterator[tuple[str, str, float]]:
    """Yields type, name and seconds of each operator that a profile has."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    for path in folder.rglob("*.xplane.pb"):
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
        for plane in space.planes:
            for line in plane.lines:
                for event in line.events:
                    event_name = plane.event_metadata[event.metadata_id].name
                    name, colon, operator = event_name.rpartition(":")
                    # Others are of functions, as in "ExecutorState::Process".
                    if colon and " " not in event_name and "::" not in event_name:
                        yield operator, name, event.duration_ps / 1e12


if __name__ == "__main__":
    main()
