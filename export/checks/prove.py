"""Tries finished files on the software of real devices, where that is installed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.checks.evidence import Check
from export.checks.provers import ethos_u, mediapipe_tasks, tflite_micro
from export.checks.provers.subject import Subject
from export.child import ChildError, run_child

PROVERS: Mapping[str, Any] = {
    "mediapipe": mediapipe_tasks,
    "tflite_micro": tflite_micro,
    "ethos_u": ethos_u,
}


@dataclass(frozen=True)
class Proof:
    """What a prover found.

    Attributes:
        check: Its verdict.
        figures: What it measured, for the report; empty where it did not run.
    """

    check: Check
    figures: Mapping[str, Any]


def prove(subject: Subject, scratch: Path) -> tuple[Proof, ...]:
    """Lets every prover of the file's target try it, each in a process of its own.

    Args:
        subject: What is tried.
        scratch: For temporary files.
    """
    return tuple(_prove(name, subject, scratch) for name in subject.target.provers)


def _prove(name: str, subject: Subject, scratch: Path) -> Proof:
    prover = PROVERS[name]
    if reason := prover.unfit(subject):
        return Proof(Check(name, "skipped", reason), {})
    if importlib.util.find_spec(prover.PACKAGE) is None:
        missing = f"{prover.PACKAGE} is not installed (pip install 'zoo-residual[provers]')"
        return Proof(Check(name, "skipped", missing), {})
    results = scratch / f"{subject.path.stem}.{name}.json"
    job = {
        "artifact": str(subject.path),
        "test_x": str(subject.test_x),
        "labels": list(subject.labels),
        "results": str(results),
        "scratch": str(scratch),
    }
    try:
        run_child(prover.__name__, job, scratch)
    except ChildError as death:
        return Proof(Check(name, "fail", str(death)), {})
    figures = json.loads(results.read_text())
    passed, detail = prover.judge(figures, subject.target)
    return Proof(Check(name, "pass" if passed else "fail", detail), figures)
