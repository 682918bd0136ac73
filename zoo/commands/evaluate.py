"""`zoo evaluate`: how good a checkpoint or an exported file is, on the same data."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from absl import flags
from rich.console import Console
from rich.table import Table

from zoo.commands.reading import define_reading, reading
from zoo.commands.runner import DONE, Command, no_more
from zoo.errors import RequestError

if TYPE_CHECKING:
    from zoo.files import write_text
    from zoo.training.evaluation import Evaluation, evaluate

    if values.artifact:
        dataset, evaluation = _evaluate_artifact(values)
    else:
        from zoo.checkpoints.store import load
        from zoo.data.sources import load_for

        checkpoint = load(values.checkpoint)
        dataset = load_for(checkpoint.card, values.data, reading(values))
        evaluation = evaluate(checkpoint.model, dataset, _split(dataset, values.split))
    console = Console()
    for note in dataset.notes:
        console.print(note, soft_wrap=True, highlight=False)
    if isinstance(evaluation, Evaluation):
        console.print(_class_table(evaluation.classes))
        console.print(_confusion_table(dataset.labels, evaluation.confusion))
        figures = f"top-1 {evaluation.top1:.2%}"
    else:
        figures = f"r2 {evaluation.r2:.4f}, mae {evaluation.mae:.5g}"
    console.print(f"{figures} on {evaluation.examples:,} {values.split} examples of {dataset.name}")
    if values.output:
        text = json.dumps(dataclasses.asdict(evaluation), indent=2)
        write_text(Path(values.output), text + "\n")
    return DONE


def _evaluate_artifact(values: flags.FlagValues) -> tuple[Dataset, Evaluation | ValueEvaluation]:
    from zoo.checkpoints.catalogue import checkpoint_card
    from zoo.data.sources import load_dataset, load_for
    from zoo.training.evaluation import score, score_values

    model = _open(values.artifact)
    shape = tuple(model.input.shape[1:])
    if values.checkpoint:
        dataset = load_for(checkpoint_card(values.checkpoint), values.data, reading(values))
    else:
        size = shape[0] if len(shape) == 3 else None
        dataset = load_dataset(
            values.data, KINDS[len(shape)], image_size=size, reading=reading(values)
        )
    split = _split(dataset, values.split)
    if len(shape) == 2:
        split = dataclasses.replace(split, x=_of_length(split.x, shape[0]))
    if split.x.shape[1:] != shape:
        raise RequestError(
            f"{values.artifact} takes {shape}, {dataset.name} has {split.x.shape[1:]}; for a table "
            "say --checkpoint too, whose columns are used"
        )
    outputs = model(split.x)
    if outputs.shape[1] != len(dataset.labels):
        raise RequestError(
            f"{values.artifact} has {outputs.shape[1]} outputs, "
            f"{dataset.name} {len(dataset.labels)} classes"
        )
    if dataset.task == "regression":
        return dataset, score_values(outputs, split)
    return dataset, score(outputs, split, dataset.labels)


def _split(dataset: Dataset, name: str) -> Split:
    from zoo.data.dataset import join

    if name == "all":
        return join(dataset.train, dataset.validation, dataset.test)
    return getattr(dataset, name)


def _of_length(x: np.ndarray, steps: int) -> np.ndarray:
    """Returns sequences padded to the steps that a file takes."""
    if x.shape[1] > steps:
        raise RequestError(f"the file takes {steps} steps, the data has up to {x.shape[1]}")
    return np.pad(x, ((0, 0), (0, steps - x.shape[1]), (0, 0)))


def _open(artifact: str):
    import export

    if not Path(artifact).is_file():
        raise RequestError(f"--artifact {artifact} is not a file")
    try:
        return export.LiteModel(artifact, threads=2)
    except ValueError as error:
        raise RequestError(f"--artifact {artifact}: {error}") from error


def _class_table(classes) -> Table:
    table = Table("class", title="Per class", title_justify="left")
    for column in ("precision", "recall", "f1", "examples"):
        table.add_column(column, justify="right")
    for row in classes:
        figures = (f"{value:.4f}" for value in (row.precision, row.recall, row.f1))
        table.add_row(row.label, *figures, str(row.examples))
    return table


def _confusion_table(labels, confusion) -> Table:
    title = "Confusion: rows are the truth, columns the prediction"
    table = Table("", title=title, title_justify="left")
    for label in labels:
        table.add_column(label, justify="right")
    for label, row in zip(labels, confusion, strict=True):
        table.add_row(label, *("·" if count == 0 else str(count) for count in row))
    return table


COMMAND = Command(
    "evaluate",
    "accuracy, per-class table and confusion matrix of a checkpoint or of an exported file.",
    FLAGS,
    main,
    keras=True,
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
