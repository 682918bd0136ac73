"""A decision between two classes at another probability than one half."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import RequestError
from zoo.tasks.classification import ClassificationScore
from zoo.tasks.task import Score


def check_decision(threshold: float, labels: Sequence[str] | None = None) -> None:
    """Refuses a threshold that is not between 0 and 1, or not of two classes.

    Args:
        threshold: What the user asks for.
        labels: Of the model; None: not known yet.

    Raises:
        RequestError: It is one of these.
    """
    if not 0 < threshold < 1:
        raise RequestError(f"--decision_threshold must be between 0 and 1, not {threshold:g}")
    if labels is not None and len(labels) != 2:
        raise RequestError(
            f"--decision_threshold is of two classes, and this model has {len(labels)}"
        )


def shifted(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Returns (examples, 2) probabilities of which the highest is the class at a threshold.

    Those of the second class keep their order, so that no AUC changes.

    Args:
        probabilities: (examples, 2).
        threshold: Above this probability, the second class is the prediction.
    """
    second = probabilities[:, 1].astype(np.float64)
    below, above = second / threshold / 2, 1 - (1 - second) / (1 - threshold) / 2
    moved = np.where(second > threshold, above, below)
    return np.stack([1 - moved, moved], axis=1)


def effect(threshold: float, before: Score, after: Score) -> str:
    """Returns what a threshold changes, a sentence."""
    assert isinstance(before, ClassificationScore)
    assert isinstance(after, ClassificationScore)
    then, now = before.classes[1], after.classes[1]
    return (
        f"decision threshold {threshold:g} in place of 0.5: recall of {now.label!r} "
        f"{now.recall:.2%} ({then.recall:.2%} before), precision {now.precision:.2%} "
        f"({then.precision:.2%}), top1 {after.top1:.2%} ({before.top1:.2%})"
    )
