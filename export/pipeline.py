"""From a Keras model to verified artifacts in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from export.about import About, check_about, is_line
from export.artifact import saved_model_artifact
from export.attempts import lite_files
from export.checks.last_result import MOST
from export.checks.parity import accuracy
from export.checks.prove import with_provers
from export.checks.reliability import reliability
from export.checks.stream import long_stream
from export.checks.truth import check_embedding, check_truth, thresholds_of
from export.clients import integration, rows, streams
from export.errors import ExportError, unknown
from export.forms.answers import answers
from export.forms.form import SIGNATURE, prepare
from export.forms.front import FRONT, front_values
from export.forms.learnt import learnt_of
from export.forms.one_step import step_samples
from export.forms.outputs import EMBEDDING, OUTPUTS, decide
from export.forms.saved_model import save_for_conversion
from export.forms.slide import Slide
from export.pages.report_page import render
from export.publish import (
    INTEGRATION,
    PAGE,
    REPORT,
    SAVED_MODEL,
    check_output,
    publish,
    working_folder,
)
from export.report import GateFailure, Report, to_json, versions
from export.rescue import first_target
from export.samples import Samples, are_pixels, check_samples, evenly_spaced, with_full_pixel_range
from export.targets import Target
from export.task import FRONT_FILE, STEPS, STREAM, TEST_X, Task
from export.tflite.convert import Source
from export.tflite.metadata import COLUMNS, LABELS, columns_text
from export.trainable.about import TRAINABLE
from export.trainable.artifact import trainable_artifact
from export.trainable.form import check_trainable
from export.wanted import find_targets

Progress = Callable[[str], None]

_CALIBRATION = "calibration.npz"
# Number of steps along real sequences, at which the noise of layers is measured.
_STEPS = 8
_RESERVED = ("schema", "versions", "outputs", "samples", "reference", "artifacts")


def export_model(
    model: keras.Model,
    output: str | Path,
    *,
    samples: Samples,
    labels: Sequence[str] = (),
    targets: Sequence[str] = ("cpu", "gpu", "edge"),
    outputs: str = "auto",
    identity: Mapping[str, str] | None = None,
    about: About | None = None,
    front: Sequence[str] = (),
    edge_io: str | None = None,
    cpu_precision: str | None = None,
    gpu_precision: str | None = None,
    npu_percent: float | None = None,
    edge_precision: str = "auto",
    ranges: Mapping[str, tuple[float, float]] | None = None,
    simulation: keras.Model | None = None,
    rescue: str | None = None,
    gates: Mapping[str, float] | None = None,
    provers: Sequence[str] | None = None,
    streaming: keras.Model | Slide | None = None,
    trainable_head: bool = False,
    threads: int = 2,
    progress: Progress | None = None,
) -> Report:
    """Exports a model for the targets, checks every artifact, and writes a report.

    Args:
        model: Functional or sequential, float32, with one input of static size and one output
            (batch, classes). Images are NHWC in the values that the model takes.
        output: Folder to write. An earlier export in it is replaced.
        samples: Data to calibrate and to measure with.
        labels: One for each output; may be empty if the outputs are values.
        targets: Names in `export.targets.TARGETS`. The SavedModel is always written.
        outputs: "logits" (a softmax is appended), "probabilities", "values" (regression),
            "embedding" (features, without labels), or "auto", which looks at the model's outputs on
            the samples: see `export.forms.outputs.decide`.
        identity: Origin of the model, for the report and the files: "checkpoint", "model".
        about: Description, author, licence and features, for the metadata of the files.
        front: Names of the first layers of the model, at the top level, if integers cannot hold
            what they calculate, as with a power spectrum or a table's raw row. They stay in float32
            in every file. Integer files then take float32, and all behind the front is integers.
        edge_io: Input and output of integer targets for images: "uint8" or "int8"; None: the
            target's (uint8). Other inputs are always int8, and those of "16x8" int16.
        cpu_precision: Precision of "cpu": "float32", "float16" or "int8-dynamic", whose weights
            alone are integers; None: the target's (float32).
        gpu_precision: Precision of "gpu": "float16" or "float32"; None: the target's (float16).
        npu_percent: Least percentage of an integer file's operators that an Ethos-U NPU must take,
            if that is tried; None: the target's (100, of 16x8 90).
        edge_precision: Arithmetic of integer targets: "int8"; "16x8", int16 with int8 weights;
            "mixed", int8 with float32 in the layers that lose too much; or "auto": int8, and where
            that is refused, what `rescue` says. Recurrent models begin with 16x8.
        ranges: Of int8: the least and the greatest result by the name of the layer, and of the
            input, where a quantisation-aware training learnt them; the calibration has the others.
        simulation: A Keras model that rounds as the int8 file does, to compare that file with.
        rescue: What follows where a file in "auto" is not close enough to the model: "none": it is
            refused; "rounding": kernels are rounded so that the errors of their weights make up for
            one another; or after that "16x8", or for whole inputs without a front "mixed". None:
            rounding, 16x8, then mixed; for images mixed before 16x8, since bytes cannot go into
            that, which only follows without `edge_io`; and float32 where float16 is refused.
        gates: Limits in place of a target's own, by target and field of `export.Gates`, as in
            {"edge.sqnr_db": 20}. The report names them.
        provers: Names in `export.PROVERS`. Each file is tried on those that are installed; None:
            the target's.
        streaming: For streams. A `Slide`: the targets take the newest samples of a window that
            moves over what never ends, and remember the rest of it. A recurrent model: they get one
            step of it, with its states as named inputs and outputs, for one event and then a reset;
            it must have the weights of `model` and no masking, and may be `model` itself.
        trainable_head: Whether to write `trainable.tflite` too, whose last dense layer learns on
            the device: see `export.trainable.form`.
        threads: Number of threads of LiteRT, in the checks and in the latency.
        progress: Called with a line of text at each step.

    Returns:
        The report that was written to `report.json`.

    Raises:
        ExportError: The request was wrong, or the folder cannot be written; nothing was written.
        GateFailure: An artifact is not good enough. The folder holds the report and the good
            artifacts.
    """
    output = Path(output).absolute()
    check_output(output)
    form = prepare(model, streaming=streaming, front=front)
    chosen = find_targets(
        targets,
        edge_io=edge_io,
        cpu_precision=cpu_precision,
        gpu_precision=gpu_precision,
        npu_percent=npu_percent,
        edge_precision=edge_precision,
        gates=gates,
        rescue=rescue,
    )
    if edge_io is None:  # 16 bits have no interface of 8.
        trained = bool(ranges)
        chosen = tuple(
            first_target(target, form.kind, form.recurrent, learnt=trained) for target in chosen
        )
    wanted = with_provers(chosen, provers)
    if outputs not in OUTPUTS:
        raise unknown("kind of outputs", str(outputs), OUTPUTS)
    labels = _check_labels(labels, form.classes)
    if threads < 1:
        raise ExportError(f"threads is {threads}; pass 1 or more")
    identity = _check_identity(identity or {}, model)
    about = check_about(about or About(), form)
    samples = check_samples(samples, form.input_shape, form.classes, outliers=form.front is None)
    tell = progress or (lambda line: None)
    tell("running the Keras model")
    given = answers(model, samples.compared)
    kind, reason = decide(model, outputs, given, classified=samples.test_y is not None)
    tell(f"outputs: {kind} ({reason})")
    form = replace(form, outputs=kind, decided=reason)
    if form.outputs == EMBEDDING:
        check_embedding(form, labels, samples)
    elif not labels and kind != "values":
        raise ExportError(
            f"0 labels for {form.classes} outputs; pass one label for each output, or "
            "outputs='values'"
        )
    if trainable_head:
        check_trainable(form)
    reference = form.activate(tf.constant(given)).numpy()
    thresholds = thresholds_of(form, about, samples, reference)
    about = replace(about, thresholds=() if thresholds is None else tuple(thresholds.tolist()))
    learnt = None
    if ranges:
        learnt = learnt_of(form, ranges, simulation, evenly_spaced(samples.compared, MOST))
    if samples.test_y is not None and thresholds is None:
        check_truth(reference, samples.test_y, labels, kind)
    try:
        with working_folder(output) as folder:
            task = Task(
                form=form,
                samples=samples,
                pixels=form.kind == "image" and are_pixels(samples),
                labels=labels,
                about=about,
                identity=identity,
                threads=threads,
                reference=reference,
                scratch=folder / "scratch",
                artifacts=folder / "artifacts",
                stream=long_stream(form, samples, reference) if form.states else None,
                thresholds=thresholds,
                learnt=learnt,
            )
            report, values = _make(task, wanted, trainable_head, tell)
            tell("writing the report")
            _remove_failed(report, task.artifacts)
            _write_report(task.artifacts, report, task, values)
            publish(task.artifacts, output)
    except OSError as error:
        raise ExportError(f"cannot write {str(output)!r}: {error.strerror or error}") from error
    if report.verdict == "fail":
        raise GateFailure(report)
    return report


def _make(
    task: Task, targets: Sequence[Target], trainable_head: bool, tell: Progress
) -> tuple[Report, dict[str, np.ndarray]]:
    task.scratch.mkdir()
    task.artifacts.mkdir()
    tell("converting")
    made = lite_files(task, _write_source(task), targets, tell)
    if trainable_head:
        tell("trainable: converting and letting it learn")
        made[TRAINABLE] = trainable_artifact(task)
    tell(f"{SAVED_MODEL}: writing and checking")
    made[SAVED_MODEL] = saved_model_artifact(task)
    truth = task.samples.test_y
    report = Report(
        identity=task.identity,
        versions=versions(),
        outputs=task.form.outputs,
        decided=task.form.decided,
        samples=len(task.samples.test_x),
        learnt=task.samples.learnt,
        reference_top1=None if truth is None else accuracy(task.reference, truth, task.thresholds),
        reference_reliability=reliability(
            task.reference, truth, classified=task.form.classified and task.thresholds is None
        ),
        artifacts={name: artifact for name, (artifact, _) in made.items()},
        thresholds=task.about.thresholds,
    )
    return report, {name: values for name, (_, values) in made.items() if values is not None}


def _write_source(task: Task) -> Source:
    samples, form = task.samples, task.form
    # Provers know one class for each sample, or none.
    truth = None if task.thresholds is not None else samples.test_y
    compared = {"x": samples.compared, "lengths": samples.compared_lengths, "y": truth}
    known = {name: array for name, array in compared.items() if array is not None}
    _write_arrays(task.scratch / TEST_X, known)
    if task.stream is not None:
        _write_arrays(task.scratch / STREAM, {"x": task.stream.x, "ends": task.stream.ends})
    if form.step is not None:
        calibration = step_samples(
            form.step, samples.calibration, samples.calibration_lengths, form.kind
        )
        few = {name: evenly_spaced(values, _STEPS) for name, values in calibration.items()}
        _write_arrays(task.scratch / STEPS, few)
    elif form.front is not None:
        calibration = {form.kind: front_values(form.front, samples.calibration)}
    else:
        x = samples.calibration
        calibration = {form.kind: with_full_pixel_range(x) if task.pixels else x}
    _write_arrays(task.scratch / _CALIBRATION, calibration)
    save_for_conversion(task.form, task.scratch / SAVED_MODEL, samples, task.reference)
    return Source(
        saved_model=str(task.scratch / SAVED_MODEL),
        signatures=(SIGNATURE,),
        calibration=str(task.scratch / _CALIBRATION),
        front="" if form.front is None else FRONT,
        front_file=str(task.scratch / FRONT_FILE),
        ranges={} if task.learnt is None else task.learnt.ranges,
        ends=("", "") if task.learnt is None else task.learnt.ends,
    )


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]  # A name could be savez's own flag.


def _remove_failed(report: Report, folder: Path) -> None:
    """Removes files that failed a check, so that nobody ships them."""
    for artifact in report.artifacts.values():
        if artifact.verdict == "fail":
            path = folder / Path(artifact.file).parts[0]
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _write_report(
    folder: Path, report: Report, task: Task, values: Mapping[str, np.ndarray]
) -> None:
    if report.written and task.labels:
        (folder / LABELS).write_text(
            "".join(f"{label}\n" for label in task.labels), encoding="utf-8"
        )
    if report.written:
        text = integration.render(
            report,
            labels=task.labels,
            pixels=task.pixels,
            about=task.about,
        )
        (folder / INTEGRATION).write_text(text, encoding="utf-8")
    if report.written and task.about.columns:
        (folder / COLUMNS).write_text(columns_text(task.about), encoding="utf-8")
        for name, code in rows.render(task.about.columns).items():
            (folder / name).write_text(code, encoding="utf-8")
    if flowing := [item for item in report.written.values() if item.states]:
        for name, code in streams.render(flowing).items():
            (folder / name).write_text(code, encoding="utf-8")
    (folder / REPORT).write_text(to_json(report), encoding="utf-8")
    shown = {"Keras": task.reference, **values}
    predictions = {name: outputs[: report.samples] for name, outputs in shown.items()}
    # Labels of values are names, not answers; of sets the page shows the probabilities.
    alone = task.form.outputs == "values" or task.thresholds is not None
    samples = replace(task.samples, test_y=None) if alone else task.samples
    named = () if alone else task.labels
    (folder / PAGE).write_text(render(report, samples, named, predictions), encoding="utf-8")


def _check_labels(labels: Sequence[str], classes: int) -> tuple[str, ...]:
    if isinstance(labels, str):
        raise ExportError(f"labels is the string {labels!r}; pass one label for each output")
    labels = tuple(labels)
    if labels and len(labels) != classes:
        raise ExportError(
            f"{len(labels)} labels for {classes} outputs; pass one label for each output"
        )
    for label in labels:
        if not isinstance(label, str) or not is_line(label):
            raise ExportError(
                f"label {label!r} cannot be a line of {LABELS}; pass one line of text"
            )
    return labels


def _check_identity(identity: Mapping[str, str], model: keras.Model) -> dict[str, str]:
    for name, value in identity.items():
        if name in _RESERVED:
            raise ExportError(f"identity cannot hold {name!r}, a field of the report; rename it")
        if not isinstance(name, str) or not isinstance(value, str):
            raise ExportError(f"identity holds {name!r}: {value!r}; pass texts")
    return {"checkpoint": "", "model": model.name, **identity}
