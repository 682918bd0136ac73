"""Any number of several labels for each example, also none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.result import TextTable
from zoo.tasks.task import TASKS, Learns, Outputs, Score, Task

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


@dataclass(frozen=True)
class LabelFigures:
    """How well one label is said.

    Attributes:
        label: Its name.
        precision: Share of the examples it is said of that have it.
        recall: Share of the examples that have it of which it is said.
        f1: The harmonic mean of both.
        average_precision: Mean of the precision over all recalls, whatever the threshold; None: no
            example has the label.
        threshold: The probability from which on it is said.
        examples: How many have it.
    """

    label: str
    precision: float
    recall: float
    f1: float
    average_precision: float | None
    threshold: float
    examples: int


@dataclass(frozen=True)
class MultilabelScore(Score):
    """Scores of sets of labels.

    Attributes:
        map: Mean of the average precisions of the labels that examples have.
        micro_f1: F1 over all decisions, in which frequent labels count more.
        macro_f1: Mean of the labels' F1.
        exact: Share of the examples of which exactly their labels are said.
        labels: A row for each label.
    """

    map: float
    micro_f1: float
    macro_f1: float
    exact: float
    labels: tuple[LabelFigures, ...]

    @property
    def figures(self) -> dict[str, float]:
        """Mean average precision, F1, and the share of exact sets."""
        return {name: getattr(self, name) for name in ("map", "micro_f1", "macro_f1", "exact")}

    @property
    def shares(self) -> tuple[str, ...]:
        """The share of exact sets."""
        return ("exact",)

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """Figures of each label."""
        head = ("label", "precision", "recall", "f1", "average precision", "threshold", "examples")
        rows = tuple(
            (row.label, *(f"{value:.4f}" for value in (row.precision, row.recall, row.f1)),
             "–" if row.average_precision is None else f"{row.average_precision:.4f}",
             f"{row.threshold:.3f}", str(row.examples))
            for row in self.labels
        )  # fmt: skip
        return (TextTable("Per label", head, rows),)


@dataclass(frozen=True)
class Multilabel(Task):
    """Sets of labels. The model gives a logit for each label, and each is a yes or no."""

    name: str = "multilabel"
    learns: Learns = "sets"
    outputs: Outputs = "independent_logits"
    watched: str = "accuracy"
    verb: str = "Says which of these it shows:"
    smoothing: float = 0.0  # A label of 1 % would seem to be one of 5.9 % with 0.1.

    def loss(
        self, smoothing: float = 0.0, reduction: str | None = "sum_over_batch_size"
    ) -> keras.losses.Loss:
        """Returns the binary cross-entropy, the mean over the labels.

        It is not weighted: without smoothing, probabilities stay true, and thresholds take care of
        rare labels.
        """
        import keras

        return keras.losses.BinaryCrossentropy(
            from_logits=True, label_smoothing=smoothing, reduction=reduction
        )

    def metrics(self, unit: float) -> list[keras.metrics.Metric]:
        """Returns the share of right decisions, at a probability of one half."""
        import keras

        return [keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)]

    def rank(self, epoch: Mapping[str, float], examples: int) -> tuple[float, ...]:
        """Ranks by validation loss."""
        return (-epoch["val_loss"],)

    def score(
        self, predictions: np.ndarray, y: np.ndarray, labels: Sequence[str]
    ) -> MultilabelScore:
        """Compares probabilities, at the thresholds, with sets of labels."""
        from sklearn.metrics import average_precision_score, precision_recall_fscore_support

        thresholds = self.thresholds or (0.5,) * len(labels)
        said, truth = predictions >= np.array(thresholds), y.astype(bool)
        columns = [
            precision_recall_fscore_support(one, other, average="binary", zero_division=0)[:3]
            for one, other in zip(truth.T, said.T, strict=True)
        ]
        areas = [
            float(average_precision_score(one, scores)) if one.any() else None
            for one, scores in zip(truth.T, predictions.T, strict=True)
        ]
        rows = tuple(
            LabelFigures(label, float(p), float(r), float(f), area, float(threshold), int(count))
            for label, (p, r, f), area, threshold, count in zip(
                labels, columns, areas, thresholds, truth.sum(axis=0), strict=True
            )
        )
        known = [area for area in areas if area is not None]
        both, either = int((said & truth).sum()), int(said.sum()) + int(truth.sum())
        return MultilabelScore(
            examples=len(y),
            map=float(np.mean(known)) if known else 0.0,
            micro_f1=2 * both / either if either else 1.0,
            macro_f1=float(np.mean([row.f1 for row in rows])),
            exact=float((said == truth).all(axis=1).mean()),
            labels=rows,
        )

    def measured(
        self, outputs: np.ndarray, y: np.ndarray, smoothing: float = 0.0
    ) -> dict[str, float]:
        """Returns the share of right decisions and the cross-entropy of logits."""
        truth = np.asarray(self.targets(y, outputs.shape[-1]))
        return {
            "accuracy": float(((outputs > 0) == (y > 0)).mean()),
            "loss": float(self.loss(smoothing)(truth, outputs)),
        }

    def described(self, labels: Sequence[str]) -> str:
        """Returns the number of labels."""
        return f"any of {len(labels)} labels"

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Returns the probability of each label, (examples, labels) float32, of logits."""
        return (0.5 + 0.5 * np.tanh(0.5 * outputs.astype(np.float64))).astype(np.float32)

    def answers(
        self, predictions: np.ndarray, labels: Sequence[str], top: int
    ) -> list[tuple[str, float]]:
        """Returns all labels from their thresholds on, however many, and perhaps none."""
        least = self.thresholds or (0.5,) * len(labels)
        best = super().answers(predictions, labels, len(labels))
        said = dict(zip(labels, least, strict=True))
        return [(label, score) for label, score in best if score >= said[label]]

    def chosen(self, predictions: np.ndarray, y: np.ndarray) -> tuple[float, ...]:
        """Returns the threshold of each label with the best F1; one half if no example has it."""
        columns = zip(predictions.T.astype(np.float64), y.T, strict=True)
        return tuple(_best_threshold(scores, truth > 0) for scores, truth in columns)

    def decided(self, thresholds: Sequence[float]) -> Multilabel:
        """Returns the task with the thresholds that a card keeps, one for each label."""
        return dataclasses.replace(self, thresholds=tuple(thresholds))

    def targets(self, y: Any, outputs: int) -> tf.Tensor:
        """Returns the rows of 0 and 1 as they are."""
        import tensorflow as tf

        return tf.cast(y, tf.float32)

    def correct(self, outputs: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """Counts the examples of which exactly their labels are said."""
        import tensorflow as tf

        same = tf.reduce_all((outputs > 0) == (tf.cast(y, tf.float32) > 0), axis=-1)
        return tf.reduce_sum(tf.cast(same, tf.float32))

    def strata(self, y: np.ndarray) -> np.ndarray:
        """Returns the rarest label of each example, or one more than the last if it has none."""
        counts = np.where(y > 0, y.sum(axis=0, dtype=np.int64), len(y) + 1)
        return np.where(y.any(axis=1), counts.argmin(axis=1), y.shape[1])


def _best_threshold(scores: np.ndarray, truth: np.ndarray) -> float:
    """Returns the middle between two neighbouring scores that gives the best F1."""
    if not truth.any() or truth.all():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    right = np.cumsum(truth[order])
    f1 = 2 * right / (np.arange(1, len(scores) + 1) + truth.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = 0  # No threshold parts equal scores.
    best = int(f1.argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return round(float(ranked[best] + below) / 2, 4)


MULTILABEL = Multilabel()
TASKS.register(MULTILABEL.name)(MULTILABEL)
