"""A pretrained backbone beside random weights, on the same photographs and with the same budget.

    python -m benchmarks.transfer --data=FOLDER --checkpoint=resnet18.cifar10

First `zoo finetune`, as it decides by itself unless `--epochs` is given; then `zoo train` of the
same model at the same size, with the same augmentation and as many epochs as the fine-tuning had
for the whole network. Printed: seconds of each command from its start to its end, epochs, accuracy.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zoo.checkpoints.card import read_card


def main() -> None:
    """Trains both and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of class folders of photos")
    parser.add_argument("--checkpoint", default="resnet18.cifar10")
    parser.add_argument("--image_size", type=int, help="default the checkpoint's")
    parser.add_argument("--epochs", type=int, help="of the network; default as finetune decides")
    parser.add_argument("--augment", default="light")
    asked = parser.parse_args()
    shared = [f"--data={asked.data}", f"--augment={asked.augment}"]
    size = [f"--image_size={asked.image_size}"] if asked.image_size else []
    given = [f"--epochs={asked.epochs}"] if asked.epochs else []
    table = Table("from")
    for column in ("seconds", "epochs", "test accuracy"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        tuned, fresh = Path(folder, "tuned"), Path(folder, "fresh")
        spent = _run(
            "finetune", f"--checkpoint={asked.checkpoint}", *shared, *size, *given,
            f"--output={tuned}",
        )  # fmt: skip
        card = read_card(tuned)
        with (tuned / "history.csv").open(encoding="utf-8", newline="") as file:
            epochs = sum(row["stage"] == "2" for row in csv.DictReader(file))
        accuracies = [card.metrics[0].value]
        table.add_row(asked.checkpoint, f"{spent:.0f}", str(epochs), f"{accuracies[0]:.2%}")
        spent = _run(
            "train", f"--model={card.model}", *shared, f"--image_size={card.input.shape[0]}",
            f"--epochs={max(epochs, 1)}", f"--output={fresh}",
        )  # fmt: skip
        accuracies.append(read_card(fresh).metrics[0].value)
        table.add_row("random weights", f"{spent:.0f}", str(epochs), f"{accuracies[1]:.2%}")
    console = Console()
    console.print(table)
    console.print(f"margin: {100 * (accuracies[0] - accuracies[1]):.2f} points")


def _run(command: str, *arguments: str) -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "zoo.commands.main", command, *arguments], check=True)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
