"""Steps of a training with the fused operators of `zoo.training.cpu.fused`, beside Keras's own.

    python -m benchmarks.fused --model=resnet18 --sizes 32 64
    python -m benchmarks.fused --model=residual_encoder --sizes 64

The two take turns in one process, on the CPU, with batches of 64 random pictures, or recordings of
so many steps. It prints the median milliseconds of a step, and of a batch of validation, as elapsed
time and as CPU time, and the ratios of fused to Keras's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from unittest import mock

from rich.console import Console
from rich.table import Table

from benchmarks.throughput import CLASSES, examples
from zoo.quiet import import_keras


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--steps", type=int, default=20, help="of each that are timed")
    asked = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import_keras()
    table = Table()
    for column in ("size", "precision", "batch of"):
        table.add_column(column)
    for clock in ("time", "processor"):
        for column in ("Keras ms", "fused ms", "ratio"):
            table.add_column(f"{clock}\n{column}", justify="right")
    for size in asked.sizes:
        for precision in asked.precisions:
            for part, figures in _seconds(asked.model, size, precision, asked.steps).items():
                cells = []
                for composed, fused in figures:
                    ratio = fused / composed
                    cells += [f"{1e3 * composed:.1f}", f"{1e3 * fused:.1f}", f"{ratio:.2f}"]
                table.add_row(str(size), precision, part, *cells)
    # Wide enough where the output goes to a file.
    (Console() if sys.stdout.isatty() else Console(width=120)).print(table)


def _seconds(
    name: str, size: int, precision: str, steps: int
) -> dict[str, list[tuple[float, float]]]:
    """Returns the median seconds of a batch in training and in validation.

    Both are (Keras's, fused), as elapsed time and as CPU time.
    """
    import keras
    import numpy as np

    from zoo.models import build
    from zoo.tasks.classification import CLASSIFICATION
    from zoo.training.cpu.fused import fused_layers
    from zoo.training.recipes.recipe import PRECISIONS, Recipe, compile_model

    x, classes = examples(name, 64, size, seed=0)
    x, y = x.astype(np.float32), np.eye(CLASSES, dtype=np.float32)[classes]
    keras.config.set_dtype_policy(PRECISIONS[precision])
    models = []
    # If XLA is on, the module leaves everything to Keras.
    for jit in ("auto", False):
        model = build(name, num_classes=CLASSES, input_shape=x.shape[1:])
        with mock.patch("zoo.training.cpu.fused.jit_compile", lambda jit=jit: jit):
            compile_model(model, Recipe(precision=precision), steps, CLASSIFICATION)
            with fused_layers(model):
                model.train_on_batch(x, y)  # Traces.
                model.test_on_batch(x, y)
        models.append(model)
    seconds = {}
    for part, call in (("training", "train_on_batch"), ("validation", "test_on_batch")):
        measured: list[list[tuple[float, float]]] = [[], []]
        for _ in range(steps):
            for model, times in zip(models, measured, strict=True):
                wall, processor = time.perf_counter(), time.process_time()
                getattr(model, call)(x, y)
                times.append((time.perf_counter() - wall, time.process_time() - processor))
        medians = (list(map(statistics.median, zip(*times, strict=True))) for times in measured)
        seconds[part] = list(zip(*medians, strict=True))
    keras.backend.clear_session()
    return seconds


if __name__ == "__main__":
    main()
