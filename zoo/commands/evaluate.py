"""`zoo evaluate`: how good a checkpoint or an exported file is, on the same data."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags
from rich.table import Table

import export
from zoo.commands.runner import DONE, Command, console, import_keras, no_more
from zoo.errors import RequestError

if TYPE_CHECKING:
    from zoo.training.evaluation import ClassScore

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string("artifact", None, "or a .tflite file", flag_values=FLAGS)
flags.DEFINE_string("data", "digits", "its test split is the measure", flag_values=FLAGS)
flags.DEFINE_string("output", None, "file for the figures, as JSON", flag_values=FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Evaluates."""
    no_more(rest)
    if bool(values.checkpoint) == bool(values.artifact):
        raise RequestError("say what to evaluate: either --checkpoint=NAME or --artifact=FILE")
    import_keras()
    from zoo.data.sources import load_for, load_images
    from zoo.files import write_text
    from zoo.training.evaluation import predict, score

    if values.checkpoint:
        from zoo.checkpoints.store import load

        checkpoint = load(values.checkpoint)
        dataset = load_for(checkpoint.card, values.data)
        probabilities = predict(checkpoint.model, dataset.test.x)
    else:
        model = _open(values.artifact)
        dataset = load_images(values.data, model.input.shape[1])
        probabilities = model(dataset.test.x)
        if probabilities.shape[1] != len(dataset.labels):
            raise RequestError(
                f"{values.artifact} tells {probabilities.shape[1]} classes apart, "
                f"{dataset.name} has {len(dataset.labels)}"
            )
    evaluation = score(probabilities, dataset.test, dataset.labels)
    terminal = console()
    terminal.print(_class_table(evaluation.classes))
    terminal.print(_confusion_table(dataset.labels, evaluation.confusion))
    terminal.print(
        f"top-1 {evaluation.top1:.2%} on {evaluation.examples:,} test examples of {dataset.name}"
    )
    if values.output:
        text = json.dumps(dataclasses.asdict(evaluation), indent=2)
        write_text(Path(values.output), text + "\n")
    return DONE


def _open(artifact: str) -> export.LiteModel:
    if not Path(artifact).is_file():
        raise RequestError(f"--artifact {artifact} is not a file")
    try:
        return export.LiteModel(artifact, threads=2)
    except ValueError as error:
        raise RequestError(f"--artifact {artifact}: {error}") from error


def _class_table(classes: Sequence[ClassScore]) -> Table:
    table = Table("class", title="Per class", title_justify="left")
    for column in ("precision", "recall", "f1", "examples"):
        table.add_column(column, justify="right")
    for row in classes:
        figures = (f"{value:.4f}" for value in (row.precision, row.recall, row.f1))
        table.add_row(row.label, *figures, str(row.examples))
    return table


def _confusion_table(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> Table:
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
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
