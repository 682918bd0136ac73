"""How a trained model becomes the checkpoint of its run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras

from zoo.checkpoints.card import Card, Metric
from zoo.checkpoints.load import load
from zoo.checkpoints.store import save
from zoo.data.dataset import Dataset
from zoo.data.inference import run
from zoo.files import write_text
from zoo.tasks.classification import ClassificationScore
from zoo.training.report.curves import plot_curves
from zoo.training.report.page import write_result
from zoo.training.run_folder import CURVES, Row, tidy, write_history


def finish(
    model: keras.Model,
    card: Card,
    dataset: Dataset,
    history: Sequence[Row],
    output: Path,
    dtype: str,
) -> Card:
    """Makes a trained model the checkpoint of its run, and removes what resuming needed.

    Args:
        model: In the form that `card` describes.
        card: Its metrics are measured here.
        dataset: What it learnt.
        history: Rows of `zoo.training.fit.fit`.
        output: The folder of the run.
        dtype: Of the stored weights.

    Returns:
        The card as written.
    """
    write_history(output, history)
    title = f"{card.model} on {dataset.name}"
    plot_curves(history, output / CURVES, title, dataset.task.watched)
    save(model, output, card, dtype=dtype)
    card = measure(output, dataset)
    tidy(output)
    return card


def measure(folder: Path, dataset: Dataset) -> Card:
    """Writes the test figures of a checkpoint, as it lies on disk, into its card.

    Of a classifier, also `result.html` and the pictures that it shows.

    Args:
        folder: Of the checkpoint.
        dataset: Its test split is the measure.

    Returns:
        The card as written.
    """
    checkpoint = load(folder)
    card, test, task = checkpoint.card, dataset.test, dataset.task
    predictions = task.predictions(run(checkpoint.model, test.x))
    score = task.score(predictions, test.y, card.labels)
    metrics = tuple(
        Metric(name, round(value, 6), dataset.name, "test", len(test))
        for name, value in score.figures.items()
    )
    card = dataclasses.replace(card, metrics=metrics)
    if isinstance(score, ClassificationScore):
        write_result(folder, card, predictions, test)
    write_text(folder / "card.json", card.to_json())
    return card
