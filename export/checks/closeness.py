"""The checks on an artifact's answers: compared with the Keras model, and with the truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from export.checks.evidence import Check, Evidence, verdict
from export.checks.parity import (
    column_r2,
    column_ranges,
    column_sqnr_db,
    commonest,
    largest_of,
    max_errors,
    sqnr_db,
)
from export.checks.trained import simulated
from export.forms.outputs import are_shares
from export.samples import LEAST_SAMPLES

# A good quantisation adds about as much noise as rounding its output to 8 bits. If that rounding
# alone already fails the gate, a file may be this much noisier than the rounding.
_BELOW_CEILING_DB = 6.0
# With more noise than this an answer is worthless, so this limit always holds.
LEAST_DB = 10.0
# Steps of a range in 8 bits, and the coarser step of a softmax in which equal answers are counted.
_STEPS, _COARSE_STEP = 255, 1 / 64
# Steps of an output's range, and the step of a softmax.
_OUTPUT_STEPS = {"int16": (65_535, 1 / 32_768)}
_OF_8_BITS = (_STEPS, 1 / 256)
# Rounding changes labels where the model is undecided. A model with many errors is undecided more
# often, so this share of its own error rate may change.
_TURNED_SHARE = 0.1
# With this many samples or more, one may always differ, since one near tie must not fail a file.
_LEAST_TO_GRANT = 10
# With fewer examples than this, a figure is weak: a few of them would change it.
_LEAST_FIRM = 50
# More than this added to the calibration error shifts the meaning of a threshold.
_LESS_RELIABLE = 0.02
_COMPARING = frozenset(
    {
        *("max_abs_error", "max_rel_error", "sqnr_db", "r2", "cosine", "distinct_answers"),
        "top1_agreement",
    }
)
# Relative error of float32 itself.
_FLOAT32_ROUNDING = 1e-6
# The share of equal answers may exceed the share of equal Keras answers by this.
_MORE_ALIKE = 0.25


def _finite(evidence: Evidence) -> Check:
    bad = int((~np.isfinite(evidence.run.values)).any(axis=1).sum())
    count = len(evidence.run.values)
    return verdict("finite", bad == 0, f"{bad} of {count} outputs have NaN or infinity")


def _enough_samples(evidence: Evidence) -> Check:
    count = len(evidence.reference)
    if count >= LEAST_SAMPLES:
        return verdict("enough_samples", True, f"{count} to compare on")
    detail = (
        f"{count} to compare on make every figure weak; pass {LEAST_SAMPLES} or more, of which "
        "those without labels may come from the training data"
    )
    return Check("enough_samples", "warning", detail)


def _abs_error(evidence: Evidence) -> Check | None:
    limit = evidence.target.gates.max_abs_error
    if limit is None or evidence.parity is None:
        return None
    errors = max_errors(evidence.run.values, evidence.reference)
    limits = np.full_like(errors, limit * _unit(evidence))
    if not _together(evidence):
        rounding = _FLOAT32_ROUNDING * np.abs(evidence.reference).max(axis=0)
        limits = np.maximum(limit * column_ranges(evidence.reference), rounding)
    worst = int((errors - limits).argmax())
    detail = f"{errors[worst]:.2e}, at most {limits[worst]:.2e}{_named(evidence, worst)}"
    return verdict("max_abs_error", bool((errors <= limits).all()), detail)


def _rel_error(evidence: Evidence) -> Check | None:
    limit = evidence.target.gates.max_rel_error
    if limit is None or evidence.parity is None:
        return None
    error, where = evidence.parity.max_rel_error, ""
    if not _together(evidence):
        errors = max_errors(evidence.run.values, evidence.reference)
        where = _named(evidence, int((errors / column_ranges(evidence.reference)).argmax()))
    return verdict("max_rel_error", error <= limit, f"{error:.2e}, at most {limit:.2e}{where}")


def _sqnr(evidence: Evidence) -> Check | None:
    wanted = evidence.target.gates.sqnr_db
    if wanted is None or evidence.parity is None:
        return None
    values, reference = evidence.run.values, evidence.reference
    steps, share = _OUTPUT_STEPS.get(evidence.run.output.dtype, _OF_8_BITS)
    if _together(evidence):
        ratios = np.array([sqnr_db(values, reference)])
        ceilings = np.array(
            [sqnr_db(_rounded(evidence, np.array(share * _unit(evidence))), reference)]
        )
    else:
        ratios = column_sqnr_db(values, reference)
        rounded = _rounded(evidence, column_ranges(reference) / steps)
        ceilings = column_sqnr_db(rounded, reference)
    limits = np.maximum(np.minimum(wanted, ceilings - _BELOW_CEILING_DB), LEAST_DB)
    worst = int((ratios - limits).argmin())
    detail = (
        f"{ratios[worst]:.1f} dB, at least {limits[worst]:.1f} (rounding the output alone: "
        f"{ceilings[worst]:.1f}){_named(evidence, worst)}"
    )
    passed = bool((ratios >= limits).all())
    return verdict("sqnr_db", passed, detail if passed else detail + _lost(evidence))


def _lost(evidence: Evidence) -> str:
    """Names the layers that lose most; empty if they are not known."""
    layers = ", ".join(
        f"{layer.operator} in {layer.layer!r} ({layer.lost_db:.1f} dB)"
        for layer in evidence.worst_layers[:3]
    )
    return f"; most is lost by {layers}" if layers else ""


def _r2(evidence: Evidence) -> Check | None:
    """Catches lost values that are small beside a mean or beside another column."""
    limit = evidence.target.gates.r2
    if limit is None or evidence.parity is None or evidence.parity.r2 is None:
        return None
    worst = int(np.nanargmin(column_r2(evidence.run.values, evidence.reference)))
    kept = evidence.parity.r2
    detail = f"{kept:.4f} against Keras, at least {limit}{_named(evidence, worst)}"
    if kept < limit and evidence.reference.shape[1] > 1:
        detail += "; all outputs of an integer file share one scale"
    return verdict("r2", kept >= limit, detail)


def _cosine(evidence: Evidence) -> Check | None:
    """Catches single samples whose features point elsewhere."""
    limit = evidence.target.gates.cosine
    if limit is None or evidence.parity is None or evidence.parity.cosine is None:
        return None
    least = evidence.parity.cosine
    detail = f"{least:.5f} for the farthest of {len(evidence.reference)}, at least {limit}"
    return verdict("cosine", least >= limit, detail)


def _distinct(evidence: Evidence) -> Check | None:
    """Catches integers that give one answer where Keras gives many."""
    if not evidence.target.integers or evidence.parity is None:
        return None
    if len(evidence.reference) < _LEAST_TO_GRANT:
        return None
    values, reference = evidence.run.values, evidence.reference
    if _together(evidence):
        alike, usual = [commonest(values)], [commonest(reference, _COARSE_STEP * _unit(evidence))]
    else:
        low, high = np.percentile(reference, (10, 90), axis=0)
        columns = range(reference.shape[1])
        alike = [commonest(values[:, [i]]) for i in columns]
        usual = [commonest(reference[:, [i]], (high[i] - low[i]) / _STEPS) for i in columns]
    worst = int((np.array(alike) - usual).argmax())
    limit = usual[worst] + _MORE_ALIKE
    detail = (
        f"{alike[worst]:.0%} of the answers are the same, {usual[worst]:.0%} of Keras's; "
        f"at most {min(limit, 1):.0%}{_named(evidence, worst)}"
    )
    return verdict("distinct_answers", alike[worst] <= limit, detail)


def _agreement(evidence: Evidence) -> Check | None:
    limit = evidence.target.gates.top1_agreement
    if limit is None or evidence.parity is None or evidence.parity.top1_agreement is None:
        return None
    agreement, count = evidence.parity.top1_agreement, len(evidence.reference)
    turned = 1 - limit
    # The errors of a model at chance level are not near ties, so it gets no such allowance.
    if evidence.accuracy is not None and not _at_chance(evidence):
        _, reference = evidence.accuracy
        turned = max(turned, _TURNED_SHARE * (1 - reference))
    limit = 1 - _granted(turned, count)
    what = f"{count}" if evidence.thresholds is None else f"the labels of {count}"
    return verdict(
        "top1_agreement",
        _reaches(agreement, limit),
        f"{agreement:.2%} of {what}, at least {limit:.2%}",
    )


def _accuracy(evidence: Evidence) -> Check | None:
    if evidence.accuracy is None:
        return None
    accuracy, reference = evidence.accuracy
    count = evidence.labelled or len(evidence.reference)
    granted = _granted(evidence.target.gates.accuracy_drop, count)
    return verdict(
        "accuracy",
        _reaches(accuracy, reference - granted),
        f"{'' if evidence.thresholds is None else 'F1 '}{accuracy:.2%}, Keras {reference:.2%}, at "
        f"most {100 * granted:.2f} points less",
    )


def _reliability(evidence: Evidence) -> Check | None:
    """Says where a file's scores can be believed less than the model's. It refuses nothing."""
    if evidence.reliability is None:
        return None
    own, keras = evidence.reliability
    detail = (
        f"expected calibration error {own.error:.4f}, Keras {keras.error:.4f}, and a perfect "
        f"classifier {own.chance:.4f} by chance, on {own.samples:,} samples"
    )
    if own.error <= max(keras.error, own.chance) + _LESS_RELIABLE:
        return Check("reliability", "pass", detail)
    detail += "; its scores say less well how often it is right: choose a threshold on this file"
    return Check("reliability", "warning", detail)


def _better_than_chance(evidence: Evidence) -> Check | None:
    if evidence.accuracy is None:
        return None
    _, reference = evidence.accuracy
    figures = f"Keras itself is right on {reference:.2%}"
    if evidence.thresholds is not None:
        figures = f"Keras itself has an F1 of {reference:.2%}"
    if not _at_chance(evidence):
        return verdict("better_than_chance", True, f"{figures}, chance is {evidence.chance:.2%}")
    detail = (
        f"{figures}, no more than chance ({evidence.chance:.2%}): is the model trained, and do "
        "test_y and the labels number the classes as the outputs do?"
    )
    return Check("better_than_chance", "warning", detail)


def _at_chance(evidence: Evidence) -> bool:
    return evidence.accuracy is not None and evidence.accuracy[1] <= evidence.chance


def _together(evidence: Evidence) -> bool:
    """Whether outputs are measured together: probabilities, or features."""
    if evidence.embedded or evidence.thresholds is not None:
        return True
    return evidence.classified and are_shares(evidence.reference)


def _unit(evidence: Evidence) -> float:
    """Returns the unit of outputs that are measured together: 1, or the largest feature."""
    return largest_of(evidence.reference) if evidence.embedded else 1.0


def _rounded(evidence: Evidence, step: np.ndarray) -> np.ndarray:
    """Rounds the reference to these steps, with the scale that fits it best, not the file's."""
    if evidence.run.output.scale is None:
        return evidence.reference
    lowest = evidence.reference.min(axis=0) if step.ndim else 0.0
    return np.round((evidence.reference - lowest) / step) * step + lowest


