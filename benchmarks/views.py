"""What the mean over a picture and its mirror image gains.

    python -m benchmarks.views --checkpoint=resnet8.cifar10 --data=cifar10_jpeg [--most=2000]

It takes `--most` pictures of the test split, as many of each class, and prints the accuracy with
one view and with two, and of how many pictures the second makes the answer right or wrong.
McNemar's exact test says how often chance alone would make them differ as much.
"""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

import zoo
from zoo.artifacts.views import averaged, check_views
from zoo.data.dataset import Split, balanced_sample
from zoo.data.inference import run
from zoo.data.reading import Reading
from zoo.data.sources import load_for


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default="resnet8.cifar10")
    parser.add_argument("--data", required=True)
    parser.add_argument("--most", type=int, default=2000)
    asked = parser.parse_args()
    checkpoint = zoo.load(asked.checkpoint)
    dataset = load_for(checkpoint.card, asked.data, Reading(measured=True))
    check_views(2, dataset, checkpoint.card)
    split = balanced_sample(dataset.test, asked.most)

    def answers(part: Split) -> np.ndarray:
        return dataset.task.predictions(run(checkpoint.model, part.x))

    right = {views: averaged(answers, views)(split).argmax(axis=1) == split.y for views in (1, 2)}
    gained, lost = np.sum(right[2] & ~right[1]), np.sum(right[1] & ~right[2])
    table = Table("views", "top1", title=f"{asked.checkpoint}, {len(split):,} pictures")
    for views, correct in right.items():
        table.add_row(str(views), f"{correct.mean():.2%}")
    Console(width=100).print(table)
    chance = binomtest(int(gained), int(gained + lost)).pvalue if gained + lost else 1.0
    print(f"made right: {gained}, made wrong: {lost}; by chance as much: {chance:.3f}")


if __name__ == "__main__":
    main()
