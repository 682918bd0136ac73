"""One class of several for each example."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.result import TextTable
from zoo.tasks.interval import in_words
from zoo.tasks.task import TASKS, Learns, Outputs, Score, Task
from zoo.tasks.temperature import fitted_temperature

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


# Name of the accuracy of whole recordings.
OF_RECORDINGS = "recordings_top1"


@dataclass(frozen=True)
class ClassScore:
    """Precision and recall of one class.

    `auc` says how often an example of the class gets a higher score for it than one of the rest;
    None: there are no examples of one of the two.
    """

    label: str
    precision: float
    recall: float
    f1: float
    examples: int
    auc: float | None = None


@dataclass(frozen=True)
class ClassificationScore(Score):
    """Scores of a classifier.

    Attributes:
        top1: Share of examples whose highest score is their class.
        classes: A row for each class.
        confusion: (classes, classes) counts: the row is the truth, the column the prediction.
        recordings: Of windows: the scores of whole recordings. The answer for a recording is the
            mean of the probabilities of its windows.
        auc: Of two classes: how often an example of the second gets a higher score for it than one
            of the first; None: there are more classes, or examples of one only.
    """

    top1: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    recordings: ClassificationScore | None = None
    auc: float | None = None

    @property
    def figures(self) -> dict[str, float]:
        """Accuracy, that of whole recordings, and of two classes the AUC."""
        whole = {} if self.recordings is None else {OF_RECORDINGS: self.recordings.top1}
        area = {} if self.auc is None else {"auc": self.auc}
        return {"top1": self.top1, **whole, **area}

    @property
    def shares(self) -> tuple[str, ...]:
        """The accuracy. That of windows is none: windows of one recording are much alike."""
        return ("top1",) if self.recordings is None else (OF_RECORDINGS,)

    def measured_on(self, figure: str) -> int:
        """Returns how many examples, or recordings, a figure was measured on."""
        whole = self.recordings if figure == OF_RECORDINGS else None
        return self.examples if whole is None else whole.examples

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """Figures of each class, and the confusion of classes."""
        labels = tuple(row.label for row in self.classes)
        classes = tuple(
            (row.label, *_figures_of(row),
             "" if row.auc is None else f"{row.auc:.4f}", str(row.examples))
            for row in self.classes
        )  # fmt: skip
        confusion = tuple(
            (label, *("·" if count == 0 else str(count) for count in row))
            for label, row in zip(labels, self.confusion, strict=True)
        )
        title = "Confusion: rows are the truth, columns the prediction"
        own = (
            TextTable(
                "Per class", ("class", "precision", "recall", "f1", "auc", "examples"), classes
            ),
            TextTable(title, ("", *labels), confusion),
        )
        if self.recordings is None:
            return own
        whole = (
            TextTable(f"{table.title}, by recording", table.head, table.rows)
            for table in self.recordings.tables
        )
        return (*own, *whole)


@dataclass(frozen=True)
class Classification(Task):
    """Classes. The model gives a logit for each."""

    name: str = "classification"
    learns: Learns = "classes"
    outputs: Outputs = "logits"
    watched: str = "accuracy"
    verb: str = "Tells"

    def loss(
        self, smoothing: float = 0.0, reduction: str | None = "sum_over_batch_size"
    ) -> keras.losses.Loss:
        """Returns the cross-entropy."""
        import keras

        return keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=smoothing, reduction=reduction
        )

    def metrics(self, unit: float) -> list[keras.metrics.Metric]:
        """Returns the accuracy."""
        import keras

        return [keras.metrics.CategoricalAccuracy(name="accuracy")]

    def rank(self, epoch: Mapping[str, float], examples: int) -> tuple[float, ...]:
        """Ranks by validation accuracy, in steps of its standard error, then by validation loss.

        Among 30 examples, one more that is right is chance, and the greatest of many accuracies
        would be that of any epoch. The arcsine makes the standard error the same for all
        accuracies (Anscombe 1948).
        """
        angle = math.asin(math.sqrt(min(max(epoch["val_accuracy"], 0.0), 1.0)))
        return math.floor(2 * math.sqrt(examples) * angle), -epoch["val_loss"]

    def score(
        self,
        predictions: np.ndarray,
        y: np.ndarray,
        labels: Sequence[str],
    ) -> ClassificationScore:
        """Compares probabilities, or any scores whose highest is the prediction, with classes."""
        from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

        predicted = predictions.argmax(axis=-1)
        known = np.arange(len(labels))
        columns = precision_recall_fscore_support(y, predicted, labels=known, zero_division=0)
        areas = _areas(predictions, y)
        return ClassificationScore(
            auc=areas[1] if len(labels) == 2 else None,
            examples=len(y),
            top1=float((predicted == y).mean()),
            classes=tuple(
                ClassScore(label, float(p), float(r), float(f), int(n), auc)
                for label, p, r, f, n, auc in zip(labels, *columns, areas, strict=True)
            ),
            confusion=tuple(
                tuple(int(n) for n in row) for row in confusion_matrix(y, predicted, labels=known)
            ),
        )

    def scored(
        self,
        predictions: np.ndarray,
        y: np.ndarray,
        labels: Sequence[str],
        recordings: np.ndarray | None,
    ) -> Score:
        """Returns `score`; of windows, with that of their recordings."""
        score = self.score(predictions, y, labels)
        if recordings is None or not isinstance(score, ClassificationScore):
            return score  # A task derived from this one may have a score of its own.
        whole = self.score(*by_recording(predictions, y, recordings), labels)
        return dataclasses.replace(score, recordings=whole)

    def measured(
        self, outputs: np.ndarray, y: np.ndarray, smoothing: float = 0.0
    ) -> dict[str, float]:
        """Returns accuracy and cross-entropy of logits."""
        truth = np.asarray(self.targets(y, outputs.shape[-1]))
        return {
            "accuracy": float((outputs.argmax(axis=-1) == y).mean()),
            "loss": float(self.loss(smoothing)(truth, outputs)),
        }

    def text(self, figure: str, value: float, interval: tuple[float, float] | None = None) -> str:
        """Returns an accuracy in percent, other figures as they are."""
        if figure in ("top1", OF_RECORDINGS):
            return f"{figure} {value:.2%}{in_words(interval)}"
        return super().text(figure, value, interval)

    def described(self, labels: Sequence[str]) -> str:
        """Returns the number of classes."""
        return f"{len(labels)} classes"

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Returns the probabilities, (examples, classes) float32, of logits."""
        values = outputs.astype(np.float64)
        values = np.exp(values - values.max(axis=-1, keepdims=True))
        return (values / values.sum(axis=-1, keepdims=True)).astype(np.float32)

    def targets(self, y: Any, outputs: int) -> tf.Tensor:
        """Returns one-hot rows."""
        import tensorflow as tf

        return tf.one_hot(y, outputs)

    def correct(self, outputs: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """Counts the examples whose highest output is their class."""
        import tensorflow as tf

        return tf.reduce_sum(tf.cast(tf.argmax(outputs, -1) == tf.cast(y, tf.int64), tf.float32))

    def temperature(self, outputs: np.ndarray, y: np.ndarray) -> float:
        """Returns the temperature of `zoo.tasks.temperature`."""
        return fitted_temperature(outputs, y)

    def strata(self, y: np.ndarray) -> np.ndarray:
        """Returns the classes."""
        return y


def _figures_of(row: ClassScore) -> list[str]:
    """Returns precision, recall and F1 of a class; of one without examples there is nothing."""
    return [
        f"{value:.4f}" if row.examples else "–" for value in (row.precision, row.recall, row.f1)
    ]


def _areas(predictions: np.ndarray, y: np.ndarray) -> list[float | None]:
    """Returns the AUC of each class against the rest, from the ranks of its scores."""
    from scipy.stats import rankdata

    if predictions.shape[1] == 2:  # Any scores whose highest is the prediction.
        predictions = predictions - predictions[:, ::-1]
    areas: list[float | None] = []
    for label, scores in enumerate(predictions.T):
        own = y == label
        count, rest = int(own.sum()), int((~own).sum())
        if not count or not rest or not np.isfinite(scores).all():
            areas.append(None)
            continue
        above = rankdata(scores)[own].sum() - count * (count + 1) / 2
        areas.append(float(above / (count * rest)))
    return areas


def by_recording(
    predictions: np.ndarray, y: np.ndarray, recordings: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean of the predictions for the windows of each recording, and its class.

    Args:
        predictions: (windows, classes) probabilities.
        y: (windows,) class indices, the same in all windows of a recording.
        recordings: (windows,) the recording of each.
    """
    _, firsts, numbers = np.unique(recordings, return_index=True, return_inverse=True)
    sums = np.zeros((len(firsts), predictions.shape[1]))
    np.add.at(sums, numbers, predictions)
    return sums / np.bincount(numbers)[:, None], y[firsts]


CLASSIFICATION = Classification()
TASKS.register(CLASSIFICATION.name)(CLASSIFICATION)
