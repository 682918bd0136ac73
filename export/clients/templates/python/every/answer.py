"""What the numbers of the model mean: labels and values, or "unknown"."""

from __future__ import annotations

from typing import Any

import numpy as np


def labelled(scores: np.ndarray, facts: dict[str, Any]) -> list[tuple[str, float]]:
    """Returns labels with their scores, the best first; of values in their own order."""
    rows = [(label, round(float(x), 6)) for label, x in zip(facts["labels"], scores, strict=True)]
    return rows if facts["task"] == "values" else sorted(rows, key=lambda row: -row[1])


def said(scores: np.ndarray, facts: dict[str, Any], threshold: float) -> str:
    """Returns the answer as a text.

    Args:
        scores: (labels,).
        facts: The content of `model.json`.
        threshold: Of classes: below it the answer is "unknown".
    """
    if facts["task"] == "values":
        return ", ".join(f"{label} {value:.5g}" for label, value in labelled(scores, facts))
    if facts["task"] == "sets":
        rows = zip(facts["labels"], scores, facts["thresholds"], strict=True)
        return ", ".join(label for label, x, least in rows if x >= least) or "none of them"
    best = int(np.argmax(scores))
    return "unknown" if scores[best] < threshold else str(facts["labels"][best])
