"""How good predictions are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.dataset import Dataset, Split

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


@dataclass(frozen=True)
class ValueEvaluation:
    """Scores of a regression on a split.

    Attributes:
        r2: Coefficient of determination: 1 is perfect, 0 as good as the mean.
        mae: Mean absolute error, in the units of the target.
        examples: How many there were.
    """

    r2: float
    mae: float
    examples: int


def run(model: keras.Model, x: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Returns what a model gives for raw inputs, (examples, outputs) float32."""
    # A recurrent model is a loop, slow outside a graph; an image model is slower to trace.
    call = model.predict_on_batch if x.ndim == 3 else lambda batch: model(batch, training=False)
    batches = range(0, len(x), batch_size)
    outputs = [call(x[start : start + batch_size].astype(np.float32)) for start in batches]
    return np.concatenate([np.asarray(output) for output in outputs])


def predict(model: keras.Model, x: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Returns probabilities, (examples, classes) float32, of a model that gives logits."""
    values = run(model, x, batch_size).astype(np.float64)
    values = np.exp(values - values.max(axis=-1, keepdims=True))
    return (values / values.sum(axis=-1, keepdims=True)).astype(np.float32)


def evaluate(model: keras.Model, dataset: Dataset, split: Split) -> Evaluation | ValueEvaluation:
    """Scores a model on a split of a data set, by the task of the data set."""
    if dataset.task == "regression":
        return score_values(run(model, split.x), split)
    return score(predict(model, split.x), split, dataset.labels)


def score_values(values: np.ndarray, split: Split) -> ValueEvaluation:
    """Compares the values of a regression with the truth.

    Args:
        values: (examples, 1), in the units of the target.
        split: Where the truth is.
    """
    from sklearn.metrics import mean_absolute_error, r2_score

    told = values[:, 0]
    return ValueEvaluation(
        r2=float(r2_score(split.y, told)),
        mae=float(mean_absolute_error(split.y, told)),
        examples=len(split),
    )


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
