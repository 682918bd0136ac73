"""What an export costs: seconds and memory of ResNets at 224 pixels, verification included.

    python -m benchmarks.export_cost

Each model has random weights, and statistics of batch normalisation that fit them. It is exported
for all three targets with 200 calibration and 50 test pictures of noise, without the provers. Such
a network magnifies every rounding, so the checks of accuracy may fail; the work is the same, and
the verdict is printed. The seconds are those of `export_model`, after the model is built. The
memory is the largest sum of the resident memory of the process and its children, measured five
times a second. It includes building the model. Pages that processes share count once (Pss).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from rich.console import Console
from rich.table import Table

EXPORT = """
import json, sys, time
from zoo.quiet import import_keras
import_keras()
import keras
import numpy as np
import export
from zoo.models import build

name, size, output = sys.argv[1], int(sys.argv[2]), sys.argv[3]
keras.utils.set_random_seed(0)
model = build(name, num_classes=10, input_shape=(size, size, 3))
x = np.random.default_rng(0).integers(0, 256, (250, size, size, 3), dtype=np.uint8)
for layer in model.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.momentum = 0.0
model(x[:2].astype(np.float32), training=True)
start = time.perf_counter()
stages = []
samples = export.Samples(x[:200], x[200:])
tell = lambda line: stages.append([round(time.perf_counter() - start, 1), line])
try:
    options = {"samples": samples, "labels": list("0123456789"), "provers": (), "progress": tell}
    export.export_model(model, output, **options)
    verdict = "pass"
except export.GateFailure as failure:
    verdict = ", ".join(sorted({check.name for _, check in failure.report.failures()}))
print(json.dumps({"seconds": time.perf_counter() - start, "stages": stages, "verdict": verdict}))
"""


def main() -> None:
    """Exports and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", default=["resnet18", "resnet50"])
    parser.add_argument("--size", type=int, default=224)
    arguments = parser.parse_args()
    table = Table("model", "seconds", "peak memory", "verdict")
    console = Console() if sys.stdout.isatty() else Console(width=160)
    for name in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", EXPORT, name, str(arguments.size), f"{folder}/out"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            peak = Peak(process.pid)
            printed, _ = process.communicate()
            memory = peak.stop()
        if process.returncode:
            table.add_row(name, f"ended with status {process.returncode}")
            continue
        result = json.loads(printed.splitlines()[-1])
        for seconds, stage in result["stages"]:
            console.print(f"{name} {seconds:6.1f} s  {stage}", highlight=False)
        table.add_row(name, f"{result['seconds']:.1f}", f"{memory / 1e9:.2f} GB", result["verdict"])
    console.print(table)


class Peak:
    """Watches the memory of a process and its children, in a thread."""

    def __init__(self, process: int) -> None:
        self._process, self._most, self._stopped = process, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        """Stops and returns the greatest sum, in bytes."""
        self._stopped.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._stopped.wait(0.2):
            self._most = max(self._most, _resident(self._process))


def _resident(process: int) -> int:
    """Sums the memory of a process and of all that it started; what they share counts once."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                # What follows the name, which may hold anything and ends with the last bracket.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # It has just ended.
            parents[int(entry.name)] = int(fields[1])
    family = {process}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(map(_share, family))


def _share(process: int) -> int:
    """Returns the resident bytes of a process, with its part of the pages that it shares."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # It has just ended.
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
