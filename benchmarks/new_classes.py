r"""New classes from few examples: a trained network fine-tuned, beside fresh weights.

    python -m benchmarks.new_classes --data=prepared/free_spoken_digits --model=residual_lstm
    python -m benchmarks.new_classes --data=prepared/adult --model=residual_mlp --examples=200 \
        --label_column=-1 --new_label_column=9

Of class folders with train/ and test/, the network learns the first half of the classes by `zoo
train`. Then `zoo finetune` and, from fresh weights, `zoo train` learn the other half from the same
`--examples` files of each class. Of a folder of train.csv and test.csv, it learns one column, and
then both learn another column from the same `--examples` rows, without the first. Fresh weights are
trained twice: as `zoo train` does by itself, and for as many epochs and with the same augmentation
as the fine-tuning. All are measured on the whole test split; `--draws` draws other examples.
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
from zoo.forms import Sound


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
    for column in (
        "draw",
        "fine-tuned",
        "seconds",
        "fresh",
        "seconds",
        "fresh, as long",
        "seconds",
    ):
        table.add_column(column, justify="right")
    draws = [compare(asked, draw) for draw in range(asked.draws)]
    for draw, runs in enumerate(draws):
        cells = [cell for run in runs for cell in (f"{run.figure:.2%}", f"{run.seconds:.0f}")]
        table.add_row(str(draw), *cells)
    means = [sum(run.figure for run in runs) / len(runs) for runs in zip(*draws, strict=True)]
    table.add_row("mean", *(cell for mean in means for cell in (f"{mean:.2%}", "")))
    Console().print(table)


def _folders(asked: argparse.Namespace, draw: int) -> list[Run]:
    """Compares on the second half of the classes of a folder."""
    classes = sorted(path.name for path in (asked.data / "train").iterdir() if path.is_dir())
    half = len(classes) // 2
    first, second = asked.output / "first", asked.output / f"second-{draw}"
    _copy(asked.data, first, classes[:half], None, 0)
    _copy(asked.data, second, classes[half:], asked.examples, draw)
    return _runs(asked, draw, first, second, (), ())


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


def _rows(asked: argparse.Namespace, draw: int) -> list[Run]:
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
    return _runs(asked, draw, first, second, label, (f"--label_column={asked.new_label_column}",))


def _runs(
    asked: argparse.Namespace,
    draw: int,
    first: Path,
    second: Path,
    label: Sequence[str],
    new_label: Sequence[str],
) -> list[Run]:
    """Returns the fine-tuned network and the two fresh ones."""
    base, tuned, fresh, long = (
        asked.output / name for name in ("base", f"tuned-{draw}", f"fresh-{draw}", f"long-{draw}")
    )
    _run("train", base, f"--model={asked.model}", f"--data={first}", *label)
    data = (f"--data={second}", *new_label)
    finetuning = _run("finetune", tuned, f"--checkpoint={base}", *data)
    with (tuned / "history.csv").open(encoding="utf-8", newline="") as file:
        epochs = sum(row["stage"] == "2" for row in csv.DictReader(file))
    sounds = isinstance(read_card(tuned).input, Sound)
    alike = (f"--epochs={epochs}", *(["--augment=light"] if sounds else []))
    return [
        finetuning,
        _run("train", fresh, f"--model={asked.model}", *data),
        _run("train", long, f"--model={asked.model}", *data, *alike),
    ]


def _run(command: str, output: Path, *arguments: str) -> Run:
    """Runs a command; a finished one is not run again."""
    started = time.monotonic()
    zoo = [sys.executable, "-m", "zoo.commands.main", command]
    subprocess.run([*zoo, *arguments, f"--output={output}"], check=True)
    metrics = {metric.name: metric.value for metric in read_card(output).metrics}
    figure = metrics.get("recordings_top1", metrics.get("top1"))
    assert figure is not None
    return Run(figure, time.monotonic() - started)


if __name__ == "__main__":
    main()
