"""The file of a quantisation-aware training is compared with the network that was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from export.checks.evidence import Check, Evidence, verdict

# So many examples have to be within a step of the simulation; else what differs may have no more
# than this share of the power of what rounding itself changes, or the larger share if it is a step
# in the mean. Two roundings that have nothing in common differ by twice the power.
_LEAST_WITHIN, _TIES, _SMALL_TIES = 0.99, 0.1, 0.5
_STEP = 1.5  # In steps of the file, which are a little wider or not.
# Figures that compare answers with the float network of the same weights, which nobody trained.
_WITH_FLOATS = frozenset({"sqnr_db", "r2", "cosine", "top1_agreement"})
_SIMULATION = "simulation"


def simulated(evidence: Evidence) -> Check | None:
    """Catches a file with other ranges or weights than those that a training rounded to.

    A few may differ by more than a step: at a tie, runtimes round one way or the other, and a later
    layer makes more of it. Many later layers, as in a MobileNetV2, make several steps of it for
    many examples, and large maps, as in a ResNet-18 of 112 pixels, have many ties. That is still
    little beside what rounding changes, or small; a wrong range is neither.
    """
    learnt, results = evidence.learnt, evidence.last_results
    if learnt is None or learnt.expected is None or results is None:
        return None
    if not learnt.unit:
        return Check(_SIMULATION, "skipped", "the last layer has no range that was learnt")
    steps = np.abs(results - learnt.expected).max(axis=1) / learnt.unit
    within = float((steps < _STEP).mean())
    detail = (
        f"{within:.1%} of {len(steps)} within a step of what was trained, at least "
        f"{_LEAST_WITHIN:.0%}; the farthest {steps.max():.1f} steps away"
    )
    if within >= _LEAST_WITHIN or learnt.exact is None:
        return verdict(_SIMULATION, within >= _LEAST_WITHIN, detail)
    differs, rounding = (
        float(np.square(other - learnt.expected).mean()) for other in (results, learnt.exact)
    )
    mean = np.sqrt(differs) / learnt.unit
    most = _SMALL_TIES if mean < _STEP else _TIES
    detail += (
        f"; what differs is {mean:.1f} steps in the mean and has "
        f"{differs / max(rounding, 1e-30):.0%} of the power of what rounding changes, at most "
        f"{most:.0%} if fewer are within a step"
    )
    return verdict(_SIMULATION, differs <= most * rounding, detail)


def as_trained(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Makes warnings of what differs from the float network, where the file is what was trained.

    A training that rounds moves weights to where the rounded network is right; the float network of
    these weights may answer otherwise, and worse. So a file that calculates what the simulation
    does, and is as often right as the float network, need not answer as that does. Without a truth
    to measure, it has to: nothing else would catch a training that failed.

    Args:
        checks: All of one file.
    """
    passed = {check.name for check in checks if check.status == "pass"}
    if not {_SIMULATION, "accuracy"} <= passed:
        return tuple(checks)
    return tuple(
        replace(check, status="warning", detail=f"{check.detail}; but it is what was trained")
        if check.status == "fail" and check.name in _WITH_FLOATS
        else check
        for check in checks
    )
