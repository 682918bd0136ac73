"""What a task defines. Training, evaluation, pages and export ask it here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import numpy as np

from zoo.registry import Registry
from zoo.result import TextTable
from zoo.tasks.interval import in_words, wilson

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Learns: TypeAlias = Literal["classes", "values", "sets"]
Outputs: TypeAlias = Literal["logits", "independent_logits", "probabilities", "values"]


@dataclass(frozen=True)
class Score(ABC):
    """How good predictions are.

    Attributes:
        examples: How many were measured.
    """

    examples: int

    @property
    @abstractmethod
    def figures(self) -> dict[str, float]:
        """The figures that a card keeps, by name."""

    @property
    def shares(self) -> tuple[str, ...]:
        """Names of the figures that are shares of independent examples."""
        return ()

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """The ends of the 95 % interval of each of the `shares`."""
        figures = self.figures
        return {name: wilson(figures[name], self.measured_on(name)) for name in self.shares}

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """More figures, for a person."""
        return ()

    def measured_on(self, figure: str) -> int:
        """Returns how many examples, or recordings, a figure was measured on."""
        return self.examples


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of values, in their own units.

    A network learns values of mean 0 and deviation 1. When it has learnt them, the scale goes into
    its last layer, which then gives values in their own units.
    """

    mean: float
    std: float

    @classmethod
    def robust(cls, y: np.ndarray) -> Self:
        """Returns the median, and the deviation of a normal distribution with these quartiles.

        Outliers hardly change it. If half of the values are equal, their deviation has to do.
        """
        low, median, high = np.quantile(y.astype(np.float64), (0.25, 0.5, 0.75))
        return cls(float(median), float((high - low) / 1.349) or float(y.std(dtype=np.float64)))

    def standardised(self, y: np.ndarray) -> np.ndarray:
        """Returns values of mean 0 and deviation 1, float32."""
        return ((y - self.mean) / self.std).astype(np.float32)

    def remove_units(self, layer: keras.layers.Dense) -> None:
        """Lets the last layer of a network that gives values give standardised ones."""
        layer.kernel.assign(layer.kernel / self.std)
        layer.bias.assign((layer.bias - self.mean) / self.std)

    def restore_units(self, layer: keras.layers.Dense) -> None:
        """Folds this scale into the last layer of a network that gives standardised values."""
        layer.kernel.assign(layer.kernel * self.std)
        layer.bias.assign(layer.bias * self.std + self.mean)


