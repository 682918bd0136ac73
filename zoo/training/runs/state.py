"""The state of an unfinished training, in one file that is complete at any moment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import RequestError, StoppedError
from zoo.files import whole_file
from zoo.training.recipes.averaging import learnt_weights
from zoo.training.runs.run_folder import Row
from zoo.training.sealed import seal, unseal


class StateKeeper(keras.callbacks.Callback):
    """Saves what is needed to continue a training: weights, optimiser, random seeds and history.

    One file holds all of it and is replaced in one step, so a kill at any moment leaves a
    consistent state. (`keras.callbacks.BackupAndRestore` writes two files, one after the other, as
    HDF5, which crashes the process if the disk is full.)

    Saving takes at most about a twentieth of the time. If epochs are too short for that, some are
    not saved.

    With patience, it also keeps the weights of the best epoch, and ends the training after that
    many epochs without a better one.

    Args:
        model: Compiled. It gets the saved state, if there is one.
        path: Path of the file, `.safetensors`; None: nothing is saved.
        rank: Returns a key of an epoch's row; the best epoch has the greatest key.
        content: The saved file; empty if there is none.
        patience: Number of epochs; None: all epochs are trained, and the last is taken.
        stop: Called after each batch. If it returns True, all is saved, even in the middle of an
            epoch, and the training ends with a `StoppedError`.

    Attributes:
        history: A row for each finished epoch.
        step: Finished batches of the next epoch.
        best: Weights of the best epoch, as in `model.get_weights()`; None without patience.

    Raises:
        RequestError: The state is damaged, or belongs to another model.
    """

    SHARE = 1 / 20

    def __init__(
        self,
        model: keras.Model,
        path: Path | None,
        rank: Callable[[Row], tuple[float, ...]],
        content: bytes = b"",
        patience: int | None = None,
        stop: Callable[[int], bool] = lambda batch: False,
    ) -> None:
        super().__init__()
        self.history: list[Row] = []
        self.step = 0
        self.best: list[np.ndarray] | None = None
        self._path = path
        self._rank = rank
        self._patience = patience
        self._stop = stop
        self._next_save = 0.0
        self._saved = 0
        self._counted: list[np.ndarray] = []
        if content:
            self._restore(model, content)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """If the training stopped in the middle of an epoch, restores the counts of the metrics."""
        if self._counted:
            for variable, value in zip(self.model.metrics_variables, self._counted, strict=True):
                variable.assign(value)
        self._counted = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Saves and ends the training if `stop` says so."""
        self.step += 1
        if batch < self.params["steps"] - 1 and self._stop(self.step):
            # During an epoch, the JAX backend keeps them elsewhere.
            getattr(self.model, "jax_state_sync", lambda: None)()
            self._save()
            raise StoppedError(
                f"stopped in epoch {len(self.history) + 1} after batch {self.step}; "
                "the same command goes on there"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds a row to the history, and saves if enough time has passed."""
        row = {key: float(value) for key, value in (logs or {}).items()}
        rate = float(self.model.optimizer.learning_rate)
        self.step = 0
        self.history.append({"epoch": epoch + 1, **row, "learning_rate": rate})
        if self._patience is not None and self._best == len(self.history) - 1:
            self.best = learnt_weights(self.model)
        if self.exhausted:
            self.model.stop_training = True
        stopped = epoch + 1 < self.params["epochs"] and self._stop(0)
        started = time.monotonic()
        if stopped or started >= self._next_save:
            self._save()
            ended = time.monotonic()
            self._next_save = ended + (ended - started) / self.SHARE
        if stopped:
            raise StoppedError(f"stopped after epoch {epoch + 1}; the same command goes on there")

    @property
    def exhausted(self) -> bool:
        """Whether the last epochs, as many as the patience, brought nothing better."""
        if self._patience is None or not self.history:
            return False
        return len(self.history) - 1 - self._best >= self._patience

    @property
    def _best(self) -> int:
        """Index of the first of the best rows."""
        rows = self.history
        return max(range(len(rows)), key=lambda index: (self._rank(rows[index]), -index))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Saves the last epoch if another stage follows this training."""
        if self._patience is not None and self._saved < len(self.history):
            self._save()

    def _save(self) -> None:
        self._saved = len(self.history)
        # Reading metrics sums them over all workers, so every worker has to read.
        counted = self.model.metrics_variables if self.step else []
        tensors = {f"metric/{i:05}": np.asarray(value) for i, value in enumerate(counted)}
        if self._path is None:
            return
        tensors |= {key: np.asarray(value) for key, value in _variables(self.model).items()}
        tensors |= {f"best/{i:05}": np.asarray(value) for i, value in enumerate(self.best or [])}
        notes = {"history": json.dumps(self.history), "step": str(self.step)}
        with whole_file(self._path) as path:
            path.write_bytes(seal(tensors, notes))

    def _restore(self, model: keras.Model, content: bytes) -> None:
        model.optimizer.build(model.trainable_variables)
        try:
            tensors, notes = unseal(content)
            self.history, self.step = json.loads(notes["history"]), int(notes["step"])
            self._saved = len(self.history)
            for key, variable in _variables(model).items():
                variable.assign(tensors[key])
            self.best = [tensors[key] for key in sorted(tensors) if key.startswith("best/")] or None
            self._counted = [tensors[key] for key in sorted(tensors) if key.startswith("metric/")]
        except (KeyError, ValueError) as error:
            raise RequestError(
                f"{self._path or 'the state'} is damaged, or not of this training; remove it to "
                "start anew"
            ) from error


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Returns all variables that training changes, numbered, without those of metrics."""
    metrics = {id(variable) for variable in model.metrics_variables}
    state = [v for v in model.variables if id(v) not in metrics]
    return {
        **{f"model/{i:05}": variable for i, variable in enumerate(state)},
        **{f"optimizer/{i:05}": variable for i, variable in enumerate(model.optimizer.variables)},
    }
