"""Judges one artifact: runs it on the samples, tries it on provers, and checks the results."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from export.checks.evidence import Check, Evidence
from export.checks.gates import judge
from export.checks.last_result import last_results
from export.checks.layers import LayerNoise, worst_layers
from export.checks.parity import accuracy, chance, compare
from export.checks.prove import prove
from export.checks.provers.prover import Subject
from export.checks.reliability import reliability
from export.checks.remedies import why_stopped
from export.checks.run import Run, run_artifact
from export.checks.served import run_saved_model
from export.checks.stream import judge_stream, measure
from export.child import ChildError
from export.forms.form import SIGNATURE
from export.forms.learnt import Learnt
from export.forms.outputs import EMBEDDING
from export.forms.saved_model import VERSION, save_for_serving
from export.precisions import FLOAT32_GATES
from export.publish import SAVED_MODEL
from export.report import Artifact
from export.targets import Target
from export.task import FRONT_FILE, STEPS, STREAM, TEST_X, Task
from export.tflite.arena import arena_bytes
from export.tflite.flatbuffer import Graph, read_graph
from export.tflite.metadata import labels_inside, sound_inside

# An artifact with its checks, and its answers; None if it did not run.
Judged = tuple[Artifact, np.ndarray | None]

_SAVED_MODEL_TARGET = Target(name=SAVED_MODEL, precision="float32", gates=FLOAT32_GATES)


def lite_artifact(
    task: Task,
    target: Target,
    path: Path,
    failure: str | None,
    *,
    named: Path,
    whole: Path,
    floats: Path,
) -> Judged:
    """Judges a `.tflite` file.

    Args:
        task: The export that it belongs to; the samples lie in its scratch folder.
        target: What the file is for.
        path: The file, with its metadata.
        failure: Why it could not be converted; None if it was.
        named: The same file, whose tensors still have the names of their layers.
        whole: If a window slides over a stream, such a file over a whole window; else `named`.
        floats: The float32 file of the same graph as `whole`, to find the layers that lose most in
            integers; an empty path if there is none.

    Returns:
        The artifact with its checks, and its answers; None if it did not run.
    """
    if failure is not None:
        check = Check("conversion", "fail", failure)
        return Artifact(path.name, target.precision, (check,)), None
    graph = read_graph(path, named)
    size, digest = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        run = run_artifact(
            *(path, task.scratch / TEST_X, task.threads, task.scratch),
            named=named if target.precision == "float16" else None,
            stream=None if task.stream is None else task.scratch / STREAM,
        )
        x = task.scratch / (TEST_X if task.form.step is None else STEPS)
        layers: tuple[LayerNoise, ...] = ()
        if target.integers and floats.is_file():
            layers = worst_layers(whole, floats, x, task.scratch)
        learnt = task.learnt if target.precision == "int8" else None
        results = None
        if learnt is not None and learnt.expected is not None:
            results = last_results(whole, task.scratch / TEST_X, task.threads, task.scratch)
        artifact = _artifact(
            *(task, target, path, size, digest, run, graph, layers, learnt, results),
            converted=named.stat().st_size,
        )
    except ChildError as death:
        check = Check("runs", "fail", why_stopped(death, graph))
        artifact = Artifact(
            path.name, target.precision, (check,), size, digest, operators=graph.operators
        )
        return artifact, None
    return _with_proofs(task, target, path, artifact, run), run.values


def _with_proofs(task: Task, target: Target, path: Path, artifact: Artifact, run: Run) -> Artifact:
    subject = Subject(
        path=path,
        target=target,
        input=run.input,
        output=run.output,
        kind=task.form.kind,
        pixels=task.pixels,
        labels=task.labels,
        test_x=task.scratch / TEST_X,
        streams=bool(run.states),
        sound=task.about.rate is not None,
    )
    proofs = prove(subject, task.scratch)
    return replace(
        artifact,
        checks=(*artifact.checks, *(proof.check for proof in proofs)),
        proofs={proof.check.name: proof.figures for proof in proofs if proof.figures},
    )


def saved_model_artifact(task: Task) -> tuple[Artifact, np.ndarray]:
    """Writes the SavedModel and judges it. Returns the artifact, and its answers."""
    folder = task.artifacts / SAVED_MODEL
    save_for_serving(task.form, folder, task.labels, pixels=task.pixels)
    run = run_saved_model(folder, task.form, task.samples.compared, task.threads)
    size, digest = _folder_size_and_digest(folder)
    path = folder / VERSION
    artifact = _artifact(task, _SAVED_MODEL_TARGET, path, size, digest, run, None)
    return artifact, run.values


def _artifact(
    task: Task,
    target: Target,
    path: Path,
    size: int,
    digest: str,
    run: Run,
    graph: Graph | None,
    layers: tuple[LayerNoise, ...] = (),
    learnt: Learnt | None = None,
    results: np.ndarray | None = None,
    converted: int | None = None,
) -> Artifact:
    truth = task.samples.test_y
    finite = bool(np.isfinite(run.values).all())
    classified = task.form.classified
    least, parity = task.thresholds, None
    if finite:
        parity = compare(
            run.values,
            task.reference,
            classified=classified,
            thresholds=least,
            embedded=task.form.outputs == EMBEDDING,
        )
    top1 = None if truth is None else accuracy(run.values, truth, least)
    reference_top1 = None if truth is None else accuracy(task.reference, truth, least)
    sure = [
        reliability(values, truth, classified=classified and least is None)
        for values in (run.values, task.reference)
    ]
    front = task.form.front
    of_front = set() if front is None else {id(weight) for weight in front.model.weights}
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
        accuracy=None if top1 is None or reference_top1 is None else (top1, reference_top1),
        graph=graph,
        signature=SIGNATURE,
        weights=_kernel_values(task.form.model, of_front),
        bytes=converted,
        worst_layers=layers,
        labels=task.labels,
        labels_inside=None if graph is None else labels_inside(path),
        rate=task.about.rate,
        sound_inside=None if graph is None else sound_inside(path),
        left_out=task.samples.left_out,
        labelled=None if truth is None else len(truth),
        chance=0.0 if truth is None else chance(truth, task.form.classes),
        heaviest={w.path: float(np.abs(w.numpy()).max(initial=0)) for w in task.form.model.weights},
        front=task.form.front_names,
        front_bytes=(task.scratch / FRONT_FILE).stat().st_size if front is not None else 0,
        thresholds=least,
        learnt=learnt,
        last_results=results,
        reliability=(sure[0], sure[1]) if sure[0] and sure[1] else None,
    )
    checks, stream = judge(evidence), None
    if run.stream_values is not None and task.stream is not None:
        stream = measure(task.stream, run.stream_values, classified=classified)
        checks += judge_stream(evidence, task.stream, stream)
    return Artifact(
        file=path.relative_to(task.artifacts).as_posix(),
        precision=target.precision,
        checks=checks,
        bytes=size,
        sha256=digest,
        input=run.input,
        output=run.output,
        states=run.states,
        next_states=run.next_states,
        operators={} if graph is None else graph.operators,
        parity=parity,
        top1=top1,
        reliability=sure[0],
        latency=run.latency,
        arena=arena_bytes(graph) if graph is not None and target.integers else None,
        worst_layers=layers,
        front=() if graph is None else task.form.front_names,
        stream=stream,
    )


def _folder_size_and_digest(folder: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + content)
            size += len(content)
    return size, digest.hexdigest()


def _kernel_values(model: keras.Model, left_out: set[int]) -> int:
    """Returns how many numbers the kernels of a model hold.

    Args:
        model: Its weights of two dimensions or more are kernels.
        left_out: `id` of weights that do not count.
    """
    return sum(
        math.prod(w.shape) for w in model.weights if len(w.shape) > 1 and id(w) not in left_out
    )
