"""Every shipped checkpoint on the software of every kind of device: one table.

    make test-provers                    # installs the provers
    python -m benchmarks.devices --data cifar10=FOLDER adult=adult.csv

Each checkpoint of `checkpoints/` is exported by `zoo export`, models of images a second time with
int8 input and output. Each file is tried on MediaPipe Tasks, TensorFlow Lite Micro, vela and
LiteRT. `--data NAME=PATH` gives the data that a card names (`training.data.name`); digits are built
in. The table also lists checkpoints without data. The exit code is 1 if any file failed a gate.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from zoo.checkpoints.card import Card
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.forms import Picture

SHIPPED = Path(__file__).parent.parent / "checkpoints"
COLUMNS = (
    "file",
    "Keras",
    "file's own",
    "MediaPipe Tasks",
    "TF Lite Micro",
    "arena",
    "on Ethos-U55",
    "LiteRT alone",
)
# Importing TensorFlow or Keras fails, which proves that code runs without them.
ALONE = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
import numpy as np
import export
model = export.load_lite(sys.argv[1])
x = np.zeros((1, *model.input.shape[1:]), np.float32)
assert np.isfinite(model(x)).all()
"""


def main() -> int:
    """Exports and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="*", default=[], help="NAME=PATH pairs")
    parser.add_argument("--checkpoints", nargs="*", help="only these")
    parser.add_argument("--output", type=Path, help="keep the exports here")
    arguments = parser.parse_args()
    data = dict(pair.split("=", 1) for pair in arguments.data)
    console = Console() if sys.stdout.isatty() else Console(width=160)
    table = Table("checkpoint", *COLUMNS)
    worst = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.output or Path(scratch)
        for name in arguments.checkpoints or sorted(path.name for path in SHIPPED.iterdir()):
            card = checkpoint_card(name)
            source = data.get(_data_name(card), _data_name(card))
            built_in = source == "digits" or source.startswith("tfds:")
            if not built_in and not Path(source).exists():
                table.add_row(name, f"no data: --data {_data_name(card)}=PATH")
                continue
            for flags in _exports(card):
                output = folder / "-".join([name, *(flag.strip("-") for flag in flags)])
                worst = max(worst, _export(name, source, output, flags))
                for row in _rows(output):
                    table.add_row(name, *row)
    console.print(table)
    return worst


def _data_name(card: Card) -> str:
    return str(card.training.data.name)


def _exports(card: Card) -> list[list[str]]:
    """Flags of each export of a checkpoint."""
    if isinstance(card.input, Picture):
        return [[], ["--edge_io=int8", "--targets=edge"]]
    return [["--streaming=step"] if card.input.shape[0] is None else []]


def _export(name: str, source: str, output: Path, flags: list[str]) -> int:
    command = [sys.executable, "-m", "zoo.commands.main", "export", f"--checkpoint={name}"]
    done = subprocess.run(
        [*command, f"--data={source}", f"--output={output}", *flags],
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode


def _rows(output: Path) -> list[list[str]]:
    if not (output / "report.json").exists():
        return [["not exported"]]
    report = json.loads((output / "report.json").read_text())
    return [
        _row(output, report["reference"]["top1"], artifact)
        for artifact in report["artifacts"].values()
        if artifact["file"].endswith(".tflite")
    ]


def _row(output: Path, keras: float | None, artifact: Mapping[str, Any]) -> list[str]:
    checks, proofs = artifact["checks"], artifact["proofs"]
    io = f" ({artifact['input']['dtype']})" if artifact["input"] else ""
    micro, npu = proofs.get("tflite_micro", {}), proofs.get("ethos_u", {})
    failed = [check for check, verdict in checks.items() if verdict.startswith("fail")]
    own = artifact["accuracy"]["top1"]
    shown = "" if own is None else f"{own:.2%}"
    return [
        f"{artifact['file']}{io}",
        "" if keras is None else f"{keras:.2%}",
        f"{shown} failed: {', '.join(failed)}" if failed else shown or "pass",
        _verdict(checks, "mediapipe"),
        f"{micro['max_steps']} steps{_right(micro)}" if micro else _verdict(checks, "tflite_micro"),
        f"{micro['arena_bytes'] / 1024:,.0f} KiB" if micro else "",
        f"{npu['npu_percent']:.1f} %" if npu else _verdict(checks, "ethos_u"),
        _alone(output / artifact["file"]),
    ]


def _right(micro: Mapping[str, Any]) -> str:
    return f", {micro['top1']:.2%} of {micro['scored']}" if "top1" in micro else ""


def _verdict(checks: Mapping[str, str], name: str) -> str:
    """Says "pass", "fail", "skipped", or nothing where it was not asked for."""
    verdict = checks.get(name, "")
    if "is not installed" in verdict:
        return "not installed"
    return verdict.partition(":")[0]


def _alone(path: Path) -> str:
    if not path.exists():
        return "removed"
    command = [sys.executable, "-c", ALONE, str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    return "pass" if done.returncode == 0 else "fail"


if __name__ == "__main__":
    sys.exit(main())
