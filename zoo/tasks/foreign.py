"""How well the score tells examples of the classes from foreign ones, which belong to none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Foreign:
    """What a classifier makes of examples that belong to none of its classes.

    Attributes:
        examples: Number of these.
        auroc: Share of the pairs of a known and a foreign example in which the known one has the
            higher score: 1 is perfect, 0.5 is chance (Hendrycks and Gimpel 2017).
        threshold: The score below which the answer is "unknown"; None: none was asked for.
        answered: Share of the foreign ones that have an answer nevertheless; None: as above.
    """

    examples: int
    auroc: float
    threshold: float | None = None
    answered: float | None = None

    @property
    def text(self) -> str:
        """The figures for a person."""
        line = (
            f"{self.examples:,} foreign examples: AUROC {self.auroc:.4f}, the share of pairs in "
            "which a known one has the higher score; 0.5 is chance"
        )
        if self.threshold is None:
            return line
        return (
            f"{line}; at threshold {self.threshold:g}, {self.answered:.2%} of them have an answer"
        )


def foreign_of(known: np.ndarray, foreign: np.ndarray, threshold: float | None = None) -> Foreign:
    """Compares the highest probabilities of known examples with those of foreign ones.

    Args:
        known: (examples,) of examples of the classes, right or wrong.
        foreign: (examples,) of others.
        threshold: From 0 to 1.
    """
    from sklearn.metrics import roc_auc_score

    known, foreign = (np.round(scores.astype(np.float64), 6) for scores in (known, foreign))
    is_known = np.repeat([1, 0], [len(known), len(foreign)])
    auroc = float(roc_auc_score(is_known, np.concatenate([known, foreign])))
    answered = None if threshold is None else float((foreign >= threshold).mean())
    return Foreign(len(foreign), auroc, threshold, answered)
