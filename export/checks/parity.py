"""How far the outputs of an artifact are from those of the Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from export.forms.outputs import are_shares

# Used for an exact match, whose ratio would be infinite.
EXACT_DB = 200.0
# So near to its threshold the probability of a label is undecided; or a quarter of the way from the
# threshold to 0 or 1, if that is less.
_UNDECIDED = 0.02
# A column is constant, up to rounding, if its answers differ by less than this share of them.
_CONSTANT = 1e-6
# If a class has this many samples, and this share of them gets one other class, that is no chance.
_PERMUTED_SAMPLES, _PERMUTED_SHARE = 20, 0.75


@dataclass(frozen=True)
class Parity:
    """Differences over a set of samples.

    The columns of a softmax are shares of one whole and are measured together, and so are features.
    Other columns, such as those of a regression, may have any units. Each is measured by itself,
    and the worst counts.

    Attributes:
        max_abs_error: Largest absolute difference.
        max_rel_error: Largest difference, divided by the range of its column; of shares and
            features, divided by the largest reference.
        sqnr_db: 10·log10(sum of reference² / sum of difference²), 200 at most.
        r2: Share of the spread of the reference that is kept: 1 - sum of difference² / sum of
            (reference - mean)². None for shares and features, and if all columns are constant.
        cosine: Of features: the least cosine of the angle between both vectors of a sample; None
            for other outputs.
        top1_agreement: Share of samples with the same first label; of sets of labels, of the labels
            that either says the share that both say, but for those whose probability is within two
            points of its threshold; None for values and features.
    """

    max_abs_error: float
    max_rel_error: float
    sqnr_db: float
    r2: float | None
    top1_agreement: float | None
    cosine: float | None = None


def compare(
    values: np.ndarray,
    reference: np.ndarray,
    *,
    classified: bool,
    thresholds: np.ndarray | None = None,
    embedded: bool = False,
) -> Parity:
    """Compares two sets of outputs.

    Args:
        values: (N, columns), finite, of the artifact.
        reference: (N, columns), of the Keras model.
        classified: Whether outputs are scores of classes.
        thresholds: (columns,) of sets of labels: from which on each is said; None: one class is.
        embedded: Whether outputs are features.
    """
    agreement = None
    if thresholds is not None:
        # Where the model is undecided, rounding decides.
        margin = np.minimum(_UNDECIDED, np.minimum(thresholds, 1 - thresholds) / 4)
        decided = abs(reference - thresholds) >= margin
        one, other = decided & (values >= thresholds), decided & (reference >= thresholds)
        agreement = float((one & other).sum() / max((one | other).sum(), 1))
        agreement = agreement if (one | other).any() else 1.0
    elif classified:
        agreement = float((top1(values) == top1(reference)).mean())
    errors = max_errors(values, reference)
    if thresholds is not None or embedded or (classified and are_shares(reference)):
        largest = largest_of(reference)
        relative, ratio, kept = errors / largest, np.array([sqnr_db(values, reference)]), None
    else:
        relative, ratio = errors / column_ranges(reference), column_sqnr_db(values, reference)
        kept = _smallest(column_r2(values, reference))
    return Parity(
        max_abs_error=float(errors.max()),
        max_rel_error=float(relative.max()),
        sqnr_db=float(ratio.min()),
        r2=kept,
        top1_agreement=agreement,
        cosine=float(cosines(values, reference).min()) if embedded else None,
    )


def max_errors(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns the largest absolute difference in each column."""
    return np.abs(values.astype(np.float64) - reference).max(axis=0)


def largest_of(reference: np.ndarray) -> float:
    """Returns the largest absolute number, above zero."""
    return max(float(np.abs(reference).max()), float(np.finfo(np.float32).tiny))


