"""Whether runs and their exported files are as sure as they are right.

    python -m benchmarks.calibration RUN … [--output=exports/calibration] [--targets=cpu,edge]

For each run of `zoo train` or `zoo finetune` it exports the checkpoint, measured on the test split
of the data that the run learnt, and prints the expected calibration error of the Keras model and of
each file, beside the one that a perfectly calibrated classifier would have by chance on as many
pictures. An export that lies in `--output` already is read, not made again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import zoo
from export import GateFailure


def main() -> None:
    """Exports all and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="folders of trainings")
    parser.add_argument("--output", type=Path, default=Path("exports/calibration"))
    parser.add_argument("--targets", default="cpu,edge")
    asked = parser.parse_args()
    targets = asked.targets.split(",")
    table = Table(title="expected calibration error", title_justify="left")
    columns = ("run", "test", "validation", "temperature", "before", "Keras", *targets, "chance")
    for column in columns:
        table.add_column(column, justify="left" if column == "run" else "right")
    for run in asked.runs:
        figures = json.loads((run / "result.json").read_text())
        report = _exported(run, asked.output / run.resolve().name, targets)
        files = [report["artifacts"][name].get("calibration_error") for name in targets]
        known = report["reference"]["calibration_error"]
        table.add_row(
            run.resolve().name,
            f"{report['samples']:,}",
            f"{figures['temperature_examples']:,}",
            f"{figures['temperature']:.3f}",
            f"{figures['calibration_error']['before']:.4f}",
            f"{known['error']:.4f}",
            *("–" if file is None else f"{file['error']:.4f}" for file in files),
            f"{known['chance']:.4f}",
        )
    Console().print(table)


def _exported(run: Path, folder: Path, targets: list[str]) -> dict[str, Any]:
    """Returns the report of a run's export, which is made if there is none for these targets."""
    file = folder / "report.json"
    known = json.loads(file.read_text()) if file.is_file() else {"artifacts": {}}
    if not set(targets) <= set(known["artifacts"]):
        with contextlib.suppress(GateFailure):  # Its report is written, and has the figures.
            zoo.export(str(run), output=folder, targets=targets, progress=print)
        known = json.loads(file.read_text())
    return known


if __name__ == "__main__":
    main()
