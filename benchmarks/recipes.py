"""What each option of a recipe gains, with the same epochs, batches and data.

    python -m benchmarks.recipes --data=CIFAR10 [--model=resnet20] [--epochs=30] [--seeds=3]
        [--pictures=N] [--teacher=CHECKPOINT] [--only EMA MixUp …] [--jobs=1]
        [--output=runs/recipes]

It runs `zoo train` without any option and with each of them, for each seed. The gain of an option
is the mean over the seeds of its test accuracy less that without it, in points, with its 95 %
interval (of Student's t, so it is wide for few seeds). Each run is a folder of `--output`: the same
command goes on where it was stopped, and what is finished is read. With `--pictures` it learns from
so many of the training split, as many of each class, and a tenth as many of the validation split.
`--jobs=2` trains two at once, each on a half of the cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from rich.console import Console
from rich.table import Table

from zoo.analysis.interval import interval
from zoo.data.dataset import balanced_sample
from zoo.data.sources import load_dataset
from zoo.files import whole_file

# Every option beside the flags that all trainings have.
OPTIONS = {
    "no label smoothing": ("--label_smoothing=0",),
    "EMA": ("--ema=0.999",),
    "MixUp": ("--mixup=0.2",),
    "CutMix": ("--cutmix=1",),
    "MixUp and CutMix": ("--mixup=0.2", "--cutmix=1"),
    "stochastic depth": ("--stochastic_depth=0.1",),
    "clipping": ("--clip=1",),
    "AdamW, three times the rate": ("--learning_rate=3e-3",),
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
    parser.add_argument("--pictures", type=int, help="of the training split; default all")
    parser.add_argument("--teacher", help="a checkpoint of the same classes")
    parser.add_argument("--only", nargs="+", choices=[*OPTIONS, "teacher"], help="these options")
    parser.add_argument("--output", type=Path, default=Path("runs/recipes"))
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    asked = parser.parse_args()
    options = dict(OPTIONS)
    if asked.teacher:
        options["teacher"] = (f"--teacher={asked.teacher}",)
    names = [name for name in options if asked.only is None or name in asked.only]
    title = f"{asked.model}, {asked.epochs} epochs, {asked.seeds} seeds: {Path(asked.data).name}"
    if asked.pictures:
        title += f", {asked.pictures:,} pictures"
        asked.data = _fewer(asked)
    table = Table(title=title, title_justify="left")
    for column in ("option", "flags", "accuracy", "gain in points", "95 % interval"):
        table.add_column(column, justify="left" if column in ("option", "flags") else "right")
    pool, free = ThreadPoolExecutor(asked.jobs), _shares(asked.jobs)
    # Seed by seed, so that what is there after a stop says something of every option.
    trainings = [
        {
            name: pool.submit(_accuracy, asked, free, name, options.get(name, ()), seed)
            for name in (_PLAIN, *names)
        }
        for seed in range(asked.seeds)
    ]
    try:
        rows = [{name: one.result() for name, one in row.items()} for row in trainings]
    finally:
        pool.shutdown(cancel_futures=True)  # After an error or Ctrl-C none begins.
    plain = np.array([row[_PLAIN] for row in rows])
    table.add_row(_PLAIN, "", f"{plain.mean():.2%}", "", "")
    for name in names:
        values = np.array([row[name] for row in rows])
        gain = interval(100 * (values - plain))
        ends = f"{gain.low:+.2f} to {gain.high:+.2f}" if asked.seeds > 1 else ""
        flags = " ".join(options[name])
        table.add_row(name, flags, f"{values.mean():.2%}", f"{gain.mean:+.2f}", ends)
    Console(width=120).print(table)


def _fewer(asked: argparse.Namespace) -> Path:
    """Returns an .npz file of the data with so many training pictures, which is made once."""
    path = asked.output / f"{Path(asked.data).stem}-{asked.image_size}-{asked.pictures}.npz"
    if not path.exists():
        dataset = load_dataset(asked.data, image_size=asked.image_size)
        train = balanced_sample(dataset.train, asked.pictures)
        validation = balanced_sample(dataset.validation, asked.pictures // 10)
        arrays = {"labels": np.array(dataset.labels)}
        for split, ending in ((train, ""), (validation, "_val"), (dataset.test, "_test")):
            arrays |= {f"x{ending}": split.x[:], f"y{ending}": split.y}
        with whole_file(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
    return path


def _shares(jobs: int) -> SimpleQueue[set[int]]:
    """Returns the cores of each of so many trainings at once; empty sets if they cannot be set."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    free: SimpleQueue[set[int]] = SimpleQueue()
    for job in range(jobs):
        free.put(set(cores[job::jobs]))
    return free


def _accuracy(
    asked: argparse.Namespace,
    free: SimpleQueue[set[int]],
    name: str,
    option: tuple[str, ...],
    seed: int,
) -> float:
    """Returns the test accuracy of a training, which is run if it is not finished."""
    run = asked.output / f"{name.replace(', ', '-').replace(' ', '-').lower()}-{seed}"
    usual = [
        f"--{flag}={getattr(asked, flag)}"
        for flag in ("data", "model", "epochs", "batch_size", "image_size", "precision")
    ]
    cores = free.get()
    try:
        # Of a flag that is given twice, the last counts.
        subprocess.run(
            [sys.executable, "-m", "zoo.commands.main", "train", *usual, "--augment=light", *option,
             f"--seed={seed}", f"--output={run}"],
            check=True,
            preexec_fn=partial(os.sched_setaffinity, 0, cores) if cores else None,
        )  # fmt: skip
    finally:
        free.put(cores)
    metrics = json.loads((run / "card.json").read_text())["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "top1")


if __name__ == "__main__":
    main()
