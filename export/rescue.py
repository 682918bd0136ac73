"""The precision to begin with, and those to try where a file is refused."""

from __future__ import annotations

from dataclasses import replace

from export.artifact import Judged
from export.checks.evidence import Check
from export.checks.prove import PROVERS
from export.precisions import PRECISIONS, Gates
from export.report import Artifact, Rescue
from export.targets import Target

# What more bits may mend.
_CLOSENESS = frozenset(
    {"sqnr_db", "r2", "cosine", "distinct_answers", "top1_agreement", "accuracy", "max_rel_error"}
)
_MENDS = {
    "16x8": _CLOSENESS,
    # Operations without a form in integers are among the layers that stay float32.
    "mixed": _CLOSENESS | {"no_float_tensor"},
    "float32": _CLOSENESS | {"finite", "float16_range"},
}
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
    if target.recurrent is None or kind == "image" or not recurrent:
        return target
    others = tuple(name for name in target.rescues if name != target.recurrent)
    rescues = (target.precision, *others) if target.rescues else ()
    return replace(target, precision=target.recurrent, recurrent=None, rescues=rescues)


def next_targets(target: Target, artifact: Artifact, kind: str) -> tuple[Target, ...]:
    """Returns the target in other precisions, to try one after another until one passes.

    Args:
        target: As it was tried first.
        artifact: The result.
        kind: What one input is. An image's bytes go into an int8 file as they are; int16 is
            another interface, so it comes last.
    """
    failed = {check.name for check in artifact.checks if check.status == "fail"}
    failed -= set(PROVERS)  # They tried this very file, and will try the other one.
    if not failed:
        return ()
    names = target.rescues
    if kind == "image":
        names = tuple(sorted(names, key=lambda name: name == "16x8"))
    return tuple(
        replace(target, precision=name, rescues=(), gates=_gates(target, name))
        for name in names
        if target.precision == "16x8" or failed <= _MENDS.get(name, frozenset())
    )


def _gates(target: Target, precision: str) -> Gates:
    if target.integers:
        return target.gates
    return replace(PRECISIONS[precision].gates, **{gate.gate: gate.after for gate in target.moved})


def better(first: Judged, second: Judged) -> Judged:
    """Returns the second try if it passed, else the first, each with a note on the other."""
    (before, _), (after, values) = first, second
    why = f"{before.precision} was refused ({_failures(before)})"
    if after.verdict != "pass":
        note = f"{after.precision} was refused ({_failures(after)}) too"
        kept, values = first
        return replace(kept, checks=(*kept.checks, Check(_CHECK, "warning", note))), values
    rescue = Rescue(before.precision, _failures(before), before.bytes, before.latency)
    note = f"{why}: this file is {after.arithmetic}{_cost(before, after)}"
    others = tuple(check for check in before.checks if check.name == _CHECK)  # Refused before.
    checks = (*after.checks, *others, Check(_CHECK, "warning", note))
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
