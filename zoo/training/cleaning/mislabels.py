"""Labels that are probably wrong, by confident learning.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels".
"""

from __future__ import annotations

import numpy as np

from zoo.data.dataset import Split
from zoo.training.folds import USUAL, predicted_apart, recordings_of

FEWEST = 2  # Examples of a class about whose labels something is said.


def suspected_labels(
    features: Split, classes: int
) -> tuple[list[tuple[int, int, float]], float | None]:
    """Returns examples whose label is probably another, the likeliest first.

    Each is predicted by a linear head on its features that did not see its label.

    Args:
        features: Inputs (examples, features) and labels.
        classes: Number of classes.

    Returns:
        For each of them its index, the class that it seems to be of, and how unlikely its label is,
        from 0 to 1. Then the share of all examples whose label is the prediction;
        None: there are too few examples for one.
    """
    probabilities = apart(features, classes)
    if probabilities is None:
        return [], None
    agreeing = float(np.mean(probabilities.argmax(axis=1) == features.y))
    return confident(probabilities, features.y), agreeing


def apart(features: Split, classes: int) -> np.ndarray | None:
    """Predicts each example by a linear head on its features that did not see its label.

    Args:
        features: Inputs (examples, features) and labels.
        classes: Number of classes.

    Returns:
        (examples, classes) probabilities; None: no class has two examples, or recordings.
    """
    _, strata = recordings_of(features)
    largest = int(np.bincount(strata).max())
    return predicted_apart(features, classes, min(USUAL, largest)) if largest >= FEWEST else None


def confident(probabilities: np.ndarray, y: np.ndarray) -> list[tuple[int, int, float]]:
    """Returns the examples off the diagonal of the confident joint.

    An example is counted as of class j if its probability of j is at least the mean of that of all
    examples with the label j; of several such classes, as of the likeliest. So a class that is
    rarely told for sure needs less certainty than others. The least likely label comes first: more
    flips are among the first of them than by how much likelier the other class is.

    Args:
        probabilities: (examples, classes), of models that did not see the example's label.
        y: (examples,) the labels.

    Returns:
        As the first of `suspected_labels`.
    """
    every = np.arange(len(y))
    own = probabilities[every, y]
    counts = np.bincount(y, minlength=probabilities.shape[1])
    means = np.bincount(y, own, minlength=len(counts)) / np.maximum(counts, 1)
    sure = (probabilities >= means) & (counts >= FEWEST)
    best = np.where(sure, probabilities, -1).argmax(axis=1)
    rows = np.flatnonzero(sure.any(axis=1) & (best != y) & (counts[y] >= FEWEST))
    order = np.argsort(own[rows], kind="stable")
    return [(int(row), int(best[row]), float(1 - own[row])) for row in rows[order]]
