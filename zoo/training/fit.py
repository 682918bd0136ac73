"""Fits a model, and takes an interrupted fit up again where it stopped."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from zoo.data.batches import evaluation_batches, steps_per_epoch, training_batches
from zoo.data.dataset import Dataset
from zoo.errors import RequestError
from zoo.files import whole_file, write_text
from zoo.training.recipe import Recipe, compile_model
from zoo.training.target import restore_units, standardise, target_scale

Row = dict[str, float]


def fit(
    model: keras.Model,
    dataset: Dataset,
    recipe: Recipe,
    state: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[Row]:
    """Trains a model on a data set, from the last state saved where there is one.

    Args:
        model: Gives logits; of a regression one value, from a layer "logits". Values are learnt
            standardised; when the training ends, that layer gives them in their own units.
        dataset: The training split is fitted, the validation split watched.
        recipe: How.
        state: Folder for the state of an unfinished training: weights, optimiser, history.
        callbacks: Told of the progress.

    Returns:
        A row an epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy, learning_rate. Of
        a regression r2 and mae, in the units of the target, in place of accuracy.

    Raises:
        RequestError: The loss is no longer finite.
    """
    scale = None
    if dataset.task == "regression":
        scale = target_scale(dataset.train.y)
        dataset = standardise(dataset, scale)
    outputs = len(dataset.labels)
    steps = steps_per_epoch(dataset.train, recipe.batch_size)
    compile_model(model, recipe, steps, unit=None if scale is None else scale.std)
    keeper = _StateKeeper(model, state)
    first = len(keeper.history)
    if first < recipe.epochs:
        model.fit(
            training_batches(
                dataset.train,
                recipe.batch_size,
                outputs,
                seed=recipe.seed,
                epochs=range(first, recipe.epochs),
            ),
            initial_epoch=first,
            epochs=recipe.epochs,
            steps_per_epoch=steps,
            shuffle=False,  # The batches are shuffled already.
            validation_data=evaluation_batches(dataset.validation, recipe.batch_size, outputs),
            callbacks=[keeper, *callbacks],
            verbose=0,
        )
    if scale is not None:
        restore_units(model.get_layer("logits"), scale)
    return keeper.history


class _StateKeeper(keras.callbacks.Callback):
    """Saves what a training needs to go on, in a way that no crash can spoil.

    The weights of an epoch get a file of their own; `state.json`, replaced in one step, says which
    file counts. (`keras.callbacks.BackupAndRestore` writes weights and epoch one after the other,
    and a kill in between leaves two that do not belong together.)

    Saving is worth a twentieth of the time: where epochs are short beside it, some go unsaved.

    Args:
        model: Compiled; receives the saved state where there is one.
        folder: Of the state.
    """

    SHARE = 1 / 20

    def __init__(self, model: keras.Model, folder: Path) -> None:
        super().__init__()
        self.history: list[Row] = []
        self._folder = folder
        self._index = folder / "state.json"
        self._saved_epochs = 0
        self._next_save = 0.0
        if self._index.exists():
            self.history = json.loads(self._index.read_text())["history"]
            self._saved_epochs = len(self.history)
            model.optimizer.build(model.trainable_variables)
            model.load_weights(self._weights(self._saved_epochs))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        if not math.isfinite(logs["loss"]):
            raise RequestError(
                f"the loss became {logs['loss']} in epoch {epoch + 1}; lower --learning_rate"
            )
        row = {key: float(value) for key, value in logs.items()}
        row["learning_rate"] = float(self.model.optimizer.learning_rate)
        self.history.append({"epoch": epoch + 1, **row})
        if time.monotonic() >= self._next_save:
            self._save()

    def _save(self) -> None:
        started = time.monotonic()
        before, self._saved_epochs = self._saved_epochs, len(self.history)
        with whole_file(self._weights(self._saved_epochs)) as path:
            self.model.save_weights(path)
        write_text(self._index, json.dumps({"history": self.history}))
        self._weights(before).unlink(missing_ok=True)
        ended = time.monotonic()
        self._next_save = ended + (ended - started) / self.SHARE

    def _weights(self, epochs: int) -> Path:
        return self._folder / f"epoch{epochs:05}.weights.h5"
