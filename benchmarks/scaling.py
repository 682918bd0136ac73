"""Images per second of 1, 2 and 4 processes that train together, and what more machines would give.

    python benchmarks/scaling.py --model=resnet8 --bandwidth=10

Each process is pinned to a core, computes with one thread, and has its own batch of `--batch_size`
images, so the work of a process stays the same (weak scaling). The processes first train side by
side, each alone, and then together. The extra time of a step together is the share of the
collectives. Batch normalisation is synchronised in both cases, so the arithmetic is the same; a
training on one process has a faster one (`python -m benchmarks.fused`). If there are more processes
than cores, they share cores in both cases.

The extrapolation assumes a ring all-reduce of n machines. A step sends 2 (n - 1) / n times its
bytes at the given bandwidth, and 2 (n - 1) messages of the given latency for each collective. The
computation hides none of this, and takes as long as that of one process alone. The figures measured
on loopback are printed beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WARM_UP = 5
MACHINES = (2, 4, 8, 16, 32, 64)


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="resnet8")
    parser.add_argument("--batch_size", type=int, default=32, help="of one process")
    parser.add_argument("--steps", type=int, default=30, help="that are timed")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--bandwidth", type=float, default=10.0, help="between machines, Gbit/s")
    parser.add_argument("--latency", type=float, default=50.0, help="of a message, microseconds")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker is not None:
        work(arguments)
        return
    measured = {count: run(count) for count in sorted({1, *arguments.processes})}
    alone = measured[1]["step_alone"]
    rows = []
    for count, figures in measured.items():
        step = figures["step_together"] or figures["step_alone"]
        rows.append(
            {
                "processes": count,
                "images_per_second": round(count * arguments.batch_size / step, 1),
                "step_ms": round(1e3 * step, 1),
                "step_ms_side_by_side": round(1e3 * figures["step_alone"], 1),
                "share_in_collectives": round(1 - figures["step_alone"] / step, 3),
            }
        )
    size, collectives = measured[1]["bytes_per_step"], measured[1]["collectives_per_step"]
    extrapolated = []
    for count in MACHINES:
        ring = ring_seconds(count, size, collectives, arguments.bandwidth, arguments.latency)
        speed = count * arguments.batch_size / (alone + ring)
        extrapolated.append(
            {
                "machines": count,
                "all_reduce_ms": round(1e3 * ring, 1),
                "images_per_second": round(speed, 1),
                "efficiency": round(alone / (alone + ring), 3),
                "measured_on_loopback": next(
                    (row["images_per_second"] for row in rows if row["processes"] == count), None
                ),
            }
        )
    figures = {
        "model": arguments.model,
        "cores": os.cpu_count(),
        "batch_size_of_a_process": arguments.batch_size,
        "bytes_per_step": size,
        "collectives_per_step": collectives,
        "measured": rows,
        "bandwidth_gbit": arguments.bandwidth,
        "latency_us": arguments.latency,
        "extrapolated": extrapolated,
    }
    print(json.dumps(figures, indent=2))


def ring_seconds(
    machines: int, size: int, collectives: int, bandwidth: float, latency: float
) -> float:
    """Returns how long the ring all-reduces of a step take.

    Args:
        machines: How many there are.
        size: Bytes that a step adds up.
        collectives: All-reduces in a step.
        bandwidth: Bandwidth of a link, Gbit/s.
        latency: Time that a message takes, microseconds.
    """
    transfer = 2 * (machines - 1) / machines * size / (bandwidth * 1e9 / 8)
    return transfer + 2 * (machines - 1) * collectives * latency * 1e-6


def run(count: int) -> dict[str, Any]:
    """Measures that many processes together; returns what the first of them printed."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in sockets]
    for probe in sockets:
        probe.close()
    processes = []
    for worker in range(count):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": worker}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(task), "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, __file__, *sys.argv[1:], f"--worker={worker}/{count}"]
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
    texts = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("a worker failed")
    return json.loads(texts[0].splitlines()[-1])


def work(arguments: argparse.Namespace) -> None:
    """Runs as one of the processes: prints its seconds of a step, alone and together."""
    worker, count = map(int, arguments.worker.split("/"))
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[worker % len(cores)]})
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    from zoo.training.distribution.cluster import open_distribution
    from zoo.training.distribution.distribution import ALONE

    distribution = open_distribution("multiworker" if count > 1 else "none")
    import keras
    import numpy as np

    from zoo.data.dataset import Dataset, Split
    from zoo.models import MODELS, build
    from zoo.training.fit import fit
    from zoo.training.recipes.recipe import Recipe

    shape = {"picture": (32, 32, 3), "vector": (64,), "sequence": (8, 8)}
    form = shape[MODELS.get(arguments.model).input.kind]
    steps = WARM_UP + arguments.steps

    class Timer(keras.callbacks.Callback):
        """Notes when the steps that count begin and end."""

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            float((logs or {})["loss"])  # Waits for the step.
            if batch == WARM_UP - 1:
                self.started = time.perf_counter()
            if batch == steps - 1:
                self.seconds = (time.perf_counter() - self.started) / arguments.steps

    def seconds(who: Any, batch_size: int) -> float:
        x = np.random.default_rng(0).uniform(0, 255, (steps * batch_size, *form))
        y = np.arange(len(x)) % 10
        split = Split(x.astype(np.float32), y)
        few = Split(split.x[:batch_size], y[:batch_size])
        keras.utils.set_random_seed(0)
        with who.scope():
            model = build(arguments.model, num_classes=10, input_shape=form)
        norms = [layer for layer in model.layers if hasattr(layer, "moving_mean")]
        for layer in norms:
            layer.synchronized = True  # Alone, it adds up nothing and is not fused.
        timer = Timer()
        labels = tuple(map(str, range(10)))
        with tempfile.TemporaryDirectory() as folder:
            fit(
                model,
                Dataset("noise", labels, {"train": split, "validation": few, "test": few}),
                Recipe(epochs=1, batch_size=batch_size),
                Path(folder) / "state.safetensors",
                [timer],
                distribution=who,
            )
        channels = sum(int(layer.moving_mean.shape[0]) for layer in norms)
        weights = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
        figures["bytes_per_step"] = 4 * (weights + 6 * channels)
        # Of each norm the sums, squares and counts, forwards and backwards; the gradients; votes
        # and metrics.
        figures["collectives_per_step"] = 6 * len(norms) + 1 + 5
        return timer.seconds

    figures: dict[str, Any] = {}
    distribution.from_chief(b"all begin")
    figures["step_alone"] = seconds(ALONE, arguments.batch_size)
    figures["step_together"] = None
    if count > 1:
        distribution.from_chief(b"all have ended")
        figures["step_together"] = seconds(distribution, count * arguments.batch_size)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
