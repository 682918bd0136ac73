"""From a Keras model to verified artifacts in a folder."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from export.checks.gates import Check, Evidence, judge
from export.checks.layers import LayerNoise, worst_layers
from export.checks.parity import accuracy, compare
from export.checks.prove import prove
from export.checks.provers.subject import Subject
from export.checks.verify import Run, run_artifact
from export.child import ChildError
from export.errors import ExportError
from export.forms.form import SIGNATURE, Form, prepare, reference
from export.forms.one_step import step_samples
from export.forms.saved_model import VERSION, run_saved_model, save_for_conversion, save_for_serving
from export.pages import guide
from export.pages.report_page import render
from export.publish import REPORT, check_output, publish, working_folder
from export.report import Artifact, GateFailure, Report, to_json, versions
from export.samples import Samples, are_pixels, check_samples, with_full_pixel_range
from export.targets import FLOAT32_GATES, Target, find_targets
from export.task import TEST_X, Task
from export.tflite.convert import Arithmetic, Source, convert
from export.tflite.flatbuffer import Graph, read_graph
from export.tflite.metadata import LABELS, About, attach, check_about, describe
from export.trainable.artifact import trainable_artifact
from export.trainable.form import check_trainable
from export.trainable.lesson import TRAINABLE

Progress = Callable[[str], None]

SAVED_MODEL = "saved_model"
PAGE = "report.html"
INTEGRATION = "INTEGRATION.md"
_CALIBRATION = "calibration.npz"
_SAVED_MODEL_TARGET = Target(name=SAVED_MODEL, precision="float32", gates=FLOAT32_GATES)
_RESERVED = ("schema", "versions", "samples", "reference", "artifacts")


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
    edge_io: str | None = None,
    gpu_precision: str | None = None,
    npu_percent: float | None = None,
    streaming: keras.Model | None = None,
    trainable_head: bool = False,
    threads: int = 2,
    progress: Progress | None = None,
) -> Report:
    """Exports a model for the targets, checks every artifact, and writes a report.

    Args:
        model: Functional or sequential, float32, with one input of static size and one output
            (batch, classes). Images are NHWC in the values that the model takes.
        output: Folder to write; an earlier export there is replaced.
        samples: To calibrate on and to measure with.
        labels: One for each output; may be empty where the outputs are values.
        targets: Names in `export.targets.TARGETS`. The SavedModel is always written.
        outputs: "logits" (a softmax is appended), "probabilities", "values" (regression), or
            "auto", which looks at the last activation.
        identity: What this is, for the report and the files: "checkpoint", "model".
        about: What the files should say about the model: description, author, licence, features.
        edge_io: Input and output of integer targets for images: "uint8" or "int8"; None: as the
            target has it (uint8). Other inputs are int8 always.
        gpu_precision: Of "gpu": "float16" or "float32"; None: as the target has it (float16).
        npu_percent: Least percentage of an int8 file's operators that an Ethos-U NPU must take,
            where that is tried; None: as the target has it (100).
        streaming: For long sequences: the targets get one step of this model, with its states as
            named inputs and outputs. It has the weights of `model` and takes every step as real:
            `model` itself where that has no masking.
        trainable_head: Whether to write `trainable.tflite` too, whose last dense layer learns on
            the device: see `export.trainable.form`.
        threads: For LiteRT, in the checks and in the latency.
        progress: Called with a line of text at each step.

    Returns:
        The report that was written to `report.json`.

    Raises:
        ExportError: The request was wrong, or the folder cannot be written; nothing was written.
        GateFailure: An artifact is not good enough; the folder holds the report and those artifacts
            that are.
    """
    output = Path(output).absolute()
    check_output(output)
    form = prepare(model, outputs, streaming)
    if trainable_head:
        check_trainable(form)
    wanted = find_targets(targets, edge_io, gpu_precision, npu_percent)
    labels = _check_labels(labels, form)
    if threads < 1:
        raise ExportError(f"threads is {threads}; pass 1 or more")
    identity = _check_identity(identity or {}, model)
    about = check_about(about or About(), form)
    if form.outputs == "values" and samples.test_y is not None:
        raise ExportError("test_y is given for a model whose outputs are values; leave it out")
    samples = check_samples(samples, form.input_shape, form.classes)
    tell = progress or (lambda line: None)
    try:
        with working_folder(output) as folder:
            tell("running the Keras model")
            task = Task(
                form=form,
                samples=samples,
                pixels=form.kind == "image" and are_pixels(samples),
                labels=labels,
                about=about,
                identity=identity,
                threads=threads,
                reference=reference(form, samples.test_x),
                scratch=folder / "scratch",
                artifacts=folder / "artifacts",
            )
            if not np.isfinite(task.reference).all():
                raise ExportError("the Keras model itself gives NaN or infinity; check its weights")
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
    made: dict[str, tuple[Artifact, np.ndarray | None]] = {}
    paths = {target: task.artifacts / f"{target.name}.tflite" for target in targets}
    tell("converting")
    source = _write_source(task)
    image = task.form.kind == "image"
    files = {
        path: Arithmetic(target.precision, target.image_io if image else "int8")
        for target, path in paths.items()
    }
    floats = _float_file(task, files)
    failures = convert(source, files, task.scratch)
    for target, path in paths.items():
        tell(f"{target.name}: checking")
        if path not in failures:
            _attach_metadata(task, target, path)
        made[target.name] = _lite_artifact(task, target, path, failures.get(path), floats)
    if trainable_head:
        tell("trainable: converting and letting it learn")
        made[TRAINABLE] = trainable_artifact(task)
    tell(f"{SAVED_MODEL}: writing and checking")
    made[SAVED_MODEL] = _saved_model_artifact(task)
    truth = task.samples.test_y
    report = Report(
        identity=task.identity,
        versions=versions(),
        samples=len(task.samples.test_x),
        reference_top1=None if truth is None else accuracy(task.reference, truth),
        artifacts={name: artifact for name, (artifact, _) in made.items()},
    )
    return report, {name: values for name, (_, values) in made.items() if values is not None}


def _float_file(task: Task, files: dict[Path, Arithmetic]) -> Path:
    """Names the float32 file that integers are compared with; adds one where no target has it."""
    precisions = {arithmetic.precision: path for path, arithmetic in files.items()}
    if "int8" not in precisions or "float32" in precisions:
        return precisions.get("float32", Path())
    path = task.scratch / "float32.tflite"
    files[path] = Arithmetic("float32", "int8")
    return path


def _write_source(task: Task) -> Source:
    samples, form = task.samples, task.form
    lengths = {} if samples.test_lengths is None else {"lengths": samples.test_lengths}
    _write_arrays(task.scratch / TEST_X, {"x": samples.test_x, **lengths})
    if form.step is not None:
        calibration = step_samples(
            form.step, samples.calibration, samples.calibration_lengths, form.kind
        )
    else:
        x = samples.calibration
        calibration = {form.kind: with_full_pixel_range(x) if task.pixels else x}
    _write_arrays(task.scratch / _CALIBRATION, calibration)
    save_for_conversion(task.form, task.scratch / SAVED_MODEL, samples, task.reference)
    return Source(
        saved_model=str(task.scratch / SAVED_MODEL),
        signatures=(SIGNATURE,),
        calibration=str(task.scratch / _CALIBRATION),
    )


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]  # numpy takes one of the names for a flag's.


def _attach_metadata(task: Task, target: Target, path: Path) -> None:
    """Comes before the checks: what is checked is what ships."""
    made_from = {**task.identity, "versions": versions()}
    metadata, files = describe(
        task.form, target, task.about, made_from, labels=task.labels, pixels=task.pixels
    )
    attach(path, metadata, files)


def _lite_artifact(
    task: Task, target: Target, path: Path, failure: str | None, floats: Path
) -> tuple[Artifact, np.ndarray | None]:
    if failure is not None:
        check = Check("conversion", "fail", failure)
        return Artifact(path.name, target.precision, (check,)), None
    graph = read_graph(path)
    size, digest = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        run = run_artifact(path, task.scratch / TEST_X, task.threads, task.scratch)
        layers: tuple[LayerNoise, ...] = ()
        if target.precision == "int8" and floats.is_file() and not run.states:
            layers = worst_layers(path, floats, task.scratch / TEST_X, task.scratch)
    except ChildError as death:
        check = Check("runs", "fail", str(death))
        artifact = Artifact(
            path.name, target.precision, (check,), size, digest, operators=graph.operators
        )
        return artifact, None
    artifact = _artifact(task, target, path.name, size, digest, run, graph, layers)
    return _with_proofs(task, target, path, artifact, run), run.values


def _with_proofs(task: Task, target: Target, path: Path, artifact: Artifact, run: Run) -> Artifact:
    subject = Subject(
        path=path,
        target=target,
        input=run.input,
        kind=task.form.kind,
        pixels=task.pixels,
        labels=task.labels,
        test_x=task.scratch / TEST_X,
        streams=bool(run.states),
    )
    proofs = prove(subject, task.scratch)
    return replace(
        artifact,
        checks=(*artifact.checks, *(proof.check for proof in proofs)),
        proofs={proof.check.name: proof.figures for proof in proofs if proof.figures},
    )


def _saved_model_artifact(task: Task) -> tuple[Artifact, np.ndarray]:
    folder = task.artifacts / SAVED_MODEL
    save_for_serving(task.form, folder, task.labels, pixels=task.pixels)
    run = run_saved_model(folder, task.form, task.samples.test_x, task.threads)
    size, digest = _folder_size_and_digest(folder)
    file = f"{SAVED_MODEL}/{VERSION}"
    artifact = _artifact(task, _SAVED_MODEL_TARGET, file, size, digest, run, None)
    return artifact, run.values


def _artifact(
    task: Task,
    target: Target,
    file: str,
    size: int,
    digest: str,
    run: Run,
    graph: Graph | None,
    layers: tuple[LayerNoise, ...] = (),
) -> Artifact:
    truth = task.samples.test_y
    finite = bool(np.isfinite(run.values).all())
    classified = task.form.outputs != "values"
    parity = compare(run.values, task.reference, classified=classified) if finite else None
    top1 = None if truth is None else accuracy(run.values, truth)
    evidence = Evidence(
        target=target,
        kind=task.form.kind,
        output_name=task.form.output_name,
        states=task.form.states if graph is not None else (),
        recurrent=task.form.recurrent,
        pixels=task.pixels,
        run=run,
        reference=task.reference,
        parity=parity,
        accuracy=None if truth is None or top1 is None else (top1, accuracy(task.reference, truth)),
        graph=graph,
        signature=SIGNATURE,
        weights=sum(math.prod(w.shape) for w in task.form.model.weights if len(w.shape) > 1),
        bytes=None if graph is None else size,
        worst_layers=layers,
    )
    return Artifact(
        file=file,
        precision=target.precision,
        checks=judge(evidence),
        bytes=size,
        sha256=digest,
        input=run.input,
        output=run.output,
        states=run.states,
        operators={} if graph is None else graph.operators,
        parity=parity,
        top1=top1,
        latency=run.latency,
        worst_layers=layers,
    )


def _folder_size_and_digest(folder: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + content)
            size += len(content)
    return size, digest.hexdigest()


def _remove_failed(report: Report, folder: Path) -> None:
    """Removes what failed a gate, so that nothing of it can be shipped."""
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
        text = guide.render(report, labels=task.labels, pixels=task.pixels)
        (folder / INTEGRATION).write_text(text, encoding="utf-8")
    (folder / REPORT).write_text(to_json(report), encoding="utf-8")
    predictions = {"Keras": task.reference, **values}
    # Labels of values are names, not answers.
    answers = () if task.form.outputs == "values" else task.labels
    (folder / PAGE).write_text(render(report, task.samples, answers, predictions), encoding="utf-8")


def _check_labels(labels: Sequence[str], form: Form) -> tuple[str, ...]:
    if isinstance(labels, str):
        raise ExportError(f"labels is the string {labels!r}; pass one label for each output")
    labels = tuple(labels)
    if not labels and form.outputs == "values":
        return labels
    if len(labels) != form.classes:
        raise ExportError(
            f"{len(labels)} labels for {form.classes} outputs; pass one label for each output"
        )
    for label in labels:
        if not isinstance(label, str) or not label.strip() or len(label.splitlines()) != 1:
            raise ExportError(
                f"label {label!r} cannot be a line of {LABELS}; pass one line of text"
            )
    return labels


def _check_identity(identity: Mapping[str, str], model: keras.Model) -> dict[str, str]:
    for name in identity:
        if name in _RESERVED:
            raise ExportError(f"identity cannot hold {name!r}, a field of the report; rename it")
    return {"checkpoint": "", "model": model.name, **identity}
