"""How many answers a threshold leaves, and how often these are right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import RequestError

UNKNOWN = "unknown"  # The answer below a threshold.
THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Coverage:
    """What a threshold leaves.

    Attributes:
        threshold: An answer whose score is below it is "unknown".
        share: Of the examples, those that have an answer.
        accuracy: Share of these answers that are right; None: there is no answer.
        examples: Number of these answers.
    """

    threshold: float
    share: float
    accuracy: float | None
    examples: int

    @property
    def text(self) -> str:
        """The three for a person, a sentence."""
        right = "" if self.accuracy is None else f", of which {self.accuracy:.2%} are right"
        return (
            f"threshold {self.threshold:g}: {self.share:.2%} of the examples have an answer"
            f" ({self.examples:,}){right}; the others are {UNKNOWN}"
        )


def coverage_of(
    probabilities: np.ndarray, y: np.ndarray, thresholds: Sequence[float] = THRESHOLDS
) -> tuple[Coverage, ...]:
    """Returns what is left at each threshold.

    Args:
        probabilities: (examples, classes).
        y: (examples,) true classes.
        thresholds: From 0 to 1.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    rows = []
    for threshold in thresholds:
        sure = np.round(confidence.astype(np.float64), 6) >= threshold  # Rounded as they are shown.
        count = int(sure.sum())
        accuracy = float(right[sure].mean()) if count else None
        rows.append(Coverage(threshold, count / len(y), accuracy, count))
    return tuple(rows)


def answered(answers: Sequence[object], threshold: float, plural: str) -> str:
    """Returns how many answers of several a threshold leaves, a sentence."""
    known = sum(answer != UNKNOWN for answer in answers)
    return (
        f"threshold {threshold:g}: {known:,} of {len(answers):,} {plural} have an answer, the "
        f"others are {UNKNOWN}"
    )


def check_threshold(threshold: float, learns: str) -> None:
    """Refuses a threshold that is not between 0 and 1, or not of classes.

    Raises:
        RequestError: It is one of these.
    """
    if not 0 < threshold < 1:
        raise RequestError(f"--threshold must be between 0 and 1, not {threshold:g}")
    if learns != "classes":
        raise RequestError(f"--threshold is of classes, and this model predicts {learns}")
