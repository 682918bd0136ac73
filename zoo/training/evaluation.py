"""How good predictions are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.dataset import Split

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class ClassScore:
    """How one class fares: of those predicted, and of those that are."""

    label: str
    precision: float
    recall: float
    f1: float
    examples: int


@dataclass(frozen=True)
class Evaluation:
    """Scores of a classifier on a split.

    Attributes:
        top1: Share of examples whose highest score is their class.
        examples: How many there were.
        classes: A row a class.
        confusion: (classes, classes) counts: row is the truth, column the prediction.
    """

    top1: float
    examples: int
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]


def predict(model: keras.Model, x: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Returns probabilities, (examples, classes) float32, of a model that gives logits."""
    logits = [
        np.asarray(model(x[start : start + batch_size].astype(np.float32), training=False))
        for start in range(0, len(x), batch_size)
    ]
    values = np.concatenate(logits).astype(np.float64)
    values = np.exp(values - values.max(axis=-1, keepdims=True))
    return (values / values.sum(axis=-1, keepdims=True)).astype(np.float32)


def score(probabilities: np.ndarray, split: Split, labels: tuple[str, ...]) -> Evaluation:
    """Compares predictions with the truth.

    Args:
        probabilities: (examples, classes); the highest of a row is its prediction.
        split: Where the truth is.
        labels: Names of the classes.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    predicted = probabilities.argmax(axis=-1)
    known = np.arange(len(labels))
    columns = precision_recall_fscore_support(split.y, predicted, labels=known, zero_division=0)
    classes = tuple(
        ClassScore(label, float(p), float(r), float(f), int(n))
        for label, p, r, f, n in zip(labels, *columns, strict=True)
    )
    confusion = confusion_matrix(split.y, predicted, labels=known)
    return Evaluation(
        top1=float((predicted == split.y).mean()),
        examples=len(split),
        classes=classes,
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )
