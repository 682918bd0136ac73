"""Gradients of a network's convolutions by `zoo.training.cpu.filter_gradient`, and TensorFlow's.

    python -m benchmarks.filter_gradient --model=resnet18 --sizes 32 64 128

For each kind of convolution, on the CPU, it prints the ratio by which the module decides, the
median milliseconds of outputs and both gradients in each way, and whether the module takes the
product. The two ways take turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from zoo.quiet import import_keras


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64, 128], help="in pixels")
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10, help="of each that are timed")
    asked = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import_keras()
    table = Table("pixels", "precision", "convolution", "map")
    for column in ("inputs / places", "TensorFlow ms", "product ms", "ratio", "taken"):
        table.add_column(column, justify="right")
    for size in asked.sizes:
        for precision in asked.precisions:
            for row in _rows(asked, size, precision):
                table.add_row(str(size), precision, *row)
    # Wide enough where the output goes to a file.
    (Console() if sys.stdout.isatty() else Console(width=120)).print(table)


def _rows(asked: argparse.Namespace, size: int, precision: str) -> list[list[str]]:
    """Returns the printed figures of each kind of convolution at a size."""
    import keras

    from zoo.models import build
    from zoo.training.cpu.filter_gradient import has_product, product_call
    from zoo.training.recipes.recipe import PRECISIONS

    keras.config.set_dtype_policy(PRECISIONS[precision])
    model = build(asked.model, num_classes=10, input_shape=(size, size, 3))
    rows = {}
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Conv2D) or "stem" in layer.name:
            continue
        rows_of_kernel, _, channels, filters = layer.kernel.shape
        height, width = layer.output.shape[1:3]
        kind = (
            f"{rows_of_kernel}×{rows_of_kernel}×{channels} to {filters}, stride {layer.strides[0]}"
        )
        if kind in rows:
            continue
        usual, product = _milliseconds(asked, layer, (layer.call, product_call(layer)))
        ratio = rows_of_kernel**2 * channels / (height * width)
        rows[kind] = [
            kind, f"{height}×{width}", f"{ratio:.1f}", f"{usual:.2f}", f"{product:.2f}",
            f"{product / usual:.2f}", "yes" if has_product(layer) else "",
        ]  # fmt: skip
    keras.backend.clear_session()
    return list(rows.values())


def _milliseconds(asked: argparse.Namespace, layer: Any, calls: tuple[Any, Any]) -> list[float]:
    """Returns the median milliseconds of each way to call a layer, with its gradients."""
    import tensorflow as tf

    x = tf.cast(tf.random.normal((asked.batch_size, *layer.input.shape[1:])), layer.compute_dtype)

    def step(call: Any) -> Any:
        @tf.function
        def run(x: tf.Tensor, of_outputs: tf.Tensor) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                layer.call = call
                y = layer(x)
            return y, tape.gradient(y, (x, layer.kernel.value), of_outputs)

        return run

    of_outputs = tf.cast(tf.random.normal(layer(x).shape), x.dtype)
    steps = [step(call) for call in calls]
    times: list[list[float]] = [[], []]
    for run in steps:
        run(x, of_outputs)  # Traces.
    del layer.call
    for _ in range(asked.steps):
        for run, milliseconds in zip(steps, times, strict=True):
            started = time.perf_counter()
            _, (_, of_kernel) = run(x, of_outputs)
            of_kernel.numpy()
            milliseconds.append(1e3 * (time.perf_counter() - started))
    return [statistics.median(milliseconds) for milliseconds in times]


if __name__ == "__main__":
    main()
