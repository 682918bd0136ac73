"""A pretrained backbone beside random weights, on the same photographs and with the same budget.

    python -m benchmarks.transfer --data=FOLDER --checkpoint=resnet18.cifar10

First it runs `zoo finetune` with its own defaults. Then it runs `zoo train` for the same model and
size, with the same augmentation, for as many epochs as the fine-tuning trained the whole network.
With `--epochs`, it runs both for each of these numbers instead. It prints the seconds of each whole
command, its accuracy, and by how much the backbone is better.
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
    parser.add_argument("--epochs", type=int, nargs="+", help="of the network, default as decided")
    parser.add_argument("--augment", default="light")
    asked = parser.parse_args()
    table = Table(title=f"{asked.checkpoint} and random weights", title_justify="left")
    for column in ("epochs", "seconds", "test", "random: seconds", "test", "margin in points"):
        table.add_column(column, justify="right")
    for epochs in asked.epochs or [None]:
        with tempfile.TemporaryDirectory() as folder:
            table.add_row(*_compare(asked, Path(folder), epochs))
    Console().print(table)


def _compare(asked: argparse.Namespace, folder: Path, epochs: int | None) -> list[str]:
    """Returns a row of the table."""
    shared = [f"--data={asked.data}", f"--augment={asked.augment}"]
    size = [f"--image_size={asked.image_size}"] if asked.image_size else []
    given = [f"--epochs={epochs}"] if epochs else []
    tuned, fresh = folder / "tuned", folder / "fresh"
    finetuning = _run(
        "finetune", f"--checkpoint={asked.checkpoint}", *shared, *size, *given, f"--output={tuned}"
    )
    card = read_card(tuned)
    with (tuned / "history.csv").open(encoding="utf-8", newline="") as file:
        epochs = sum(row["stage"] == "2" for row in csv.DictReader(file))
    training = _run(
        "train", f"--model={card.model}", *shared, f"--image_size={card.input.shape[0]}",
        f"--epochs={max(epochs, 1)}", f"--output={fresh}",
    )  # fmt: skip
    ours, theirs = card.metrics[0].value, read_card(fresh).metrics[0].value
    return [
        str(epochs), f"{finetuning:.0f}", f"{ours:.2%}", f"{training:.0f}", f"{theirs:.2%}",
        f"{100 * (ours - theirs):+.2f}",
    ]  # fmt: skip


def _run(command: str, *arguments: str) -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "zoo.commands.main", command, *arguments], check=True)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
