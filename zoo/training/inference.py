"""What a model gives, and how good that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.dataset import Split
from zoo.data.examples import Examples
from zoo.tasks import Score

if TYPE_CHECKING:
    import keras


def run(model: keras.Model, x: Examples, batch_size: int = 64) -> np.ndarray:
    """Returns what a model gives for raw inputs, (examples, outputs) float32."""
    # A recurrent model is a loop, slow outside a graph; an image model is slower to trace.
    call = model.predict_on_batch if x.ndim == 3 else lambda batch: model(batch, training=False)
    batches = range(0, len(x), batch_size)
    outputs = [call(x[start : start + batch_size].astype(np.float32)) for start in batches]
    return np.concatenate([np.asarray(output) for output in outputs])


def evaluate(model: keras.Model, split: Split, labels: Sequence[str]) -> Score:
    """Scores a model on a split of a data set.

    Args:
        model: Gives what `split.task` calls outputs.
        split: Where the truth is.
        labels: Of the outputs.
    """
    predictions = split.task.predictions(run(model, split.x))
    return split.task.score(predictions, split.y, labels)
