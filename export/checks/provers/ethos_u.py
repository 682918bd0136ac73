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

from export.checks.provers.prover import Figures, Prover, Subject
from export.targets import Target

# A middle one of the smallest family, with vela's default memory settings.
_CORE = "ethos-u55-128"


def unfit(subject: Subject) -> str:
    """Returns why a file does not suit an NPU for integers; empty: it does."""
    return "" if subject.target.precision == "int8" else "Ethos-U computes with integers"


def judge(figures: Figures, target: Target) -> tuple[bool, str]:
    """Compares the share on the NPU with the target's limit."""
    taken, least = figures["npu_percent"], target.gates.npu_percent
    off = f" ({figures['cpu_operators']} on the CPU)" if figures["cpu_operators"] else ""
    detail = (
        f"{taken:.1f} % of the operators on {figures['core']}{off}, at least {least:g} %; "
        f"{figures['sram_kib']:.1f} KiB SRAM, {figures['flash_kib']:.1f} KiB flash, "
        f"{figures['latency_ms']:.2f} ms estimated"
    )
    return taken >= least, detail


def read_summary(printed: str, table: str) -> dict[str, Any]:
    """Reads the figures in vela's output and in its CSV file.

    Raises:
        ValueError: Figures are missing.
    """
    counts = {
        kind: int(count)
        for kind, count in re.findall(r"^(CPU|NPU) operators = (\d+)", printed, re.MULTILINE)
    }
    if set(counts) != {"CPU", "NPU"}:
        raise ValueError("vela did not tell how many operators are on the NPU")
    (row,) = csv.DictReader(table.splitlines())
    return {
        "core": _CORE,
        "npu_percent": 100 * counts["NPU"] / max(1, sum(counts.values())),
        "npu_operators": counts["NPU"],
        "cpu_operators": counts["CPU"],
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
        return read_summary(done.stdout, tables[0].read_text())


ETHOS_U = Prover("ethos_u", measure, judge, unfit, "ethosu", "zoo-residual[provers]")
