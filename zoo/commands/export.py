"""`zoo export`: a checkpoint as SavedModel and TFLite files for the targets, verified."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags
from rich.table import Table

import export
from zoo.artifacts.export import about, identity
from zoo.artifacts.open import read_labels
from zoo.commands.console import complain, console
from zoo.commands.flags.reading import define_reading, reading
from zoo.commands.runner import DONE, NOT_GOOD_ENOUGH, Command, no_more
from zoo.errors import RequestError
from zoo.quiet import import_keras

if TYPE_CHECKING:
    import keras

    from zoo.checkpoints.load import Checkpoint
    from zoo.data.dataset import Dataset

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string("data", "digits", "to calibrate and to measure with", flag_values=FLAGS)
flags.DEFINE_list("targets", ["cpu", "gpu", "edge"], "of cpu, gpu, edge", flag_values=FLAGS)
flags.DEFINE_string("output", None, "folder; default exports/CHECKPOINT", flag_values=FLAGS)
flags.DEFINE_integer(
    "calibration_samples", 200, "training examples that set the int8 ranges",
    lower_bound=1, upper_bound=200, flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("edge_io", "uint8", "image bytes in edge: uint8 or int8", flag_values=FLAGS)
flags.DEFINE_string(
    "gpu_precision", "float16", "weights in gpu: float16 or float32", flag_values=FLAGS
)
flags.DEFINE_float(
    "npu_percent", 100.0, "least share of edge on an Ethos-U NPU, where vela is installed",
    lower_bound=0.0, upper_bound=100.0, flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "labels", None, "text file with a label a line, in place of the card's", flag_values=FLAGS
)
flags.DEFINE_integer(
    "sequence_length", None, "steps that the files take; longer sequences are cut, shorter padded",
    lower_bound=1, flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_boolean(
    "streaming", False, "files that take one step at a time and carry states; always beyond "
    "64 steps", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_boolean(
    "trainable_head", False, "also trainable.tflite, whose last layer learns on the device",
    flag_values=FLAGS,
)  # fmt: skip
define_reading(FLAGS)

# Beyond that an unrolled model is large and slow to convert.
LONGEST_UNROLLED = 64


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Exports."""
    no_more(rest)
    if not values.checkpoint:
        raise RequestError("say what to export: --checkpoint=NAME or a folder")
    if not values.targets:
        raise RequestError("say which targets: --targets=cpu,gpu,edge")
    name = Path(values.checkpoint).resolve().name
    output = Path(values.output or f"exports/{name}")
    try:
        export.check_output(output)
    except export.ExportError as error:
        raise RequestError(str(error)) from error
    terminal = console()
    import_keras()
    from zoo.checkpoints.load import load
    from zoo.data.dataset import balanced_sample
    from zoo.data.sequences import with_padding
    from zoo.data.sources import load_for

    checkpoint = load(values.checkpoint)
    with reading(values, terminal) as how:
        dataset = load_for(checkpoint.card, values.data, how)
    streaming = None
    if len(checkpoint.card.input.shape) == 2:
        checkpoint, dataset, streaming = _of_length(values, checkpoint, dataset)
    elif values.sequence_length or values.streaming:
        raise RequestError("--sequence_length and --streaming are for models of sequences")
    for note in dataset.notes:
        terminal.print(note)
    classes = dataset.task.learns == "classes"
    calibration = balanced_sample(dataset.train, values.calibration_samples)
    others = balanced_sample(dataset.validation, export.LEAST_SAMPLES)
    if streaming is None:
        calibration, others = with_padding(calibration), with_padding(others)
    try:
        report = export.export_model(
            checkpoint.model,
            output,
            samples=export.Samples(
                calibration=calibration.x[:],
                test_x=dataset.test.x[:],
                # An accuracy is all that the report can tell, and values have none.
                test_y=dataset.test.y if classes else None,
                calibration_lengths=calibration.lengths,
                test_lengths=dataset.test.lengths,
                calibration_y=calibration.y if classes else None,
                others=others.x[:],
                other_lengths=others.lengths,
            ),
            labels=read_labels(values.labels) if values.labels else checkpoint.labels,
            targets=values.targets,
            outputs=dataset.task.outputs,
            identity=identity(name, checkpoint.card, dataset.name),
            about=about(checkpoint.card),
            edge_io=values.edge_io,
            streaming=streaming,
            gpu_precision=values.gpu_precision,
            npu_percent=values.npu_percent,
            trainable_head=values.trainable_head,
            progress=lambda line: terminal.print(line),
        )
    except export.ExportError as error:
        raise RequestError(str(error)) from error
    except export.GateFailure as failure:
        terminal.print(_table(failure.report))
        terminal.print(f"report: {output / 'report.html'}")
        complain(str(failure))
        return NOT_GOOD_ENOUGH
    terminal.print(_table(report))
    for warning in report.warnings():
        complain(f"warning: {warning}")
    terminal.print(f"report: {output / 'report.html'}")
    return DONE


def _of_length(
    values: flags.FlagValues, checkpoint: Checkpoint, dataset: Dataset
) -> tuple[Checkpoint, Dataset, keras.Model | None]:
    """Returns model and data of one number of steps, and for a stream the model to step through."""
    from export.forms.rewriting import recurrent_layers
    from zoo.checkpoints.load import load
    from zoo.data.sequences import longest, of_length, shortest

    steps, features = checkpoint.card.input.shape
    asked, low, high = values.sequence_length, shortest(dataset), longest(dataset)
    if steps is not None and asked not in (None, steps):
        raise RequestError(
            f"--sequence_length={asked}, but the checkpoint takes {steps} steps, no more and no "
            "less; leave it out"
        )
    if steps is None and asked is None and not values.streaming:
        raise RequestError(
            f"the sequences of {dataset.name} have {low} to {high} steps, and a file takes one "
            f"number: say --sequence_length={high} (longer ones are cut, shorter ones padded), or "
            "--streaming for a step at a time"
        )
    length = steps or asked or high
    name, streaming = values.checkpoint, None
    long = length > LONGEST_UNROLLED and recurrent_layers(checkpoint.model)
    if values.streaming or long:
        streaming = load(name, input_shape=(length, features), masked=False).model
    if steps is None:
        checkpoint = load(name, input_shape=(length, features), masked=True)
        dataset = of_length(dataset, length)
    return checkpoint, dataset, streaming


def _table(report: export.Report) -> Table:
    table = Table()
    for column in ("target", "file", "size", "accuracy", "latency", "verdict"):
        table.add_column(column, justify="left" if column in ("target", "file") else "right")
    if report.reference_top1 is not None:
        table.add_row("Keras", "", "", f"{report.reference_top1:.2%}", "", "")
    for target, artifact in report.artifacts.items():
        table.add_row(
            target,
            artifact.file if artifact.verdict == "pass" else "not written",
            "" if artifact.bytes is None else f"{artifact.bytes / 1e6:.2f} MB",
            "" if artifact.top1 is None else f"{artifact.top1:.2%}",
            "" if artifact.latency is None else f"{artifact.latency.median:.2f} ms",
            artifact.verdict,
        )
    return table


COMMAND = Command(
    "export",
    "a checkpoint as SavedModel and TFLite files for the targets, verified.",
    FLAGS,
    main,
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
