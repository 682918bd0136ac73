"""How fast a network trains on the processor, beside PyTorch, over whole epochs with validation.

    pip install ".[torch]"
    python -m benchmarks.throughput
    python -m benchmarks.throughput --model=residual_encoder --sizes 64 128

The zoo trains as `zoo train` does, by `fit`: pictures in memory as uint8, shuffled, cast and
normalised, AdamW, metrics, a validation pass after each epoch, and saved states. PyTorch trains the
same network (`benchmarks/torch_networks.py`) in a plain loop that does the same but saves no state:
channels-last, its fused AdamW, with `autocast` where the zoo has `--precision=bfloat16`. ResNets
have the stem for large pictures, the encoder reads recordings of so many steps. The examples are
random, in batches of one size; both use as many threads as their library chooses. They take turns,
each run in its own process. The first epoch of a run, in which graphs are traced and kernels
chosen, is not timed, and neither is the state that is saved after it. Later states are saved only
so often that they take at most a twentieth of the time.

After the `--images` training pictures of an epoch, a fourth as many are validated. The table has
two speeds in training pictures per second, medians over the rounds: "epochs" divides by the whole
time, "steps" by that of the training batches alone. The difference is validation, the end of the
epoch and the state.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CLASSES, SEQUENCES, CHANNELS = 10, "residual_encoder", 6
LIBRARIES = ("torch", "zoo")


def main() -> None:
    """Prints a line for each run, and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet18", help="or resnet50, residual_encoder")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[32, 64, 128], help="in pixels, or steps"
    )
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--images", type=int, default=2048, help="in an epoch")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=2, help="that are timed")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        library, size, precision = asked.worker
        work = {"torch": _torch, "zoo": _zoo}[library]
        print(json.dumps(work(asked, int(size), precision)))
        return
    if importlib.util.find_spec("torch") is None:
        sys.exit('PyTorch is not installed; say pip install ".[torch]"')
    runs: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for turn in range(asked.rounds):
        for size in asked.sizes:
            for precision in asked.precisions:
                for library in LIBRARIES if turn % 2 == 0 else LIBRARIES[::-1]:
                    figures = _run(library, size, precision)
                    runs.setdefault((library, size, precision), []).append(figures)
                    speeds = f"epochs {figures['epochs']:.1f}, steps {figures['steps']:.1f}"
                    print(
                        f"{library}, {asked.model}, {size}, {precision}: {speeds}", file=sys.stderr
                    )
    _print_table(asked, runs)


def _run(library: str, size: int, precision: str) -> dict[str, Any]:
    """Runs a training in its own process; returns its speeds, threads and version."""
    command = [sys.executable, "-m", "benchmarks.throughput", *sys.argv[1:]]
    command += ["--worker", library, str(size), precision]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{library} failed at size {size} in {precision}")
    return json.loads(done.stdout.splitlines()[-1])


def _print_table(
    asked: argparse.Namespace, runs: dict[tuple[str, int, str], list[dict[str, Any]]]
) -> None:
    from rich.console import Console
    from rich.table import Table

    if len({run["parameters"] for series in runs.values() for run in series}) != 1:
        sys.exit("the networks differ")
    some = {library: series[0] for (library, _, _), series in runs.items()}
    using = ", ".join(f"{run['version']} ({run['threads']} threads)" for run in some.values())
    # Wide enough where the output goes to a file.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    caption = f"batch {asked.batch_size}: examples a second, medians of {asked.rounds}"
    console.print(f"{asked.model}, {caption}")
    console.print(using)
    table = Table()
    table.add_column("size", justify="right")
    table.add_column("precision")
    for speed in ("epochs", "steps"):
        for column in ("PyTorch", "zoo", "ratio"):
            table.add_column(f"{speed}\n{column}", justify="right")
    for size in asked.sizes:
        for precision in asked.precisions:
            cells = []
            for speed in ("epochs", "steps"):
                theirs, ours = (
                    statistics.median(run[speed] for run in runs[library, size, precision])
                    for library in LIBRARIES
                )
                cells += [f"{theirs:.1f}", f"{ours:.1f}", f"{ours / theirs:.2f}"]
            table.add_row(str(size), precision, *cells)
    console.print(table)


