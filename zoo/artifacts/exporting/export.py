"""A checkpoint as verified files for its targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export import ExportError, check_output
from export.wanted import find_targets, parse_gates
from zoo import forms
from zoo.artifacts.exporting.described import about, about_features, identity
from zoo.artifacts.exporting.larger_input import (
    check_input_size,
    load_larger,
    ranges_inside,
    scaled_to,
)
from zoo.artifacts.exporting.source import Source, load_source, samples_of
from zoo.artifacts.exporting.streaming import check_stream
from zoo.artifacts.opening.open import EMBEDDING, read_labels
from zoo.checkpoints.card import Card
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.errors import RequestError
from zoo.models.front import front_names
from zoo.quiet import import_keras
from zoo.result import Result, TextTable

if TYPE_CHECKING:
    import keras

    from export import Report


@dataclass(frozen=True)
class Exported(Result):
    """What an export wrote.

    Attributes:
        report: All figures and checks.
        folder: Where it is.
    """

    report: Report
    folder: Path

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of the checks."""
        return tuple(f"warning: {text}" for text in self.report.warnings())

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """A row for each artifact."""
        head, *rows = self.report.summary()
        return (TextTable("", head, tuple(rows)),)

    @property
    def lines(self) -> tuple[str, ...]:
        """The path of the report's page."""
        return (f"report: {self.folder / 'report.html'}",)


def default_output(checkpoint: str) -> Path:
    """Returns the default folder for the export of a checkpoint."""
    return Path("exports") / Path(checkpoint).resolve().name


