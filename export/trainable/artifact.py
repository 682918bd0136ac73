"""Makes the file that learns on the device, and lets it learn."""

from __future__ import annotations

import hashlib

import numpy as np

from export.checks.evidence import Check
from export.checks.parity import accuracy, compare
from export.child import ChildError
from export.precisions import FLOAT32_GATES
from export.report import Artifact, versions
from export.task import TEST_X, Task
from export.tflite.convert import Arithmetic, Source, convert
from export.tflite.flatbuffer import read_graph
from export.tflite.metadata import attach
from export.trainable.about import SIGNATURES, TRAINABLE, trainable_metadata
from export.trainable.form import head_weights, save_trainable
from export.trainable.lesson import judge_lesson, teach


def trainable_artifact(task: Task) -> tuple[Artifact, np.ndarray | None]:
    """Writes `trainable.tflite` and checks it.

    Returns:
        The artifact, and its answers to the test samples; None if it did not run.
    """
    path = task.artifacts / f"{TRAINABLE}.tflite"
    folder, head = task.scratch / TRAINABLE, task.scratch / "head.npz"
    save_trainable(task.form, folder, task.samples.calibration)
    kernel, bias = head_weights(task.form)
    np.savez(head, kernel=kernel, bias=bias)
    source = Source(str(folder), SIGNATURES, calibration="", variables=True)
    failures = convert(source, {path: Arithmetic("float32", "int8")}, task.scratch)
    if path in failures:
        return _failed(path.name, "conversion", failures[path]), None
    made_from = {**task.identity, "versions": versions()}
    attach(path, *trainable_metadata(task.about, made_from, labels=task.labels))
    graph = read_graph(path)
    try:
        lesson = teach(path, task.scratch / TEST_X, head, task.threads, task.scratch)
    except ChildError as death:
        return _failed(path.name, "runs", str(death)), None
    finite = bool(np.isfinite(lesson.values).all())
    parity = compare(lesson.values, task.reference, classified=True) if finite else None
    truth = task.samples.test_y
    artifact = Artifact(
        file=path.name,
        precision="float32",
        checks=judge_lesson(lesson, parity, graph, FLOAT32_GATES),
        bytes=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        input=lesson.input,
        output=lesson.output,
        operators=graph.operators,
        parity=parity,
        top1=None if truth is None else accuracy(lesson.values, truth),
        latency=lesson.latency,
    )
    return artifact, lesson.values


def _failed(file: str, check: str, why: str) -> Artifact:
    return Artifact(file, "float32", (Check(check, "fail", why),))
