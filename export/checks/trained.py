"""The file of a quantisation-aware training is compared with the network that was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from export.checks.evidence import Check, Evidence, verdict

_LEAST_WITHIN = 0.99  # So many examples have to be within a step of the simulation.
_STEP = 1.5  # In steps of the file, which are a little wider or not.
# Figures that compare answers with the float network of the same weights, which nobody trained.
_WITH_FLOATS = frozenset({"sqnr_db", "r2", "cosine", "top1_agreement"})
_SIMULATION = "simulation"


def simulated(evidence: Evidence) -> Check | None:
    """Catches a file with other ranges or weights than those that a training rounded to.

    The simulation sums integers and multiplies them in float32 as XNNPACK does, so that nearly all
    examples are equal, however many layers there are.
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
    return verdict(_SIMULATION, within >= _LEAST_WITHIN, detail)


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
