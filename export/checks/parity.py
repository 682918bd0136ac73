"""How far the outputs of an artifact are from those of the Keras model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Stands for an exact match, which has no finite ratio.
EXACT_DB = 200.0


@dataclass(frozen=True)
class Parity:
    """Differences over a set of samples.

    Attributes:
        max_abs_error: Largest absolute difference.
        max_rel_error: The same, divided by the largest absolute reference.
        sqnr_db: 10·log10(sum of reference² / sum of difference²), 200 at most.
        top1_agreement: Share of samples with the same first label; None for values.
    """

    max_abs_error: float
    max_rel_error: float
    sqnr_db: float
    top1_agreement: float | None


def compare(values: np.ndarray, reference: np.ndarray, *, classified: bool) -> Parity:
    """Compares two sets of outputs.

    Args:
        values: (N, classes), finite, of the artifact.
        reference: (N, classes), of the Keras model.
        classified: Whether outputs are scores of classes.
    """
    largest_error = float(np.abs(values - reference).max())
    largest = float(np.abs(reference).max())
    agreement = float((top1(values) == top1(reference)).mean()) if classified else None
    return Parity(
        max_abs_error=largest_error,
        max_rel_error=largest_error / max(largest, float(np.finfo(np.float32).tiny)),
        sqnr_db=sqnr_db(values, reference),
        top1_agreement=agreement,
    )


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


def accuracy(scores: np.ndarray, truth: np.ndarray) -> float:
    """Share of rows whose first label is the true one, 0 to 1."""
    return float((top1(scores) == truth).mean())
