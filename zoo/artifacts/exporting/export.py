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
from zoo.artifacts.exporting.streaming import SLIDE, STEP, check_stream, hop_of
from zoo.artifacts.opening.open import EMBEDDING, read_labels
from zoo.checkpoints.card import Card
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.errors import RequestError
from zoo.models.names import front_names
from zoo.quiet import import_keras
from zoo.result import Result, TextTable

if TYPE_CHECKING:
    import keras

    from export import Report, Samples, Slide
    from zoo.checkpoints.load import Checkpoint
    from zoo.data.dataset import Dataset
    from zoo.data.reading import Reading

# With more steps an unrolled model is large, and slow to convert.
LONGEST_UNROLLED = 64


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
        rescue: What follows where "edge" is not close enough to the model: "mixed", some layers in
            float32; "16x8"; "none". None: 16x8, then mixed; for pictures mixed alone.
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
        source = _load(checkpoint, loaded, place.data, reading, sequence_length, stream, hop)
        for note in (*filter(None, [place.note]), *source.dataset.notes, *source.notes):
            tell(note)
        card, model = source.checkpoint.card, source.checkpoint.model
        samples = _samples(source, calibration_samples)
        described = about_features(card) if embedder else about(card)
        exported = headless(model) if embedder else model
        front = front_names([layer.name for layer in model.layers])
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


def _in_integers(source: _Source, model: keras.Model, front: Sequence[str]) -> dict[str, Any]:
    """Returns the ranges that a checkpoint learnt for int8, and a model that rounds to them."""
    from export import Slide
    from zoo.quantization import aware, simulates

    learnt = source.checkpoint.card.ranges
    names = {model.inputs[0].name, *(layer.name for layer in model.layers)}
    ranges = {name: ends for name, ends in learnt.items() if name in names}
    if inside := ranges_inside(model):  # A simulation would round once where the file does thrice.
        return {"ranges": {**ranges, **inside}}
    stepped = not (source.streaming is None or isinstance(source.streaming, Slide))
    if not learnt or stepped:
        return {}
    if not simulates(model, front):  # The file would be compared with what rounds less.
        return {"ranges": ranges}
    return {"ranges": ranges, "simulation": aware(model, ranges=ranges, front=front)}


def _with_precision(wanted: Mapping[str, Any], card: Card) -> dict[str, Any]:
    table = isinstance(card.input, forms.Table) and wanted["gpu_precision"] is None
    return {**wanted, "gpu_precision": "float32"} if table else dict(wanted)


@dataclass(frozen=True)
class _Source:
    """The model to export, and the data to calibrate and to measure with.

    Attributes:
        checkpoint: Its model takes as many steps as the files.
        dataset: In the form that the model takes.
        streaming: For files of a stream: how a window slides, or the model that is stepped through.
        notes: What these files are, for a person.
        learnt: Whether the checkpoint learnt what it is measured with, after a cross-validation.
    """

    checkpoint: Checkpoint
    dataset: Dataset
    streaming: keras.Model | Slide | None = None
    notes: tuple[str, ...] = ()
    learnt: bool = False


def _load(
    name: str,
    checkpoint: Checkpoint,
    data: str,
    reading: Reading,
    sequence_length: int | None,
    stream: str | None,
    hop: float | None,
) -> _Source:
    from zoo.artifacts.evaluate import learnt_whole
    from zoo.data.sources import load_for

    dataset = load_for(checkpoint.card, data, reading)
    learnt = learnt_whole(checkpoint.card, dataset)
    dataset = _with_test(dataset, learnt)
    form = checkpoint.card.input
    if isinstance(form, forms.Sequence):
        source = _of_length(name, checkpoint, dataset, sequence_length, stream)
    else:
        source = _Source(checkpoint, dataset)
    source = _sliding(source, form, hop) if stream == SLIDE else source
    return replace(source, learnt=learnt)


def _with_test(dataset: Dataset, learnt: bool) -> Dataset:
    """Returns data with a test split; a checkpoint of a cross-validation has learnt all examples.

    Raises:
        RequestError: The data is too little, and it is not what such a checkpoint has learnt.
    """
    from zoo.data.dataset import joined

    if learnt:
        note = (
            "the checkpoint learnt all examples after a cross-validation: the files are compared "
            "with it on these, and the accuracy on them flatters both"
        )
        whole = joined(dataset.splits.values())
        return replace(dataset.with_splits(test=whole), notes=(*dataset.notes, note))
    for name, split in dataset.splits.items():
        if not len(split):
            raise RequestError(
                f"{dataset.name} has too few examples: none is left for the {name} split"
            )
    return dataset


def _sliding(source: _Source, form: forms.Form, hop: float | None) -> _Source:
    from export import Slide

    window = int(source.checkpoint.model.input_shape[1])
    samples = hop_of(hop, form, window)
    note = (
        f"a hop of {samples} is the whole window: the files take it at once and remember nothing"
        if samples == window
        else f"the files take {samples} new samples a call, and answer for the last {window}"
    )
    return replace(source, streaming=Slide(samples), notes=(note,))


def _samples(source: _Source, calibration_samples: int) -> Samples:
    from export import LEAST_SAMPLES, Samples, Slide
    from zoo.data.dataset import balanced_sample
    from zoo.data.sequences import with_padding

    dataset = source.dataset
    calibration = balanced_sample(dataset.train, calibration_samples)
    others = balanced_sample(dataset.validation, LEAST_SAMPLES)
    if source.streaming is None or isinstance(source.streaming, Slide):
        calibration, others = with_padding(calibration), with_padding(others)
    return Samples(
        calibration=calibration.x[:],
        test_x=dataset.test.x[:],
        # The report only has an accuracy, and values have none.
        test_y=None if dataset.task.learns == "values" else dataset.test.y,
        calibration_lengths=calibration.lengths,
        test_lengths=dataset.test.lengths,
        others=others.x[:],
        other_lengths=others.lengths,
        learnt=source.learnt,
    )


def _of_length(
    name: str,
    checkpoint: Checkpoint,
    dataset: Dataset,
    sequence_length: int | None,
    stream: str | None,
) -> _Source:
    """Returns model and data with equal numbers of steps, and for a stream its one-step model."""
    from export.forms.rewriting import recurrent_layers
    from zoo.checkpoints.load import load
    from zoo.data.sequences import longest, of_length, shortest

    steps, features = checkpoint.card.input.shape
    low, high = shortest(dataset), longest(dataset)
    if steps is not None and sequence_length not in (None, steps):
        raise RequestError(
            f"--sequence_length={sequence_length}, but the checkpoint takes {steps} steps, no "
            "more and no less; leave it out"
        )
    if steps is None and sequence_length is None and stream is None:
        raise RequestError(
            f"the sequences of {dataset.name} have {low} to {high} steps, and a file takes one "
            f"number: say --sequence_length={high} (longer ones are cut, shorter ones padded), or "
            "--streaming=step for a step at a time"
        )
    length = steps or sequence_length or high
    streaming = None
    notes: tuple[str, ...] = ()
    long = length > LONGEST_UNROLLED and recurrent_layers(checkpoint.model)
    if stream == STEP or (long and stream is None):
        notes = (
            "the files take one step at a time, for one event and then a reset; for what never "
            "ends say --streaming=slide",
        )
        streaming = load(name, input_shape=(length, features), masked=False).model
    if steps is None:
        checkpoint = load(name, input_shape=(length, features), masked=True)
        dataset = of_length(dataset, length)
    return _Source(checkpoint, dataset, streaming, notes)