def _named(evidence: Evidence, column: int) -> str:
    if evidence.reference.shape[1] == 1 or _together(evidence):
        return ""
    label = repr(evidence.labels[column]) if evidence.labels else f"{column + 1}"
    return f" (output {label})"


def _granted(share: float, count: int) -> float:
    return max(share, 1 / count) if count >= _LEAST_TO_GRANT else share


def _reaches(figure: float, limit: float) -> bool:
    return figure >= limit - 1e-9


def weak_checks(evidence: Evidence) -> frozenset[str]:
    """Returns the names of the checks whose figure comes from too few examples to be firm."""
    compared, labelled = len(evidence.reference), evidence.labelled
    names = _COMPARING if compared < _LEAST_FIRM else frozenset()
    few = compared if labelled is None else labelled
    return names | {"accuracy", "better_than_chance", "reliability"} if few < _LEAST_FIRM else names


CHECKS: tuple[Callable[[Evidence], Check | None], ...] = (
    _finite,
    _enough_samples,
    _abs_error,
    _rel_error,
    _sqnr,
    _r2,
    _cosine,
    _distinct,
    _agreement,
    _accuracy,
    _reliability,
    simulated,
    _better_than_chance,
)
# Those of them that hold for any input, such as a window across two examples.
ALONG: tuple[Callable[[Evidence], Check | None], ...] = (
    _finite,
    _abs_error,
    _rel_error,
    _sqnr,
    _r2,
    _agreement,
    _accuracy,
)
