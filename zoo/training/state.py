"""The state of an unfinished training, in one file that is whole at any moment."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import safetensors
import safetensors.numpy

from zoo.errors import RequestError
from zoo.files import whole_file

Row = dict[str, float]


class StateKeeper(keras.callbacks.Callback):
    """Saves what a training needs to go on: weights, optimiser, random seeds and history.

    All of it is one file, replaced in one step, so that a kill at any moment leaves a state that
    belongs together. (`keras.callbacks.BackupAndRestore` writes two files, one after the other, by
    way of HDF5, which takes the process down when the disk is full.)

    Saving is worth a twentieth of the time: where epochs are short beside it, some go unsaved.

    With patience, it also keeps the weights of the best epoch, and ends the training when that many
    epochs were no better. The best are those of highest validation accuracy, of equal ones those of
    lowest validation loss; of a regression the latter alone.

    Args:
        model: Compiled; receives the saved state where there is one.
        path: Of the file, `.safetensors`.
        patience: Epochs; None: all are trained, and the last is taken.

    Attributes:
        history: A row for each finished epoch.
        best: Weights of the best epoch, as `model.get_weights()` gives them; None without patience.

    Raises:
        RequestError: The state is not one of this model.
    """

    SHARE = 1 / 20

    def __init__(self, model: keras.Model, path: Path, patience: int | None = None) -> None:
        super().__init__()
        self.history: list[Row] = []
        self.best: list[np.ndarray] | None = None
        self._path = path
        self._patience = patience
        self._next_save = 0.0
        self._saved = 0
        if path.exists():
            self._restore(model)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds a row to the history, and saves where it is due."""
        row = {key: float(value) for key, value in (logs or {}).items()}
        rate = float(self.model.optimizer.learning_rate)
        self.history.append({"epoch": epoch + 1, **row, "learning_rate": rate})
        if self._patience is not None and _best(self.history) == len(self.history) - 1:
            self.best = self.model.get_weights()
        if self.exhausted:
            self.model.stop_training = True
        started = time.monotonic()
        if started >= self._next_save:
            self._save()
            ended = time.monotonic()
            self._next_save = ended + (ended - started) / self.SHARE

    @property
    def exhausted(self) -> bool:
        """Whether the last epochs were no better, as many as there was patience."""
        if self._patience is None or not self.history:
            return False
        return len(self.history) - 1 - _best(self.history) >= self._patience

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Saves the last epoch where more is to come after this training."""
        if self._patience is not None and self._saved < len(self.history):
            self._save()

    def _save(self) -> None:
        tensors = {key: np.asarray(value) for key, value in _variables(self.model).items()}
        tensors |= {f"best/{i:05}": value for i, value in enumerate(self.best or [])}
        content = safetensors.numpy.save(tensors, {"history": json.dumps(self.history)})
        with whole_file(self._path) as path:
            path.write_bytes(content)
        self._saved = len(self.history)

    def _restore(self, model: keras.Model) -> None:
        model.optimizer.build(model.trainable_variables)
        try:
            with safetensors.safe_open(self._path, framework="numpy") as file:
                self.history = json.loads(file.metadata()["history"])
                self._saved = len(self.history)
                for key, variable in _variables(model).items():
                    variable.assign(file.get_tensor(key))
                best = sorted(key for key in file.keys() if key.startswith("best/"))  # noqa: SIM118
                self.best = [file.get_tensor(key) for key in best] or None
        except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
            raise RequestError(
                f"{self._path} is not a state of this training; remove it to start anew"
            ) from error


def rank(row: Row) -> tuple[float, float]:
    """Returns what is greater for a better epoch."""
    return row.get("val_accuracy", 0.0), -row["val_loss"]


def _best(history: list[Row]) -> int:
    """Returns the index of the first of the best rows."""
    return max(range(len(history)), key=lambda index: (rank(history[index]), -index))


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Numbers everything that training changes, but for running metrics."""
    metrics = {id(variable) for variable in model.metrics_variables}
    state = [v for v in model.variables if id(v) not in metrics]
    return {
        **{f"model/{i:05}": variable for i, variable in enumerate(state)},
        **{f"optimizer/{i:05}": variable for i, variable in enumerate(model.optimizer.variables)},
    }
