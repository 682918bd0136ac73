"""`zoo export`: a checkpoint as SavedModel and TFLite files for the targets, verified."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags
from rich.table import Table

import export
from zoo.commands.about import about, identity
from zoo.commands.reading import define_reading, reading
from zoo.commands.runner import (
    DONE,
    NOT_GOOD_ENOUGH,
    Command,
    complain,
    console,
    import_keras,
    no_more,
)
from zoo.errors import RequestError

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
define_reading(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Exports."""
    no_more(rest)
    if not values.checkpoint:
        raise RequestError("say what to export: --checkpoint=NAME or a folder")
    if not values.targets:
        raise RequestError("say which targets: --targets=cpu,gpu,edge")
    terminal = console()
    import_keras()
    from zoo.checkpoints.store import load
    from zoo.data.dataset import balanced_sample
    from zoo.data.sources import load_for

    checkpoint = load(values.checkpoint)
    dataset = load_for(checkpoint.card, values.data, reading(values))
    for note in dataset.notes:
        terminal.print(note)
    regression = dataset.task == "regression"
    name = Path(values.checkpoint).resolve().name
    output = Path(values.output or f"exports/{name}")
    try:
        report = export.export_model(
            checkpoint.model,
            output,
            samples=export.Samples(
                calibration=balanced_sample(dataset.train, values.calibration_samples).x,
                test_x=dataset.test.x,
                # An accuracy is all that the report can tell, and values have none.
                test_y=None if regression else dataset.test.y,
            ),
            labels=_labels(values.labels) if values.labels else checkpoint.labels,
            targets=values.targets,
            outputs="values" if regression else "logits",
            identity=identity(name, checkpoint.card, dataset.name),
            about=about(checkpoint.card),
            edge_io=values.edge_io,
            gpu_precision=values.gpu_precision,
            npu_percent=values.npu_percent,
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
    terminal.print(f"report: {output / 'report.html'}")
    return DONE


def _labels(path: str) -> tuple[str, ...]:
    try:
        return tuple(Path(path).read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError as error:
        raise RequestError(f"--labels {path} is not a text file in UTF-8") from error


def _table(report: export.Report) -> Table:
    table = Table()
    for column in ("target", "file", "size", "accuracy", "latency", "verdict"):
        table.add_column(column, justify="left" if column in ("target", "file") else "right")
    if report.reference_top1 is not None:
        table.add_row("Keras", "", "", f"{report.reference_top1:.2%}", "", "")
    for target, artifact in report.artifacts.items():
        table.add_row(
            target,
            artifact.file,
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
