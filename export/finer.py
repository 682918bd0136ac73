"""Which integers come first, and a second try in others where a file is refused."""

from __future__ import annotations

from dataclasses import replace

from export.artifact import Judged
from export.checks.evidence import Check
from export.checks.prove import PROVERS
from export.report import Artifact
from export.targets import Target

# The checks that more bits may help to pass.
_CLOSENESS = frozenset({"sqnr_db", "r2", "distinct_answers", "top1_agreement", "accuracy"})
_CHECK = "precision"


def first_target(target: Target, kind: str, recurrent: bool) -> Target:
    """Returns the target in the precision to begin with.

    A recurrent model begins with 16 bits: its states sum up over all steps what 8 bits lose in one,
    and its file is smaller with them, since int8 keeps a scale and a zero point for each step.

    Args:
        target: As the caller asks for it.
        kind: What one input is.
        recurrent: Whether the model has recurrent layers.
    """
    if target.instead is None or kind == "image" or not recurrent:
        return target
    return replace(target, precision=target.instead, instead=target.precision)


def second_target(target: Target, artifact: Artifact, kind: str) -> Target | None:
    """Returns the target in its other precision; None: none is to be tried.

    Args:
        target: As it was tried first.
        artifact: The result.
        kind: What one input is. An image's bytes go into an int8 file as they are; int16 would be
            another interface.
    """
    failed = {check.name for check in artifact.checks if check.status == "fail"}
    failed -= set(PROVERS)  # They tried this very file, and will try the other one.
    if target.instead is None or kind == "image" or not failed:
        return None
    if target.precision == "int8" and failed - _CLOSENESS:
        return None  # More bits help with nothing else.
    return replace(target, precision=target.instead, instead=None)


def better(first: Judged, second: Judged) -> Judged:
    """Returns the second try if it passed, else the first, each with a note on the other."""
    passed = second[0].verdict == "pass"
    (artifact, values), (other, _) = (second, first) if passed else (first, second)
    what = f"{other.precision} was refused ({_failures(other)})"
    note = f"{what}: this file is {artifact.precision}" if passed else f"{what} too"
    return replace(artifact, checks=(*artifact.checks, Check(_CHECK, "warning", note))), values


def _failures(artifact: Artifact) -> str:
    failed = [check for check in artifact.checks if check.status == "fail"]
    return "; ".join(f"{check.name}: {check.detail}" for check in failed[:2])