def cosines(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns the cosine of the angle between both rows, for each row; 0 where one is zero."""
    one, other = values.astype(np.float64), reference.astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    products = (one * other).sum(axis=1)
    alike = (values == reference).all(axis=1)  # Two vectors of zeros too.
    return np.where(alike, 1.0, products / np.where(lengths > 0, lengths, np.inf))


def column_ranges(reference: np.ndarray) -> np.ndarray:
    """Returns the range by which each column's errors are measured: largest less smallest answer.

    A constant column has its largest absolute value. A column of zeros has the smallest range of
    the others, or 1.
    """
    exact = reference.astype(np.float64)
    spread, largest = np.ptp(exact, axis=0), np.abs(exact).max(axis=0)
    ranges = np.where(spread > _CONSTANT * largest, spread, largest)
    return np.where(ranges > 0, ranges, min(ranges[ranges > 0], default=1.0))


def column_sqnr_db(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns the signal to noise ratio of each column in decibels."""
    columns = zip(values.T, reference.T, strict=True)
    return np.array([sqnr_db(column, other) for column, other in columns])


def column_r2(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns the R² of each column against the reference; NaN for a constant column."""
    exact = reference.astype(np.float64)
    spread = np.ptp(exact, axis=0)
    varied = spread > _CONSTANT * np.abs(exact).max(axis=0)
    unit = np.where(varied, spread, 1.0)
    noise = np.square((values - exact) / unit).sum(axis=0)
    signal = np.square((exact - exact.mean(axis=0)) / unit).sum(axis=0)
    return 1 - noise / np.where(varied, signal, np.nan)


def commonest(outputs: np.ndarray, step: np.ndarray | float = 0.0) -> float:
    """Returns the share of rows that are equal to the most common row.

    Args:
        outputs: (N, columns).
        step: Numbers are equal if they round to the same multiple of it; 0: no rounding.
    """
    rounded = np.round(outputs / step) if np.all(step) else outputs
    return float(np.unique(rounded, axis=0, return_counts=True)[1].max() / len(outputs))


def sqnr_db(values: np.ndarray, reference: np.ndarray) -> float:
    """Signal to quantisation noise in decibels, from -200 to 200."""
    return decibels(*energies(values, reference))


def energies(values: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Returns the sums of squares of the signal and of the noise."""
    signal = float(np.square(reference, dtype=np.float64).sum())
    noise = float(np.square(values.astype(np.float64) - reference).sum())
    return signal, noise


def decibels(signal: float, noise: float) -> float:
    """Returns the ratio of two energies in decibels, from -200 to 200."""
    if noise == 0:
        return EXACT_DB
    if signal == 0:
        return -EXACT_DB
    return float(np.clip(10 * np.log10(signal / noise), -EXACT_DB, EXACT_DB))


def top1(scores: np.ndarray) -> np.ndarray:
    """First label of each row; of a single score, whether it is over one half."""
    if scores.shape[1] == 1:
        return (scores[:, 0] > 0.5).astype(int)
    return scores.argmax(axis=1)


def label_of(labels: Sequence[str], number: int) -> str:
    """Returns the label of a class by its number; a single output has one label but two answers."""
    if len(labels) == 1:
        return labels[0] if number else f"not {labels[0]}"
    return labels[number] if number < len(labels) else str(number)


def accuracy(scores: np.ndarray, truth: np.ndarray, thresholds: np.ndarray | None = None) -> float:
    """Share of the first rows whose first label is the true one, 0 to 1; F1 of sets of labels.

    Args:
        scores: (N, columns); rows beyond the labelled ones are ignored.
        truth: (M,) classes of the first M rows; or (M, columns) 0 and 1.
        thresholds: (columns,) of sets of labels: from which on each is said.
    """
    if thresholds is not None:
        said = scores[: len(truth)] >= thresholds
        return _f1(int((said & (truth > 0)).sum()), int(said.sum()) + int((truth > 0).sum()))
    return float((top1(scores[: len(truth)]) == truth).mean())


def chance(truth: np.ndarray, columns: int) -> float:
    """Returns the best accuracy that is possible without looking at the inputs.

    Args:
        truth: (M,) classes, or (M, columns) sets of labels.
        columns: Number of the model's outputs; a single one means yes or no.

    Returns:
        The share of the most common class, and at least that of a guess; of sets, the F1 of always
        saying the most common labels.
    """
    if truth.ndim == 2:
        counts = np.sort(truth.sum(axis=0, dtype=np.int64))[::-1]
        said, right = np.arange(1, columns + 1) * len(truth), np.cumsum(counts)
        return max(_f1(int(r), int(s + counts.sum())) for r, s in zip(right, said, strict=True))
    counts = np.bincount(truth)
    guess = 1 / max(columns, 2)
    return max(guess, float(counts.max() / len(truth))) if (counts > 0).sum() > 1 else guess


def permuted(scores: np.ndarray, truth: np.ndarray) -> tuple[int, int] | None:
    """Finds out whether the model is right but numbers the classes in another order.

    Args:
        scores: (N, columns) of the Keras model.
        truth: (M,) classes of the first M rows.

    Returns:
        A class in `truth` and the model's number for it, if another order fits over three quarters
        of the samples of the classes that it moves. None: the order is the same, or no other fits.
    """
    answers = top1(scores[: len(truth)])
    size = 1 + max(int(answers.max()), int(truth.max()))
    counts = np.zeros((size, size), int)
    np.add.at(counts, (truth, answers), 1)
    present = np.flatnonzero(counts.sum(axis=1))
    called = counts[present].argmax(axis=1)
    moved = present != called
    if not moved.any() or len(present) < 2 or len(set(called)) < len(called):
        return None
    taken = counts[present, called][moved].sum()
    samples = counts[present][moved].sum()
    if samples < _PERMUTED_SAMPLES or taken < _PERMUTED_SHARE * samples:
        return None
    return int(present[moved][0]), int(called[moved][0])


def _f1(right: int, said_and_true: int) -> float:
    return 2 * right / said_and_true if said_and_true else 1.0


def _smallest(figures: np.ndarray) -> float | None:
    known = figures[~np.isnan(figures)]
    return float(known.min()) if len(known) else None
