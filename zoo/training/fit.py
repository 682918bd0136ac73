"""Fits a model, and takes an interrupted fit up again where it stopped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from zoo.data.batches import evaluation_batches, steps_per_epoch, training_batches
from zoo.data.dataset import Dataset
from zoo.errors import RequestError
from zoo.training.recipe import Recipe, compile_model
from zoo.training.state import Row, StateKeeper


def fit(
    model: keras.Model,
    dataset: Dataset,
    recipe: Recipe,
    state: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[Row]:
    """Trains a model on a data set, from the last state saved where there is one.

    Args:
        model: Gives logits.
        dataset: The training split is fitted, the validation split watched.
        recipe: How.
        state: File for the state of an unfinished training, `.safetensors`.
        callbacks: Told of the progress.

    Returns:
        A row an epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy, learning_rate.

    Raises:
        RequestError: The loss is no longer finite, or the state is of another training.
    """
    classes = len(dataset.labels)
    steps = steps_per_epoch(dataset.train, recipe.batch_size)
    compile_model(model, recipe, steps)
    keeper = StateKeeper(model, state)
    first = len(keeper.history)
    if first < recipe.epochs:
        model.fit(
            training_batches(
                dataset.train,
                recipe.batch_size,
                classes,
                seed=recipe.seed,
                epochs=range(first, recipe.epochs),
            ),
            initial_epoch=first,
            epochs=recipe.epochs,
            steps_per_epoch=steps,
            shuffle=False,  # The batches are shuffled already.
            validation_data=evaluation_batches(dataset.validation, recipe.batch_size, classes),
            callbacks=[_FiniteLoss(), keeper, *callbacks],
            verbose=0,
        )
    return keeper.history


class _FiniteLoss(keras.callbacks.Callback):
    """Ends a training whose loss is no longer a number, before its state is saved."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {})["loss"]
        if not math.isfinite(loss):
            raise RequestError(
                f"the loss became {loss} in epoch {epoch + 1}; lower --learning_rate"
            )
