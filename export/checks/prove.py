"""Tries finished files on the software of real devices, where that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from export.checks.evidence import Check, Status
from export.checks.provers.ethos_u import ETHOS_U
from export.checks.provers.litert_gpu import LITERT_GPU
from export.checks.provers.mediapipe_tasks import MEDIAPIPE
from export.checks.provers.prover import Absent, Figures, Prover, Subject
from export.checks.provers.tflite_micro import TFLITE_MICRO
from export.child import ChildError, child_main, run_child
from export.errors import ExportError, unknown
from export.targets import Target

PROVERS = {prover.name: prover for prover in (MEDIAPIPE, TFLITE_MICRO, ETHOS_U, LITERT_GPU)}
_MISSING = "missing"
_UNFINISHED = "its time ended before it had an answer, on a slow or busy computer; nothing is shown"


@dataclass(frozen=True)
class Proof:
    """The result of a prover.

    Attributes:
        check: Its verdict.
        figures: Its measurements, for the report; empty if it did not run.
    """

    check: Check
    figures: Figures


def register_prover(prover: Prover) -> Prover:
    """Adds a prover. Targets and `export_model(..., provers=(prover.name,))` can then name it.

    Raises:
        ExportError: The name is taken or empty, or another process cannot import `prover.measure`.
    """
    if not prover.name.isidentifier():
        raise ExportError(
            f"a prover cannot be called {prover.name!r}; use letters, digits and underscores"
        )
    if prover.name in PROVERS:
        raise ExportError(f"prover {prover.name!r} exists already; choose another name")
    module, name = prover.measure.__module__, prover.measure.__qualname__
    if module == "__main__" or not name.isidentifier():
        raise ExportError(
            f"prover {prover.name!r} measures by {module}.{name}, which no other process can "
            "import; make it a function of a module"
        )
    PROVERS[prover.name] = prover
    return prover


def with_provers(targets: Iterable[Target], names: Iterable[str] | None) -> tuple[Target, ...]:
    """Gives targets the provers that the caller wants.

    Args:
        targets: To change.
        names: In `PROVERS`; None: those that each target has.

    Raises:
        ExportError: A name is unknown, or `names` is a single string.
    """
    if isinstance(names, str):
        raise ExportError(f"provers is the string {names!r}; pass a tuple, as in ({names!r},)")
    if names is not None:
        wanted = tuple(dict.fromkeys(names))
        targets = [replace(target, provers=wanted) for target in targets]
    targets = tuple(targets)
    for name in (name for target in targets for name in target.provers):
        if name not in PROVERS:
            raise unknown("prover", str(name), PROVERS)
    return targets


def prove(subject: Subject, scratch: Path) -> tuple[Proof, ...]:
    """Tries a file on every prover of its target, each in a process of its own.

    Args:
        subject: The file.
        scratch: For temporary files.
    """
    return tuple(_prove(PROVERS[name], subject, scratch) for name in subject.target.provers)


def _prove(prover: Prover, subject: Subject, scratch: Path) -> Proof:
    if reason := prover.unfit(subject):
        return Proof(Check(prover.name, "skipped", reason), {})
    if prover.package and importlib.util.find_spec(prover.package) is None:
        how = f" (pip install {prover.install!r})" if prover.install else ""
        missing = f"{prover.package} is not installed{how}"
        return Proof(Check(prover.name, "skipped", missing), {})
    if missing := prover.absent():
        return Proof(Check(prover.name, "skipped", missing), {})
    worst: Status = "warning" if prover.advisory(subject.target) else "fail"
    results = scratch / f"{subject.path.stem}.{prover.name}.json"
    job = {
        "measure": [prover.measure.__module__, prover.measure.__qualname__],
        "modules": sys.path,
        "artifact": str(subject.path),
        "test_x": str(subject.test_x),
        "labels": list(subject.labels),
        "scores": prover.scores,
        "results": str(results),
        "scratch": str(scratch),
    }
    try:
        run_child("export.checks.prove", job, scratch)
    except ChildError as death:
        if death.signal == "SIGALRM":
            return Proof(Check(prover.name, "warning", _UNFINISHED), {})
        return Proof(Check(prover.name, worst, str(death)), {})
    figures = json.loads(results.read_text())
    if _MISSING in figures:
        return Proof(Check(prover.name, "skipped", figures[_MISSING]), {})
    passed, detail = prover.judge(figures, subject.target)
    return Proof(Check(prover.name, "pass" if passed else worst, detail), figures)


def _measure_here(job: dict[str, Any]) -> None:
    # This process would not find the module of a caller's own prover by itself.
    sys.path += [folder for folder in job["modules"] if folder not in sys.path]
    # Files that a prover leaves behind are removed with the export's own temporary files.
    tempfile.tempdir = job["scratch"]
    module, name = job["measure"]
    with np.load(job["test_x"]) as file:
        x, y = file["x"], file.get("y")
    measure = getattr(importlib.import_module(module), name)
    truth = (y,) if job["scores"] else ()
    try:
        figures = measure(Path(job["artifact"]), x, tuple(job["labels"]), *truth)
    except Absent as absent:
        figures = {_MISSING: str(absent)}
    # The report holds no NaN: a file with such a figure fails here, by the name of its prover.
    Path(job["results"]).write_text(json.dumps(dict(figures), allow_nan=False))


if __name__ == "__main__":
    child_main(_measure_here)
