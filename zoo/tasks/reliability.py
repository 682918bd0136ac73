"""Whether a classifier is as sure as it is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reliability:
    """Confidence compared with accuracy (Guo et al. 2017).

    Attributes:
        error: Expected calibration error: the mean distance of confidence and accuracy over the
            bins, weighted by their examples.
        chance: The error that a perfectly calibrated classifier of these confidences would have,
            since so few examples are right or wrong by chance.
        confidence: Mean of the highest probability in each bin that holds examples.
        accuracy: Share of right predictions in each such bin.
        examples: Number of examples in each such bin.
    """

    error: float
    chance: float
    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    examples: tuple[int, ...]


def reliability_of(probabilities: np.ndarray, y: np.ndarray, bins: int = 10) -> Reliability:
    """Compares confidence with accuracy.

    Args:
        probabilities: (examples, classes).
        y: (examples,) true classes.
        bins: Number of bins of equal width, over confidences from 0 to 1.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == y
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    held = np.unique(bin_of)
    count = np.array([(bin_of == b).sum() for b in held])
    mean = np.array([confidence[bin_of == b].mean() for b in held])
    share = np.array([right[bin_of == b].mean() for b in held])
    # The number of right ones in a bin is a sum of independent draws, about normally distributed.
    spread = np.array([(confidence * (1 - confidence))[bin_of == b].sum() for b in held])
    return Reliability(
        error=float((count * abs(mean - share)).sum() / len(y)),
        chance=float(np.sqrt(2 / np.pi * spread).sum() / len(y)),
        confidence=tuple(map(float, mean)),
        accuracy=tuple(map(float, share)),
        examples=tuple(map(int, count)),
    )
