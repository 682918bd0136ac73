r"""New classes from few examples: a trained network fine-tuned, beside fresh weights.

    python -m benchmarks.new_classes --data=prepared/free_spoken_digits --model=residual_lstm
    python -m benchmarks.new_classes --data=prepared/adult --model=residual_mlp --examples=200 \
        --label_column=-1 --new_label_column=9

Of class folders with train/ and test/, the network learns the first half of the classes by `zoo
train`. Then `zoo finetune` and, from fresh weights, `zoo train` learn the other half from the same
`--examples` files of each class. Of a folder of train.csv and test.csv, it learns one column, and
then both learn another column from the same `--examples` rows, without the first. Every command has
its own defaults. Both are measured on the whole test split; `--draws` draws other examples.
"""

from __future__ import annotations

import argparse
import csv
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zoo.checkpoints.card import read_card


@dataclass(frozen=True)
class Run:
    """A finished training: the figure of its card and how long the command took."""

    figure: float
    seconds: float


def main() -> None:
    """Trains all and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="with train and test")
    parser.add_argument("--model", default="residual_lstm")
    parser.add_argument("--examples", type=int, default=20, help="of a new class, or rows in all")
    parser.add_argument("--draws", type=int, default=3, help="how often examples are drawn")
    parser.add_argument("--label_column", help="of tables: what is learnt first")
    parser.add_argument("--new_label_column", help="of tables: what is learnt then")
    parser.add_argument("--output", type=Path, default=Path("runs/new_classes"))
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    compare = _rows if (asked.data / "train.csv").is_file() else _folders
    table = Table(title=f"{asked.model} on {asked.data.name}", title_justify="left")
    for column in ("draw", "fine-tuned", "seconds", "fresh", "seconds", "margin in points"):
        table.add_column(column, justify="right")
    margins = []
    for draw in range(asked.draws):
        tuned, fresh = compare(asked, draw)
        margins.append((tuned.figure, fresh.figure))
        table.add_row(
            str(draw), f"{tuned.figure:.2%}", f"{tuned.seconds:.0f}", f"{fresh.figure:.2%}",
            f"{fresh.seconds:.0f}", f"{100 * (tuned.figure - fresh.figure):+.2f}",
        )  # fmt: skip
    means = [sum(figures) / len(margins) for figures in zip(*margins, strict=True)]
    table.add_row("mean", f"{means[0]:.2%}", "", f"{means[1]:.2%}", "", "")
    Console().print(table)


def _folders(asked: argparse.Namespace, draw: int) -> tuple[Run, Run]:
    """Compares on the second half of the classes of a folder."""
    classes = sorted(path.name for path in (asked.data / "train").iterdir() if path.is_dir())
    half = len(classes) // 2
    first, second = asked.output / "first", asked.output / f"second-{draw}"
    _copy(asked.data, first, classes[:half], None, 0)
    _copy(asked.data, second, classes[half:], asked.examples, draw)
    return _pair(asked, draw, first, second, (), ())


def _copy(data: Path, folder: Path, classes: Sequence[str], most: int | None, seed: int) -> None:
    """Copies classes, of the training split at most so many files of each."""
    if folder.exists():
        return
    for split in ("train", "test"):
        for name in classes:
            files = sorted(path for path in (data / split / name).iterdir() if path.is_file())
            if split == "train" and most is not None:
                files = random.Random(f"{seed} {name}").sample(files, min(most, len(files)))
            (folder / split / name).mkdir(parents=True)
            for file in files:
                shutil.copy(file, folder / split / name)


def _rows(asked: argparse.Namespace, draw: int) -> tuple[Run, Run]:
    """Compares on another label column of a table, of which few rows are labelled."""
    first, second = asked.data, asked.output / f"second-{draw}"
    if not second.exists():
        second.mkdir()
        for split in ("train", "test"):
            with (asked.data / f"{split}.csv").open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file, skipinitialspace=True))
            column = int(asked.label_column)
            rows = [[cell for cell in row if cell is not row[column]] for row in rows]
            if split == "train":
                rows = random.Random(draw).sample(rows, asked.examples)
            with (second / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(rows)
    label = (f"--label_column={asked.label_column}",)
    return _pair(asked, draw, first, second, label, (f"--label_column={asked.new_label_column}",))


def _pair(
    asked: argparse.Namespace,
    draw: int,
    first: Path,
    second: Path,
    label: Sequence[str],
    new_label: Sequence[str],
) -> tuple[Run, Run]:
    """Returns the fine-tuned and the fresh network."""
    base = asked.output / "base"
    _run("train", f"--model={asked.model}", f"--data={first}", f"--output={base}", *label)
    data = (f"--data={second}", *new_label)
    tuned = _run("finetune", f"--checkpoint={base}", *data, f"--output={asked.output}/tuned-{draw}")
    fresh = _run("train", f"--model={asked.model}", *data, f"--output={asked.output}/fresh-{draw}")
    return tuned, fresh


def _run(command: str, *arguments: str) -> Run:
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "zoo.commands.main", command, *arguments], check=True)
    output = next(a.removeprefix("--output=") for a in arguments if a.startswith("--output="))
    metrics = {metric.name: metric.value for metric in read_card(Path(output)).metrics}
    figure = metrics.get("recordings_top1", metrics.get("top1"))
    assert figure is not None
    return Run(figure, time.monotonic() - started)


if __name__ == "__main__":
    main()
