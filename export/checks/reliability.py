"""Whether a classifier is as sure as it is right, before and after its conversion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_BINS = 10


@dataclass(frozen=True)
class Reliability:
    """The expected calibration error (Guo et al. 2017).

    Attributes:
        error: The mean distance of confidence and accuracy over ten bins of confidence, weighted by
            their samples, 0 to 1.
        chance: The error that a perfectly calibrated classifier of these confidences would have,
            since a few samples are right or wrong by chance.
        samples: Number of samples.
    """

    error: float
    chance: float
    samples: int


def reliability(
    scores: np.ndarray, truth: np.ndarray | None, *, classified: bool
) -> Reliability | None:
    """Returns the reliability of the first rows of probabilities.

    Args:
        scores: (N, columns); rows beyond the labelled ones are ignored.
        truth: (M,) classes of the first M rows; of sets of labels, (M, columns); None: not known.
        classified: Whether the scores are probabilities of classes, of which one is true.

    Returns:
        None where no class is said with a probability: of sets and values, without truth, and if a
        score is not finite.
    """
    if truth is None or truth.ndim != 1 or not classified or scores.shape[1] < 2:
        return None
    known = scores[: len(truth)].astype(np.float64)
    if not np.isfinite(known).all():
        return None
    sure, right = known.max(axis=1), known.argmax(axis=1) == truth
    places = np.clip((sure * _BINS).astype(int), 0, _BINS - 1)
    gaps = np.bincount(places, sure - right, _BINS)
    # The number of right ones in a bin is a sum of independent draws, about normally distributed.
    spread = np.bincount(places, np.maximum(sure * (1 - sure), 0), _BINS)
    return Reliability(
        error=float(np.abs(gaps).sum() / len(truth)),
        chance=float(np.sqrt(2 / np.pi * spread).sum() / len(truth)),
        samples=len(truth),
    )
