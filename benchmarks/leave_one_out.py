r"""Leaves out each group of a folder of sounds by turns, such as each speaker, and measures on it.

    python -m benchmarks.leave_one_out --data=prepared/free_spoken_digits --group='_(\w+)_' \
        --model=residual_lstm --output=runs/speakers

For each group it trains a model on all others by `zoo.train`, and measures it on all sounds of that
group; the splits that the folder may have do not count. Run again, the command goes on where it was
stopped. It prints a row for each group, and the mean.
"""

from __future__ import annotations

import argparse
import csv
import re
import statistics
from pathlib import Path

from rich.console import Console
from rich.table import Table

import zoo
from zoo.checkpoints.card import read_card
from zoo.data.groups import group_in
from zoo.data.sounds.decode import SOUNDS
from zoo.files import whole_file


def main() -> None:
    """Trains one model for each group and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="class folders of sounds")
    parser.add_argument("--group", required=True, help="pattern for the path of a file")
    parser.add_argument("--model", default="residual_lstm")
    parser.add_argument("--output", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--epochs", type=int, help="default the model's")
    parser.add_argument("--batch_size", type=int, help="default the model's")
    parser.add_argument("--augment", default="none")
    asked = parser.parse_args()
    paths = sorted(path for path in asked.data.rglob("*") if path.is_file() and SOUNDS.holds(path))
    groups = [
        group_in(path.relative_to(asked.data).as_posix(), asked.group, strict=True)
        for path in paths
    ]
    table = Table(title=f"{asked.model}, each left out by turns", title_justify="left")
    for column in ("left out", "sounds", "accuracy"):
        table.add_column(column, justify="right")
    scores = []
    for group in sorted(set(groups)):
        run = asked.output / re.sub(r"\W", "_", group)
        if not (run / "card.json").exists():
            source = asked.output / f"without_{run.name}.csv"
            _write(source, paths, [own == group for own in groups])
            zoo.train(
                asked.model,
                str(source),
                output=run,
                epochs=asked.epochs,
                batch_size=asked.batch_size,
                augment=asked.augment,
            )
        (metric,) = (metric for metric in read_card(run).metrics if metric.name == "top1")
        scores.append(metric.value)
        table.add_row(group, f"{metric.examples:,}", f"{metric.value:.2%}")
        print(f"{group}: {metric.value:.2%} of {metric.examples:,}", flush=True)
    table.add_section()
    table.add_row("mean", "", f"{statistics.mean(scores):.2%}")
    Console().print(table)


def _write(source: Path, paths: list[Path], left_out: list[bool]) -> None:
    """Writes the list of all sounds, in which one group is the test split."""
    source.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(source) as whole, whole.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "split"])
        for path, out in zip(paths, left_out, strict=True):
            rows.writerow([path.resolve(), path.parent.name, "test" if out else "train"])


if __name__ == "__main__":
    main()
