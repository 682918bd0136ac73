"""Writes the checkpoint of a finished run, and measures it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from zoo.checkpoints.card import CARD, Card, Metric, task_of
from zoo.checkpoints.load import load
from zoo.checkpoints.provenance import Provenance
from zoo.checkpoints.store import save
from zoo.data.dataset import Dataset, take
from zoo.data.inference import run
from zoo.files import write_text
from zoo.forms import Table
from zoo.tasks.classification import ClassificationScore
from zoo.training.folds import CROSSED, everything
from zoo.training.integers import scaled
from zoo.training.report.curves import plot_curves
from zoo.training.report.figures import figures_of, write_figures
from zoo.training.report.importance import permutation_importance
from zoo.training.report.outcome import Outcome
from zoo.training.report.page import write_page
from zoo.training.runs.run_folder import CURVES, Row, tidy, write_history
from zoo.training.scaled import scale_logits


def finish(
    model: keras.Model,
    card: Card,
    dataset: Dataset,
    history: Sequence[Row],
    output: Path,
    dtype: str,
    crossed: np.ndarray | None = None,
    apart: np.ndarray | None = None,
) -> Card:
    """Writes a trained model as the checkpoint of its run, and removes the files for resuming.

    Args:
        model: In the form that `card` describes. Its logits are scaled here, see
            `zoo.training.scaled`.
        card: Its metrics are measured here.
        dataset: What the model learnt.
        history: Rows of `zoo.training.fit.fit`.
        output: The folder of the run.
        dtype: Type of the stored weights.
        crossed: Predictions of a cross-validation, see `measure`.
        apart: Of what was learnt, see `zoo.training.report.outcome.Outcome`.

    Returns:
        The card as written.
    """
    write_history(output, history)
    title = f"{card.model} on {dataset.name}"
    plot_curves(history, output / CURVES, title, dataset.task.watched)
    temperature = 1.0 if crossed is not None else scale_logits(model, dataset.validation)
    training = dataclasses.replace(card.training or Provenance(), temperature=temperature)
    ranges = scaled(card.ranges, 1 / temperature)
    save(model, output, dataclasses.replace(card, training=training, ranges=ranges), dtype=dtype)
    card = measure(output, dataset, history, crossed, apart)
    tidy(output)
    return card


def measure(
    folder: Path,
    dataset: Dataset,
    history: Sequence[Row] = (),
    crossed: np.ndarray | None = None,
    apart: np.ndarray | None = None,
) -> Card:
    """Measures a stored checkpoint on the test split, and writes the figures into its card.

    They are in `result.json` too, and on the page of the run, `result.html`.

    Args:
        folder: Folder of the checkpoint.
        dataset: Its test split is used.
        history: Rows of `zoo.training.fit.fit`, for the page.
        crossed: Predictions of a cross-validation for all examples, which are measured in place of
            the test split; None: there was none.
        apart: Of what was learnt, see `zoo.training.report.outcome.Outcome`.

    Returns:
        The card as written.
    """
    checkpoint, learnt = load(folder), dataset
    card, test, task = checkpoint.card, dataset.test, dataset.task
    if crossed is None:
        outputs = run(checkpoint.model, test.x)
        predictions = task.predictions(outputs)
    else:
        test, predictions = everything(dataset), crossed
        # The logits of these probabilities.
        outputs = np.log(np.maximum(crossed, 1e-9)) if task.learns == "classes" else crossed
        dataset = dataset.with_splits(test=test, validation=take(test, np.arange(0)))
    if task.learns == "sets":
        chooses = dataset.validation if len(dataset.validation) else test
        known = predictions
        if chooses is not test:
            known = task.predictions(run(checkpoint.model, chooses.x))
        card = dataclasses.replace(card, thresholds=task.chosen(known, chooses.y))
        task = task_of(card)
    score = task.scored(predictions, test.y, card.labels, test.recordings)
    metrics = tuple(
        Metric(
            name,
            round(value, 6),
            dataset.name,
            "test" if crossed is None else CROSSED,
            score.measured_on(name),
            interval=score.intervals.get(name),
        )
        for name, value in score.figures.items()
    )
    card = dataclasses.replace(card, metrics=metrics)
    figures = figures_of(card, dataset, score, outputs)
    write_figures(folder, figures)
    lost: list[tuple[str, float]] = []
    if isinstance(score, ClassificationScore) and isinstance(card.input, Table) and crossed is None:
        lost = permutation_importance(checkpoint.model, test, card.input, card.labels)
    outcome = Outcome(
        folder,
        card,
        learnt,
        test,
        predictions,
        score,
        history,
        figures,
        checkpoint.model,
        lost,
        apart,
    )
    write_page(outcome)
    write_text(folder / CARD, card.to_json())
    return card
