"""`zoo evaluate`: how good a checkpoint or an exported file is, on the same data."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from absl import flags
from rich.table import Table

from zoo.artifacts.open import Artifact, artifact_labels, check_origin, open_artifact
from zoo.commands.console import console
from zoo.commands.flags.reading import define_reading, reading
from zoo.commands.flags.trusting import define_trust
from zoo.commands.runner import DONE, Command, no_more
from zoo.errors import RequestError
from zoo.quiet import import_keras

if TYPE_CHECKING:
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset
    from zoo.data.reading import Reading
    from zoo.models import InputKind
    from zoo.tasks import Score, ScoreTable

    Measured: TypeAlias = tuple[Dataset, str, Score]

# What goes into a file, by the dimensions of one example.
KINDS: dict[int, InputKind] = {3: "image", 2: "sequence", 1: "features"}

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string(
    "artifact", None,
    "or a .tflite file or a SavedModel's folder; for a table with the checkpoint it was made from",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("data", "digits", "the measure", flag_values=FLAGS)
flags.DEFINE_enum(
    "split", "test", ["test", "validation", "train", "all"],
    "of the data; test of a file without splits, and that the checkpoint was not trained on: all",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("output", None, "file for the figures, as JSON", flag_values=FLAGS)
define_reading(FLAGS)
define_trust(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Evaluates."""
    no_more(rest)
    if not values.checkpoint and not values.artifact:
        raise RequestError("say what to evaluate: --checkpoint=NAME or --artifact=FILE")
    import_keras()
    from zoo.files import write_text

    terminal = console()
    measure = _measure_artifact if values.artifact else _measure_checkpoint
    with reading(values, terminal) as how:
        dataset, name, score = measure(values, how)
    for note in dataset.notes:
        terminal.print(note)
    for table in score.tables:
        terminal.print(_table(table))
    figures = ", ".join(dataset.task.text(key, value) for key, value in score.figures.items())
    if name != values.split:
        terminal.print(
            f"{values.data} is not what {values.checkpoint} was trained on, and has no test split "
            "of its own: all examples count"
        )
    which = "all {:,} examples" if name == "all" else f"{{:,}} {name} examples"
    terminal.print(f"{figures} on {which.format(score.examples)} of {dataset.name}")
    if values.output:
        text = json.dumps(dataclasses.asdict(score), indent=2)
        write_text(Path(values.output), text + "\n")
    return DONE


def _measure_checkpoint(values: flags.FlagValues, how: Reading) -> Measured:
    from zoo.checkpoints.load import load
    from zoo.data.sources import load_for
    from zoo.training.inference import evaluate

    checkpoint = load(values.checkpoint)
    dataset = load_for(checkpoint.card, values.data, how)
    name = _split_name(values.split, dataset, checkpoint.card)
    return dataset, name, evaluate(checkpoint.model, dataset.split(name), dataset.labels)


def _split_name(asked: str, dataset: Dataset, card: Card) -> str:
    """Returns which split counts: of data that a checkpoint has never seen, all."""
    known = card.training.data.fingerprint if card.training and card.training.data else None
    new = dataset.divided and dataset.fingerprint() != known
    return "all" if asked == "test" and new else asked


def _measure_artifact(values: flags.FlagValues, how: Reading) -> Measured:
    with open_artifact(values.artifact, trust=values.trust) as artifact:
        return _measure_opened(artifact, values, how)


def _measure_opened(artifact: Artifact, values: flags.FlagValues, how: Reading) -> Measured:
    from zoo.checkpoints.catalogue import checkpoint_card
    from zoo.data.sequences import of_length
    from zoo.data.sources import load_dataset, load_for
    from zoo.data.tables.table import table_files

    shape = artifact.shape
    name = values.split
    if values.checkpoint:
        card = checkpoint_card(values.checkpoint)
        dataset = load_for(card, values.data, how)
        name = _split_name(name, dataset, card)
        if dataset.columns is not None:
            check_origin(values.artifact, values.checkpoint, card)
    elif table_files(values.data):
        raise RequestError(
            f"{values.data} is a table, and {values.artifact} takes features: say --checkpoint "
            "too, the one that it was exported from, whose card holds the columns"
        )
    else:
        size = shape[0] if len(shape) == 3 else None
        kind = KINDS[len(shape)]
        dataset = load_dataset(values.data, kind, image_size=size, reading=how)
    split = dataset.split(name)
    if len(shape) == 2 and shape[0] is not None:
        split = of_length(dataset, shape[0]).split(name)
    x = split.x
    if any(side not in (None, own) for side, own in zip(shape, x.shape[1:], strict=True)):
        raise RequestError(f"{values.artifact} takes {shape}, {dataset.name} has {x.shape[1:]}")
    outputs = artifact.run(x, split.lengths)
    if outputs.shape[1] != len(dataset.labels):
        raise RequestError(
            f"{values.artifact} tells {outputs.shape[1]} classes apart, "
            f"{dataset.name} has {len(dataset.labels)}"
        )
    labels = artifact_labels(artifact) if dataset.task.learns == "classes" else None
    # Classes of an .npz file without names are numbers.
    numbers = tuple(map(str, range(len(dataset.labels))))
    numbered = values.data.endswith(".npz") and dataset.labels == numbers
    if labels and not numbered and labels != dataset.labels:
        raise RequestError(
            f"the labels of {values.artifact} are {', '.join(labels)}, those of {dataset.name} "
            f"{', '.join(dataset.labels)}; they must be the same, in this order"
        )
    return dataset, name, dataset.task.score(outputs, split.y, dataset.labels)


def _table(score: ScoreTable) -> Table:
    table = Table(score.head[0], title=score.title, title_justify="left")
    for column in score.head[1:]:
        table.add_column(column, justify="right")
    for row in score.rows:
        table.add_row(*row)
    return table


COMMAND = Command(
    "evaluate",
    "accuracy, per-class table and confusion matrix of a checkpoint or of an exported file.",
    FLAGS,
    main,
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