@dataclass(frozen=True)
class Task(ABC):
    """What is learnt.

    Attributes:
        name: In the registry, in cards, and after `--task=`.
        learns: "classes": the truth of an example is the index of its label, int64. "values": the
            truth is a number, float32, and the one label is that number's name. "sets": the truth
            is a row of 0 and 1, uint8, one for each label.
        outputs: What a model of this task gives, in `export.export_model`'s words: an export
            appends a softmax to "logits" and a sigmoid to "independent_logits", and leaves
            "probabilities" and "values" as they are.
        watched: The figure of an epoch that its curves show.
        verb: What a model does with its labels, for descriptions ("Tells cat, dog.").
        smoothing: Usual share of the truth that is spread over all classes, see `loss`.
        thresholds: Of "sets": the probability from which on each label is said; empty: one half.
    """

    name: str
    learns: Learns
    outputs: Outputs
    watched: str
    verb: str
    smoothing: float = 0.1
    thresholds: tuple[float, ...] = ()

    @abstractmethod
    def loss(
        self, smoothing: float = 0.0, reduction: str | None = "sum_over_batch_size"
    ) -> keras.losses.Loss:
        """Returns the loss, which compares a model's outputs with what `targets` returns.

        Args:
            smoothing: Share of the truth that is spread over all classes (Szegedy et al. 2016);
                tasks without classes ignore it.
            reduction: None: a value for each example.
        """

    @abstractmethod
    def metrics(self, unit: float) -> list[keras.metrics.Metric]:
        """Returns what a training reports of each epoch.

        Args:
            unit: What 1 of the model's output is, in the units of the truth.
        """

    @abstractmethod
    def rank(self, epoch: Mapping[str, float], examples: int) -> tuple[float, ...]:
        """Returns a key of an epoch's figures; the best epoch has the greatest key.

        Args:
            epoch: Its figures by name, those of validation as in "val_loss".
            examples: In the validation split.
        """

    @abstractmethod
    def score(
        self,
        predictions: np.ndarray,
        y: np.ndarray,
        labels: Sequence[str],
    ) -> Score:
        """Compares predictions with the truth.

        Args:
            predictions: (examples, outputs), as `predictions` or an exported file gives them.
            y: (examples,) the truth.
            labels: Labels of the outputs.
        """

    def scored(
        self,
        predictions: np.ndarray,
        y: np.ndarray,
        labels: Sequence[str],
        recordings: np.ndarray | None,
    ) -> Score:
        """Returns `score`, and that of whole recordings if the task knows these.

        Args:
            predictions: As `score` takes them.
            y: As `score` takes it.
            labels: As `score` takes them.
            recordings: Of windows: (examples,) the recording of each; None: there are no windows.
        """
        del recordings
        return self.score(predictions, y, labels)

    @abstractmethod
    def measured(
        self, outputs: np.ndarray, y: np.ndarray, smoothing: float = 0.0
    ) -> dict[str, float]:
        """Returns `watched` and "loss" of a model's outputs, as a training reports them."""

    @abstractmethod
    def described(self, labels: Sequence[str]) -> str:
        """Returns what there is to learn, for a person: "10 classes"."""

    def text(self, figure: str, value: float, interval: tuple[float, float] | None = None) -> str:
        """Returns a figure of a score for a person: "r2 0.8012".

        A share has an interval, and is in percent: "top1 66.67% (95% interval 46.7 to 82.0)".
        """
        if interval is None:
            return f"{figure} {value:.5g}"
        return f"{figure} {value:.2%}{in_words(interval)}"

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Returns what an exported file gives where the model gives `outputs`."""
        return outputs

    def answers(
        self, predictions: np.ndarray, labels: Sequence[str], top: int
    ) -> list[tuple[str, float]]:
        """Returns what is said of one example: labels with their scores, the highest first.

        Args:
            predictions: (outputs,), as `predictions` or an exported file gives them.
            labels: Labels of the outputs.
            top: The most labels.
        """
        order = np.argsort(-predictions, kind="stable")[:top]
        return [(labels[index], float(predictions[index])) for index in order]

    def said(self, label: str, score: float) -> str:
        """Returns one of the `answers` for a person: "cat 91.20%"."""
        return f"{label} {score:.2%}"

    def targets(self, y: Any, outputs: int) -> tf.Tensor:
        """Returns the truth as the loss takes it, (batch, outputs) float32.

        Args:
            y: (batch,) the truth, a TensorFlow tensor or an array. The batches of a training come
                from tf.data on any backend of Keras.
            outputs: Number of the model's outputs.
        """
        import tensorflow as tf

        return tf.cast(y, tf.float32)[:, None]

    def losses(self, outputs: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """Returns the loss of each example, (batch,), without label smoothing."""
        return self.loss(reduction=None)(self.targets(y, outputs.shape[-1]), outputs)

    def correct(self, outputs: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """Returns how many predictions of a batch are right; NaN if values cannot be right."""
        import tensorflow as tf

        return tf.constant(float("nan"))

    def scale(self, y: np.ndarray) -> Scale | None:
        """Returns the scale to learn the truth of a training split in; None: its own units."""
        return None

    def chosen(self, predictions: np.ndarray, y: np.ndarray) -> tuple[float, ...]:
        """Returns the thresholds that do best on a validation split; most tasks have none."""
        return ()

    def decided(self, thresholds: Sequence[float]) -> Task:
        """Returns the task with the thresholds that a card keeps, one for each label."""
        return self

    def temperature(self, outputs: np.ndarray, y: np.ndarray) -> float:
        """Returns what a model's outputs are divided by, so that it is as sure as it is right.

        Args:
            outputs: (examples, outputs) of examples that the model was not trained on.
            y: (examples,) the truth.

        Returns:
            1 where nothing is to be changed, as for values.
        """
        return 1.0

    def strata(self, y: np.ndarray) -> np.ndarray:
        """Returns the group of each example, int64. Splits and samples keep the groups' shares."""
        return np.zeros(len(y), np.int64)


TASKS: Registry[Task] = Registry(
    "task", ("zoo.tasks.classification", "zoo.tasks.regression", "zoo.tasks.multilabel")
)


def find_task(name: str) -> Task:
    """Returns the task of that name.

    Raises:
        RequestError: There is none; the message holds the nearest names.
    """
    return TASKS.get(name)
