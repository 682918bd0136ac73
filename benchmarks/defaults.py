"""`zoo finetune` with its defaults beside twenty lines of plain Keras, in the same processor time.

    python -m benchmarks.defaults --data FOLDER … [--seeds=3] [--output=runs/defaults]

For each folder of pictures and each seed it runs `zoo finetune --checkpoint=… --data=FOLDER`, and
takes the processor seconds of that whole command. Then `_plain` starts from the same weights with
a fresh head, and trains all layers with Adam at 1e-4, in batches of 32 and without augmentation,
until it has used as many. Both see the same training pictures and are measured on the same test
pictures. It prints a table, and keeps what is finished in `--output`, so that it can be continued.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

_RATE, _BATCH = 1e-4, 32


def main() -> None:
    """Trains all and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", required=True, help="folders of pictures")
    parser.add_argument("--checkpoint", default="resnet18.cifar10")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("runs/defaults"))
    parser.add_argument("--plain", type=float, help=argparse.SUPPRESS)  # Seconds, of one seed.
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.plain is not None:
        print(json.dumps({"top1": _plain(asked.checkpoint, *asked.data, asked.seed, asked.plain)}))
        return
    table = Table(title=f"{asked.checkpoint}, mean of {asked.seeds} seeds", title_justify="left")
    for column in ("pictures", "zoo finetune", "plain Keras", "points", "seconds"):
        table.add_column(column, justify="left" if column == "pictures" else "right")
    margins = []
    for data in asked.data:
        rows = [_compared(asked, Path(data), seed) for seed in range(asked.seeds)]
        ours, plain, seconds = (
            float(np.mean([row[name] for row in rows])) for name in ("zoo", "plain", "seconds")
        )
        margins.append(100 * (ours - plain))
        cells = (f"{ours:.2%}", f"{plain:.2%}", f"{margins[-1]:+.2f}", f"{seconds:.0f}")
        table.add_row(Path(data).name, *cells)
    table.add_row("mean", "", "", f"{np.mean(margins):+.2f}", "")
    Console().print(table)


def _compared(asked: argparse.Namespace, data: Path, seed: int) -> dict[str, float]:
    """Returns the accuracies of both and the processor seconds of ours; kept in a file."""
    run = asked.output / f"{data.name}-{seed}"
    kept = run.with_suffix(".json")
    if kept.is_file():
        return json.loads(kept.read_text())
    asked.output.mkdir(parents=True, exist_ok=True)
    before = _used(resource.RUSAGE_CHILDREN)
    zoo = [sys.executable, "-m", "zoo.commands.main", "finetune"]
    start = [f"--checkpoint={asked.checkpoint}", f"--data={data}", f"--seed={seed}"]
    subprocess.run([*zoo, *start, f"--output={run}"], check=True)
    seconds = _used(resource.RUSAGE_CHILDREN) - before
    metrics = json.loads((run / "card.json").read_text())["metrics"]
    plain = subprocess.run(
        [sys.executable, "-m", "benchmarks.defaults", f"--data={data}", f"--seed={seed}",
         f"--checkpoint={asked.checkpoint}", f"--plain={seconds}"],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    row = {
        "zoo": next(metric["value"] for metric in metrics if metric["name"] == "top1"),
        "plain": json.loads(plain.stdout.splitlines()[-1])["top1"],
        "seconds": seconds,
    }
    print(data.name, seed, row, flush=True)
    kept.write_text(json.dumps(row))
    return row


def _plain(checkpoint: str, data: str, seed: int, seconds: float) -> float:
    """Trains in plain Keras until its process has used the seconds; returns the test accuracy."""
    import keras

    from zoo.checkpoints.catalogue import checkpoint_card
    from zoo.checkpoints.load import create_model
    from zoo.data.sources import load_dataset

    keras.utils.set_random_seed(seed)
    card = checkpoint_card(checkpoint)
    dataset = load_dataset(data, form=card.input)
    train, test = dataset.train, dataset.test
    model = create_model(card.model, checkpoint=checkpoint, num_classes=len(dataset.labels))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(_RATE), loss, metrics=["accuracy"])
    x, y, longest = train.x[:].astype("float32"), train.y, 0.0
    while _used(resource.RUSAGE_SELF) + longest < seconds:
        before = _used(resource.RUSAGE_SELF)
        model.fit(x, y, batch_size=_BATCH, verbose=0)
        # The first epoch compiles the model, so that the next one is shorter.
        longest = _used(resource.RUSAGE_SELF) - before
    logits = model.predict(test.x[:].astype("float32"), verbose=0)
    return float(np.mean(logits.argmax(axis=1) == test.y))


def _used(who: int) -> float:
    """Returns the processor seconds of this process, or of its ended children."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
