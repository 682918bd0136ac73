"""What the skips of the residual MLP are for: depth, with them and without, on digits.

    python -m benchmarks.depth

Each cell is the mean test accuracy over the seeds, and in brackets the lowest, of what

    zoo train --model=residual_mlp --data=digits --config=depth=DEPTH[,norm=NORM][,shortcut=none]

trains with the recipe of the model. A unit has two dense layers: depth 2 is 4 layers, depth 16 is
32, besides the stem and the head. `tests/training/test_depth.py` shows the same at reduced size.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zoo.commands.runner import import_keras

SHORTCUTS = {"residual": "auto", "plain": "none"}


def main() -> None:
    """Trains and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depths", type=int, nargs="*", default=[2, 4, 16, 32], help="units")
    parser.add_argument("--norms", nargs="*", default=["batch"], help="of batch, layer, none")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each")
    parser.add_argument("--epochs", type=int, help="default those of the model's recipe")
    arguments = parser.parse_args()
    import_keras()
    # Wide enough for the table where the output goes to a file.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    title = f"Test accuracy on digits in %: mean of {arguments.seeds} seeds (lowest)"
    table = Table(title=title, title_justify="left")
    table.add_column("norm")
    table.add_column("network")
    for depth in arguments.depths:
        table.add_column(f"depth {depth}\n{2 * depth} layers", justify="right")
    for norm in arguments.norms:
        for network, shortcut in SHORTCUTS.items():
            cells = []
            for depth in arguments.depths:
                config = {"depth": depth, "norm": norm, "shortcut": shortcut}
                seeds = range(arguments.seeds)
                scores = [_accuracy(config, seed, arguments.epochs) for seed in seeds]
                cells.append(f"{100 * statistics.mean(scores):.2f} ({100 * min(scores):.2f})")
                told = ", ".join(f"{100 * score:.2f}" for score in scores)
                print(f"{norm}, {network}, depth {depth}: {told}", file=sys.stderr, flush=True)
            table.add_row(norm, network, *cells)
    console.print(table)


def _accuracy(config: dict[str, object], seed: int, epochs: int | None) -> float:
    """Returns the test accuracy of one training."""
    from zoo.data.digits import load_digits
    from zoo.models import MODELS
    from zoo.training.recipe import Recipe
    from zoo.training.run import train

    asked = {} if epochs is None else {"epochs": epochs}
    recipe = Recipe(**{**MODELS.get("residual_mlp").recipe, **asked, "seed": seed})
    with tempfile.TemporaryDirectory() as folder:
        dataset = load_digits("features")
        card = train("residual_mlp", dataset, recipe, Path(folder) / "run", config=config)
    return card.metrics[0].value


if __name__ == "__main__":
    main()
