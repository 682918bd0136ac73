"""One value for each example."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.tasks.task import TASKS, Learns, Outputs, Scale, Score, Task

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class RegressionScore(Score):
    """Scores of a regression.

    Attributes:
        r2: Coefficient of determination. 1 is perfect; 0 is as good as always giving the mean. NaN
            of a single example, which has none.
        mae: Mean absolute error, in the units of the truth.
    """

    r2: float
    mae: float

    @property
    def figures(self) -> dict[str, float]:
        """R² and mean absolute error; of a single example the error alone."""
        return {"mae": self.mae} if math.isnan(self.r2) else {"r2": self.r2, "mae": self.mae}


@dataclass(frozen=True)
class Regression(Task):
    """Values. The model gives one; while it learns, values have mean 0 and deviation 1."""

    name: str = "regression"
    learns: Learns = "values"
    outputs: Outputs = "values"
    watched: str = "r2"
    verb: str = "Predicts"

    def loss(
        self, smoothing: float = 0.0, reduction: str | None = "sum_over_batch_size"
    ) -> keras.losses.Loss:
        """Returns the squared error."""
        import keras

        return keras.losses.MeanSquaredError(reduction=reduction)

    def metrics(self, unit: float) -> list[keras.metrics.Metric]:
        """Returns R², and the mean absolute error in the units of the truth."""
        import keras

        def error(truth: Any, output: Any) -> Any:
            return unit * keras.ops.abs(truth - output)

        return [
            keras.metrics.R2Score(name="r2"),
            keras.metrics.MeanMetricWrapper(error, name="mae"),
        ]

    def rank(self, epoch: Mapping[str, float], examples: int) -> tuple[float, ...]:
        """Ranks by validation loss."""
        return (-epoch["val_loss"],)

    def score(
        self,
        predictions: np.ndarray,
        y: np.ndarray,
        labels: Sequence[str],
    ) -> RegressionScore:
        """Compares values (examples, 1), in the units of the truth, with the truth."""
        from sklearn.metrics import mean_absolute_error, r2_score

        # The squares of values of 1e-24 or 1e18 do not fit into float32.
        truth, values = y.astype(np.float64), predictions[:, 0].astype(np.float64)
        unit = np.abs(truth).max() or 1.0
        return RegressionScore(
            examples=len(y),
            r2=float(r2_score(truth / unit, values / unit)) if len(y) > 1 else math.nan,
            mae=float(mean_absolute_error(truth, values)),
        )

    def measured(
        self, outputs: np.ndarray, y: np.ndarray, smoothing: float = 0.0
    ) -> dict[str, float]:
        """Returns R² and the mean squared error."""
        loss = self.loss()(np.asarray(self.targets(y, 1)), outputs)
        return {"r2": self.score(outputs, y, ()).r2, "loss": float(loss)}

    def said(self, label: str, score: float) -> str:
        """Returns a value for a person: "age 31.5"."""
        return f"{label} {score:.5g}"

    def described(self, labels: Sequence[str]) -> str:
        """Returns "one value"."""
        return "one value"

    def scale(self, y: np.ndarray) -> Scale:
        """Returns mean and deviation; readers of data refuse values that are all the same."""
        return Scale(float(y.mean(dtype=np.float64)), float(y.std(dtype=np.float64)))


REGRESSION = Regression()
TASKS.register(REGRESSION.name)(REGRESSION)
