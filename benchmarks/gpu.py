"""Integer files on LiteRT's GPU accelerator, with and without the forms for GPUs: one table.

    apt install chromium                                   # brings a Vulkan device in software
    python -m benchmarks.gpu --data adult=prepared/adult

Each checkpoint of `checkpoints/`, or each of `--checkpoints`, is converted to int8 as `zoo export`
does. The table compares the file of the converter, and the one that is exported, with LiteRT's CPU:
labels kept of up to 50 test examples, and the largest error as a share of the largest output.
`--data NAME=PATH` gives the data that a card names; digits are built in. The exit code is 1 if an
exported file keeps fewer than 98 % of the labels.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from rich.console import Console
from rich.table import Table

import zoo
from benchmarks.devices import SHIPPED
from export import TARGETS, LiteModel, attempts
from export.checks.evidence import Check
from export.checks.prove import prove
from export.checks.provers.prover import Subject
from export.task import TEST_X
from export.tflite import convert
from export.tflite.for_gpu import for_gpu

EDGE = dataclasses.replace(TARGETS["edge"], provers=("litert_gpu",))


class Converted(Exception):  # noqa: N818 (it is no error)
    """Ends an export after its conversion."""


def main() -> int:
    """Converts, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="*", default=[], help="NAME=PATH pairs")
    parser.add_argument("--checkpoints", nargs="*", help="only these")
    arguments = parser.parse_args()
    data = {"digits": "digits", **dict(pair.split("=", 1) for pair in arguments.data)}
    table = Table("checkpoint", "as converted", "as exported")
    worst = 0
    for name in arguments.checkpoints or sorted(path.name for path in SHIPPED.iterdir()):
        source = zoo.load(name).card.training.data.name
        if source not in data:
            table.add_row(name, f"no data: --data {source}=PATH")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            checks = [tried(path, folder) for path in files(name, data[source], folder)]
        table.add_row(name, *(f"{check.status}: {check.detail}" for check in checks))
        worst = max(worst, int(checks[-1].status != "pass"))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    return worst


def files(name: str, source: str, folder: Path) -> tuple[Path, Path]:
    """Converts a checkpoint: the file of the converter, and the one that is exported."""
    paths = folder / "converted.tflite", folder / "exported.tflite"

    def keep(content: bytes) -> bytes:
        paths[0].write_bytes(content)
        return for_gpu(content)

    def convert_here(
        given: convert.Source, wanted: Mapping[Path, convert.Arithmetic], scratch: Path
    ) -> dict[Path, str]:
        shutil.copy(scratch / TEST_X, folder)
        arithmetic = next(item for item in wanted.values() if item.precision == "int8")
        job = {"source": dataclasses.asdict(given)}
        with mock.patch.object(convert, "for_gpu", keep):
            convert._convert_here(
                {**job, "files": [(str(paths[1]), dataclasses.asdict(arithmetic))]}
            )
        raise Converted

    with mock.patch.object(attempts, "convert", convert_here):
        try:
            zoo.export(
                name,
                data=source,
                output=folder / "out",
                targets=("edge",),
                edge_precision="int8",
                calibration_samples=100,
            )
        except Converted:
            return paths
    raise RuntimeError(f"{name} was not converted")


def tried(path: Path, folder: Path) -> Check:
    """Tries a file on the GPU."""
    model = LiteModel(path)
    given, result = model.input, model.output
    (proof,) = prove(Subject(path, EDGE, given, result, "", False, (), folder / TEST_X), folder)
    return proof.check


if __name__ == "__main__":
    sys.exit(main())