def export(
    checkpoint: str,
    *,
    data: str | None = None,
    targets: Sequence[str] = ("cpu", "gpu", "edge"),
    output: str | Path | None = None,
    calibration_samples: int = 200,
    edge_io: str | None = None,
    edge_precision: str = "auto",
    cpu_precision: str | None = None,
    gpu_precision: str | None = None,
    rescue: str | None = None,
    gate: Sequence[str] = (),
    npu_percent: float | None = None,
    labels: str | None = None,
    input_size: int | None = None,
    sequence_length: int | None = None,
    streaming: str | bool | None = None,
    hop: float | None = None,
    trainable_head: bool = False,
    embedder: bool = False,
    label_column: str | None = None,
    header: bool | None = None,
    time_column: str | None = None,
    recording_column: str | None = None,
    group: str | None = None,
    path_column: str | None = None,
    folder: str | None = None,
    exclude: str | None = None,
    data_dir: str | None = None,
    progress: Callable[[str], None] | None = None,
    decoding: Callable[[int, int], None] | None = None,
) -> Exported:
    """Exports a checkpoint for targets, and checks every file that it writes.

    Args:
        checkpoint: Name or folder.
        data: To calibrate and to measure with, as for `zoo.data.sources.load_dataset`; None: those
            of the training, if they still lie where they were.
        targets: Names in `export.TARGETS`. The SavedModel is always written.
        output: Folder; None: `default_output`.
        calibration_samples: Training examples that set the ranges of integers, at most 200.
        edge_io: What images of "edge" hold: "uint8" or "int8"; None: uint8.
        edge_precision: Arithmetic of "edge": "int8", "16x8" or "auto": see `export.export_model`.
        cpu_precision: Numbers of "cpu": "float32", "float16" or "int8-dynamic", whose weights alone
            are int8; None: float32.
        gpu_precision: Weights of "gpu": "float16" or "float32". None: float16, or float32
            where that is refused, and for a table, whose numbers may be beyond 65,504, the last of
            float16.
        rescue: What follows where "edge" is not close enough to the model: "none"; "rounding",
            kernels rounded anew; or after that "mixed", some layers in float32, or "16x8". None:
            rounding, 16x8, then mixed; for pictures mixed before 16x8, which only follows without
            `edge_io`.
        gate: Limits of checks in place of the targets' own, as "edge.sqnr_db=20".
        npu_percent: Least percentage of "edge" on an Ethos-U NPU, if vela is installed; None: 100,
            of 16x8 90.
        labels: Text file with a label a line, in place of the checkpoint's.
        input_size: Height and width of the pictures that the files take, a multiple of the
            network's; they scale them inside, with averaging, for clients that scale without. None:
            the network's.
        sequence_length: Steps that the files take; longer sequences are cut, shorter ones padded.
        streaming: "slide": the files take the newest samples of a window that moves over what
            never ends. "step": they take one step of a recurrent model and carry its states, for
            one event and then a reset; beyond 64 steps such models always do, unless they slide.
            True: see `zoo.artifacts.exporting.streaming.kind_of_stream`. None: whole inputs.
        hop: Of "slide": seconds from an answer to the next, or steps of sequences without a rate;
            None: a quarter of the window.
        trainable_head: Whether to write `trainable.tflite` too, whose last layer learns.
        embedder: Whether the files give the features that the last layer reads, in place of
            answers: see `zoo.artifacts.embed`.
        label_column: Tables: see `zoo.data.sources.Reading`, also for the next two.
        header: Whether the first line of a table holds names.
        time_column: Recordings: see `zoo.data.reading.Reading`, also for the next two.
        recording_column: One table of many recordings: the column that tells them apart.
        group: What may not be in two splits; None: as the checkpoint was trained.
        path_column: Lists of pictures or sounds: see `zoo.data.reading.Reading`, also for the next.
        folder: Where their paths begin.
        exclude: A list of files to leave out, see `zoo.data.excluding`.
        data_dir: Where prepared data sets of "tfds:" are.
        progress: Called with a line of text at each step.
        decoding: Called with the numbers of decoded and of all pictures.

    Raises:
        RequestError: The request was wrong, or the folder cannot be written; nothing was written.
        export.GateFailure: An artifact is not good enough; the others were written.
    """
    if not checkpoint:
        raise RequestError("say what to export: --checkpoint=NAME or a folder")
    if not targets:
        raise RequestError("say which targets: --targets=cpu,gpu,edge")
    if embedder and labels:
        raise RequestError("--labels names answers, and --embedder exports none; leave one out")
    output = default_output(checkpoint) if output is None else Path(output)
    tell = progress or (lambda line: None)
    try:
        check_output(output)
        wanted: dict[str, Any] = {
            "edge_io": edge_io,
            "cpu_precision": cpu_precision,
            "gpu_precision": gpu_precision,
            "edge_precision": edge_precision,
            "npu_percent": npu_percent,
            "rescue": rescue,
            "gates": parse_gates(gate),
        }
        find_targets(targets, **wanted)  # A wrong request is refused before anything is read.
        card = checkpoint_card(checkpoint)
        stream = check_stream(card.input, sequence_length, streaming, hop)
        factor = check_input_size(card, input_size)
        names = read_labels(labels) if labels else None
        import_keras()
        from export import export_model
        from zoo.data.place import Place, trained_on
        from zoo.data.reading import Reading
        from zoo.models.features import headless

        reading = Reading(
            label_column=label_column,
            header=header,
            time_column=time_column,
            recording_column=recording_column,
            group=group,
            path_column=path_column,
            folder=folder,
            exclude=exclude,
            data_dir=data_dir,
            few=True,
            progress=decoding,
        )
        place = trained_on(checkpoint, card) if data is None else Place(data)
        reading = place.read_by(reading)
        loaded = load_larger(checkpoint, factor)
        source = load_source(checkpoint, loaded, place.data, reading, sequence_length, stream, hop)
        for note in (*filter(None, [place.note]), *source.dataset.notes, *source.notes):
            tell(note)
        card, model = source.checkpoint.card, source.checkpoint.model
        samples = samples_of(source, calibration_samples)
        described = about_features(card) if embedder else about(card)
        exported = headless(model) if embedder else model
        front = front_names(model, stepped=source.stepped)
        report = export_model(
            exported,
            output,
            samples=replace(samples, test_y=None) if embedder else samples,
            labels=() if embedder else names or card.labels,
            targets=targets,
            outputs=EMBEDDING if embedder else source.dataset.task.outputs,
            identity=identity(Path(checkpoint).resolve().name, card, source.dataset.name),
            about=replace(described, scaled_to=scaled_to(model)),
            front=front,
            streaming=source.streaming,
            **_in_integers(source, exported, front),
            trainable_head=trainable_head,
            progress=tell,
            **_with_precision(wanted, card),
        )
    except ExportError as error:
        raise RequestError(str(error)) from error
    return Exported(report, output)


def _in_integers(source: Source, model: keras.Model, front: Sequence[str]) -> dict[str, Any]:
    """Returns the ranges that a checkpoint learnt for int8, and a model that rounds to them."""
    from zoo.quantization import aware, simulates

    learnt = source.checkpoint.card.ranges
    names = {model.inputs[0].name, *(layer.name for layer in model.layers)}
    ranges = {name: ends for name, ends in learnt.items() if name in names}
    if inside := ranges_inside(model):  # A simulation would round once where the file does thrice.
        return {"ranges": {**ranges, **inside}}
    if not learnt or source.stepped:
        return {}
    if not simulates(model, front):  # The file would be compared with what rounds less.
        return {"ranges": ranges}
    return {"ranges": ranges, "simulation": aware(model, ranges=ranges, front=front)}


def _with_precision(wanted: Mapping[str, Any], card: Card) -> dict[str, Any]:
    table = isinstance(card.input, forms.Table) and wanted["gpu_precision"] is None
    return {**wanted, "gpu_precision": "float32"} if table else dict(wanted)