class _Stopwatch:
    """Measures the time from the beginning of the second epoch on."""

    def __init__(self) -> None:
        self._epochs = 0
        self._started = self._epoch_began = self._in_steps = 0.0

    def epoch_begins(self) -> None:
        """To be called before the first batch of an epoch."""
        self._epoch_began = time.perf_counter()
        if self._epochs == 1:
            self._started = self._epoch_began

    def steps_end(self) -> None:
        """To be called after the last training batch of an epoch."""
        if self._epochs:
            self._in_steps += time.perf_counter() - self._epoch_began

    def epoch_ends(self) -> None:
        """To be called after the validation."""
        self._epochs += 1

    def speeds(self, images: int) -> dict[str, float]:
        """Returns images per second at the end of the run; an epoch has `images` of them."""
        count = (self._epochs - 1) * images
        whole = time.perf_counter() - self._started
        return {"epochs": count / whole, "steps": count / self._in_steps}


def examples(model: str, count: int, size: int, seed: int) -> tuple[Any, Any]:
    """Returns random pictures or recordings, and classes (count,) int64.

    Pictures are (count, size, size, 3) uint8, recordings (count, size, 6) float32.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    if model == SEQUENCES:
        x = random.normal(size=(count, size, CHANNELS)).astype(np.float32)
    else:
        x = random.integers(0, 256, (count, size, size, 3), np.uint8)
    return x, random.integers(0, CLASSES, count)


def _zoo(asked: argparse.Namespace, size: int, precision: str) -> dict[str, Any]:
    """Trains as `zoo train` does."""
    from zoo.quiet import import_keras

    import_keras()
    import keras
    import tensorflow as tf

    from zoo.data.dataset import Dataset, Split
    from zoo.models import build
    from zoo.training.fit import fit
    from zoo.training.recipes.recipe import PRECISIONS, Recipe

    train = Split(*examples(asked.model, asked.images, size, seed=0))
    validation = Split(*examples(asked.model, asked.images // 4, size, seed=1))
    dataset = Dataset(
        "noise",
        tuple(map(str, range(CLASSES))),
        {"train": train, "validation": validation, "test": validation},
    )
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(PRECISIONS[precision])
    shape = (size, CHANNELS) if asked.model == SEQUENCES else (size, size, 3)
    model = build(asked.model, num_classes=CLASSES, input_shape=shape)
    recipe = Recipe(epochs=1 + asked.epochs, batch_size=asked.batch_size, precision=precision)
    stopwatch = _Stopwatch()

    class Timer(keras.callbacks.Callback):
        """Informs the stopwatch. The validation begins when the training batches are done."""

        def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            stopwatch.epoch_begins()

        def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
            stopwatch.steps_end()

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            stopwatch.epoch_ends()

    with tempfile.TemporaryDirectory() as folder:
        fit(model, dataset, recipe, Path(folder) / "state.safetensors", [Timer()])
    return {
        **stopwatch.speeds(asked.images),
        "parameters": sum(math.prod(variable.shape) for variable in model.trainable_variables),
        # 0 is TensorFlow's word for all.
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count(),
        "version": f"Keras {keras.__version__} on TensorFlow {tf.__version__}",
    }


def _torch(asked: argparse.Namespace, size: int, precision: str) -> dict[str, Any]:
    """Trains in a plain loop."""
    import torch

    from benchmarks.torch_networks import network

    torch.manual_seed(0)
    x, y = map(torch.from_numpy, examples(asked.model, asked.images, size, seed=0))
    x_val, y_val = map(torch.from_numpy, examples(asked.model, asked.images // 4, size, seed=1))
    mean = 255 * torch.tensor([0.485, 0.456, 0.406])
    std = 255 * torch.tensor([0.229, 0.224, 0.225])
    model = network(asked.model, CLASSES, size).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05, fused=True)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")
    stopwatch = _Stopwatch()

    def measure(pictures: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, int]:
        """Returns the loss of a batch, and how many of its labels are right."""
        batch = pictures
        if asked.model != SEQUENCES:  # Channels come last in memory, as they lie.
            batch = ((pictures.float() - mean) / std).permute(0, 3, 1, 2)
        with autocast:
            logits = model(batch).float()
        return loss_of(logits, classes), int((logits.argmax(1) == classes).sum())

    for _ in range(1 + asked.epochs):
        stopwatch.epoch_begins()
        losses, right = 0.0, 0
        model.train()
        for index in torch.randperm(len(x)).split(asked.batch_size):
            loss, correct = measure(x[index], y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses, right = losses + float(loss.detach()), right + correct
        stopwatch.steps_end()
        losses, right = 0.0, 0
        model.eval()
        with torch.inference_mode():
            for index in torch.arange(len(x_val)).split(asked.batch_size):
                loss, correct = measure(x_val[index], y_val[index])
                losses, right = losses + float(loss), right + correct
        stopwatch.epoch_ends()
    return {
        **stopwatch.speeds(asked.images),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "threads": torch.get_num_threads(),
        "version": f"PyTorch {torch.__version__}",
    }


if __name__ == "__main__":
    main()
