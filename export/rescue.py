"""The precision to begin with, and what to try where a file is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from export.artifact import Judged
from export.checks.evidence import Check
from export.checks.prove import PROVERS
from export.precisions import PRECISIONS, Gates
from export.report import Artifact, Rescue
from export.targets import ROUNDING, Target

# What other numbers may mend.
_CLOSENESS = frozenset(
    {"sqnr_db", "r2", "cosine", "distinct_answers", "top1_agreement", "accuracy", "max_rel_error"}
)
_MENDS = {
    ROUNDING: _CLOSENESS,
    "16x8": _CLOSENESS,
    # Operations without a form in integers are among the layers that stay float32.
    "mixed": _CLOSENESS | {"no_float_tensor"},
    "float32": _CLOSENESS | {"finite", "float16_range"},
}
_CHECK = "precision"
_IN_WORDS = {ROUNDING: "compensated rounding"}


def first_target(target: Target, kind: str, recurrent: bool, *, learnt: bool = False) -> Target:
    """Returns the target in the precision to begin with.

    A recurrent model begins with 16 bits: its states sum up over all steps what 8 bits lose in one,
    and its file is smaller with them, since int8 keeps a scale and a zero point for each step. One
    that was trained for int8 begins with that, if 16 bits may follow.

    Args:
        target: As the caller asks for it.
        kind: What one input is.
        recurrent: Whether the model has recurrent layers.
        learnt: Whether a training learnt its ranges of int8.
    """
    if target.recurrent is None or kind == "image" or not recurrent:
        return target
    if learnt and target.recurrent in target.rescues:
        return target
    others = [name for name in target.rescues if name != target.recurrent]
    if set(others) - {ROUNDING}:
        others.insert(others[0] == ROUNDING, target.precision)
    return replace(target, precision=target.recurrent, recurrent=None, rescues=tuple(others))


def next_targets(
    target: Target, artifact: Artifact, kind: str, without: Collection[str] = ()
) -> tuple[Target, ...]:
    """Returns the target in other forms, to try one after another until one passes.

    Where kernels are rounded anew, they are so in all of them.

    Args:
        target: As it was tried first.
        artifact: The result.
        kind: What one input is. An image's bytes go into an int8 file as they are; int16 is
            another interface, so it comes last.
        without: Rescues that are not possible.
    """
    names = [name for name in _helping(target, artifact) if name not in without]
    compensated = ROUNDING in target.rescues and ROUNDING not in without
    if kind == "image":
        names.sort(key=lambda name: name == "16x8")
    return tuple(
        replace(_changed(target, name), rescues=(), compensated=compensated) for name in names
    )


def untried(target: Target, artifact: Artifact, without: Mapping[str, str]) -> tuple[Check, ...]:
    """Returns a note for each rescue that was not possible, where a file is refused.

    Args:
        target: As it was tried first.
        artifact: The result.
        without: Rescues that are not possible, and why.
    """
    return tuple(
        Check(_CHECK, "warning", f"{in_words(name)} is not possible: {without[name]}")
        for name in _helping(target, artifact)
        if name in without
    )


def in_words(rescue: str) -> str:
    """Returns what a rescue is called: another precision, or the same with other kernels."""
    return _IN_WORDS.get(rescue, rescue)


def _helping(target: Target, artifact: Artifact) -> list[str]:
    """Lists the rescues of a target that may mend what failed."""
    failed = {check.name for check in artifact.checks if check.status == "fail"}
    failed -= set(PROVERS)  # They tried this very file, and will try the other one.
    return [
        name
        for name in target.rescues
        if failed
        and (
            failed <= _MENDS.get(name, frozenset())
            or (target.precision == "16x8" and name != ROUNDING)
        )
    ]


def _changed(target: Target, rescue: str) -> Target:
    if rescue == ROUNDING:
        return target
    return replace(target, precision=rescue, gates=_gates(target, rescue))


def _gates(target: Target, precision: str) -> Gates:
    if target.integers:
        return target.gates
    return replace(PRECISIONS[precision].gates, **{gate.gate: gate.after for gate in target.moved})


def better(first: Judged, second: Judged) -> Judged:
    """Returns the second try if it passed, else the first, each with a note on the other."""
    (before, _), (after, values) = first, second
    why = f"{before.precision} was refused ({_failures(before)})"
    if after.verdict != "pass":
        tried = after.arithmetic if after.precision == before.precision else after.precision
        note = f"{tried} was refused ({_failures(after)}) too"
        kept, values = first
        return kept.noted(Check(_CHECK, "warning", note)), values
    rescue = Rescue(before.precision, _failures(before), before.bytes, before.latency)
    note = f"{why}: this file is {after.arithmetic}{_cost(before, after)}"
    others = tuple(check for check in before.checks if check.name == _CHECK)  # Refused before.
    checks = (*after.checks, Check(_CHECK, "warning", note), *others)
    return replace(after, checks=checks, rescue=rescue), values


def _cost(before: Artifact, after: Artifact) -> str:
    if before.bytes is None or after.bytes is None:
        return ""
    more = after.bytes - before.bytes
    cost = f", {abs(more):,} bytes {'more' if more >= 0 else 'less'}"
    if before.latency is None or after.latency is None:
        return cost
    return f"{cost}; {before.latency.median:.2f} ms became {after.latency.median:.2f}"


def _failures(artifact: Artifact) -> str:
    failed = [check for check in artifact.checks if check.status == "fail"]
    return "; ".join(f"{check.name}: {check.detail}" for check in failed[:2])
