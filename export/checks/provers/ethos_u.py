"""Arm's Ethos-U NPUs: how much of a file their compiler vela places on one, and at what cost."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from export.checks.boundary import before_integers, with_floats
from export.checks.provers.prover import Figures, Prover, Subject
from export.targets import Target
from export.tflite.flatbuffer import read_graph

# A middle one of the smallest family, with vela's default memory settings.
_CORE = "ethos-u55-128"


def unfit(subject: Subject) -> str:
    """Returns why a file does not suit an NPU for integers; empty: it does."""
    return "" if subject.target.integers else "Ethos-U computes with integers"


def judge(figures: Figures, target: Target) -> tuple[bool, str]:
    """Compares the share on the NPU with the target's limit."""
    taken, least = figures["npu_percent"], target.npu_percent
    off, which = figures["cpu_operators"], ""
    if figures["front_operators"]:
        which = f" behind the {figures['front_operators']} of the float front"
    if target.floats:  # They are float32 on purpose, and no NPU takes them.
        floats, npu = figures["float_operators"], figures["npu_operators"]
        off -= floats
        taken = 100 * npu / max(1, npu + off)
        which = f" but {floats} in and around the float layers"
    off = f" ({off} on the CPU)" if off else ""
    detail = (
        f"{taken:.1f} % of the operators{which} on {figures['core']}{off}, at least {least:g} %; "
        f"{figures['sram_kib']:.1f} KiB SRAM, {figures['flash_kib']:.1f} KiB flash, "
        f"{figures['latency_ms']:.2f} ms estimated"
    )
    return taken >= least, detail


def read_summary(printed: str, table: str, front: int = 0, floats: int = 0) -> dict[str, Any]:
    """Reads the figures in vela's output and in its CSV file.

    Args:
        printed: The output.
        table: The file.
        front: Number of operators in float, which no NPU takes: they are not counted.
        floats: Number of operators that take or give floats.

    Raises:
        ValueError: Figures are missing.
    """
    counts = {
        kind: int(count)
        for kind, count in re.findall(r"^(CPU|NPU) operators = (\d+)", printed, re.MULTILINE)
    }
    if set(counts) != {"CPU", "NPU"}:
        raise ValueError("vela did not tell how many operators are on the NPU")
    body = sum(counts.values()) - front
    (row,) = csv.DictReader(table.splitlines())
    return {
        "core": _CORE,
        "npu_percent": 100 * counts["NPU"] / max(1, body),
        "npu_operators": counts["NPU"],
        "cpu_operators": counts["CPU"] - front,
        "front_operators": front,
        "float_operators": floats,
        "sram_kib": float(row["sram_memory_used"]),
        "flash_kib": float(row["off_chip_flash_memory_used"]),
        "latency_ms": 1000 * float(row["inference_time"]),
    }


def measure(path: Path, x: np.ndarray, labels: tuple[str, ...]) -> Figures:
    """Compiles a file and returns vela's figures."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *(sys.executable, "-P", "-m", "ethosu.vela", str(path)),
                *("--output-dir", folder, "--accelerator-config", _CORE),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        tables = list(Path(folder).glob("*_summary_*.csv"))
        if done.returncode or len(tables) != 1:
            lines = (done.stdout + done.stderr).strip().splitlines()
            raise RuntimeError(f"vela: {lines[-1] if lines else f'status {done.returncode}'}")
        graph = read_graph(path)
        front, floats = before_integers(graph), len(with_floats(graph))
        # Behind integers floats are no front.
        front = [] if any(node.operator == "DEQUANTIZE" for node in front) else front
        return read_summary(done.stdout, tables[0].read_text(), len(front), floats)


ETHOS_U = Prover("ethos_u", measure, judge, unfit, "ethosu", "zoo-residual[provers]")
