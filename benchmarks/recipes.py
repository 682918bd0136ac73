"""What each option of a recipe gains, with the same epochs, batches and data.

    python -m benchmarks.recipes --data=CIFAR10 [--model=resnet20] [--epochs=30] [--seeds=3]
        [--teacher=CHECKPOINT] [--only ema mixup …] [--output=runs/recipes]

It runs `zoo train` without any option and with each of them, for each seed. The gain of an option
is the mean over the seeds of its test accuracy less that without it, in points, with its 95 %
interval (of Student's t, so it is wide for few seeds). Each run is a folder of `--output`: the same
command goes on where it was stopped, and what is finished is read.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from zoo.analysis.interval import interval

# Every option beside the flags that all trainings have.
OPTIONS = {
    "no label smoothing": ("--label_smoothing=0",),
    "EMA": ("--ema=0.999",),
    "MixUp": ("--mixup=0.2",),
    "CutMix": ("--cutmix=1",),
    "MixUp and CutMix": ("--mixup=0.2", "--cutmix=1"),
    "stochastic depth": ("--stochastic_depth=0.1",),
    "clipping": ("--clip=1",),
    "SGD, Nesterov": ("--optimizer=sgd",),
    "Lion": ("--optimizer=lion",),
    "LAMB": ("--optimizer=lamb",),
    "shifts alone": ("--augment=shift",),
    "TrivialAugment": ("--augment=trivial",),
    "strong augmentation": ("--augment=strong",),
    "no augmentation": ("--augment=none",),
}
_PLAIN = "plain"


def main() -> None:
    """Trains all and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default="resnet20")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--image_size", type=int, default=32)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--teacher", help="a checkpoint of the same classes")
    parser.add_argument("--only", nargs="+", choices=[*OPTIONS, "teacher"], help="these options")
    parser.add_argument("--output", type=Path, default=Path("runs/recipes"))
    asked = parser.parse_args()
    options = dict(OPTIONS)
    if asked.teacher:
        options["teacher"] = (f"--teacher={asked.teacher}",)
    names = [name for name in options if asked.only is None or name in asked.only]
    title = f"{asked.model}, {asked.epochs} epochs, {asked.seeds} seeds: {Path(asked.data).name}"
    table = Table(title=title, title_justify="left")
    for column in ("option", "flags", "accuracy", "gain in points", "95 % interval"):
        table.add_column(column, justify="left" if column in ("option", "flags") else "right")
    # Seed by seed, so that what is there after a stop says something of every option.
    rows = [
        {name: _accuracy(asked, name, options.get(name, ()), seed) for name in (_PLAIN, *names)}
        for seed in range(asked.seeds)
    ]
    plain = np.array([row[_PLAIN] for row in rows])
    table.add_row(_PLAIN, "", f"{plain.mean():.2%}", "", "")
    for name in names:
        values = np.array([row[name] for row in rows])
        gain = interval(100 * (values - plain))
        ends = f"{gain.low:+.2f} to {gain.high:+.2f}" if asked.seeds > 1 else ""
        flags = " ".join(options[name])
        table.add_row(name, flags, f"{values.mean():.2%}", f"{gain.mean:+.2f}", ends)
    Console().print(table)


def _accuracy(asked: argparse.Namespace, name: str, option: tuple[str, ...], seed: int) -> float:
    """Returns the test accuracy of a training, which is run if it is not finished."""
    run = asked.output / f"{name.replace(', ', '-').replace(' ', '-').lower()}-{seed}"
    usual = [
        f"--{flag}={getattr(asked, flag)}"
        for flag in ("data", "model", "epochs", "batch_size", "image_size", "precision")
    ]
    # Of a flag that is given twice, the last counts.
    subprocess.run(
        [sys.executable, "-m", "zoo.commands.main", "train", *usual, "--augment=light", *option,
         f"--seed={seed}", f"--output={run}"],
        check=True,
    )  # fmt: skip
    metrics = json.loads((run / "card.json").read_text())["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "top1")


if __name__ == "__main__":
    main()
