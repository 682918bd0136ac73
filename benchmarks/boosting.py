"""Gradient boosting on a table, on the very splits that `zoo train` learns it from.

    python -m benchmarks.boosting --data=adult --label_column=-1
    python -m benchmarks.boosting --data=housing.csv --label_column=price --task=regression

scikit-learn's HistGradientBoosting gets the rows that a residual MLP gets. The validation split
ends its training, and decides about its learning rate and the size of its trees.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from zoo.data.dataset import Split
from zoo.data.tables.table import load_table
from zoo.forms import Table
from zoo.tasks import TASKS, find_task

RATES, LEAVES = (0.05, 0.1), (31, 63)


def main() -> None:
    """Prints the figure of the test split."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a table, as for zoo train")
    parser.add_argument("--label_column", required=True, help="the column to learn")
    parser.add_argument("--task", choices=sorted(TASKS), default="classification")
    arguments = parser.parse_args()
    task = find_task(arguments.task)
    data = load_table(arguments.data, label_column=arguments.label_column, task=task)
    assert isinstance(data.form, Table)
    started, tried = time.monotonic(), []
    for rate, leaves in itertools.product(RATES, LEAVES):
        kind = (
            HistGradientBoostingClassifier
            if task.learns == "classes"
            else HistGradientBoostingRegressor
        )
        trees = kind(
            learning_rate=rate,
            max_leaf_nodes=leaves,
            max_iter=2000,
            early_stopping=True,
            n_iter_no_change=20,
            # Its bins are 255, so a longer vocabulary goes in as numbers.
            categorical_features=[
                column.kind == "category" and column.unseen < 255 for column in data.form.columns
            ],
            random_state=0,
        )
        trees.fit(*_rows(data.train), X_val=data.validation.x, y_val=data.validation.y)
        tried.append((trees.score(*_rows(data.validation)), rate, leaves, trees))
        print(f"rate {rate}, {leaves} leaves, {trees.n_iter_} trees: {tried[-1][0]:.4f} validation")
    best = max(tried, key=lambda row: row[0])[-1]
    figure = "accuracy" if task.learns == "classes" else "R²"
    seconds = (time.monotonic() - started) / len(tried)
    print(f"{figure} {best.score(*_rows(data.test)):.4f} on {len(data.test):,} test rows of "
          f"{data.name}; {seconds:.1f} s a training")  # fmt: skip


def _rows(split: Split) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(split.x), np.asarray(split.y)


if __name__ == "__main__":
    main()
