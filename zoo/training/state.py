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

    Args:
        model: Compiled; receives the saved state where there is one.
        path: Of the file, `.safetensors`.

    Attributes:
        history: A row for each finished epoch.

    Raises:
        RequestError: The state is not one of this model.
    """

    SHARE = 1 / 20

    def __init__(self, model: keras.Model, path: Path) -> None:
        super().__init__()
        self.history: list[Row] = []
        self._path = path
        self._next_save = 0.0
        if path.exists():
            self._restore(model)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds a row to the history, and saves where it is due."""
        row = {key: float(value) for key, value in (logs or {}).items()}
        rate = float(self.model.optimizer.learning_rate)
        self.history.append({"epoch": epoch + 1, **row, "learning_rate": rate})
        started = time.monotonic()
        if started >= self._next_save:
            self._save()
            ended = time.monotonic()
            self._next_save = ended + (ended - started) / self.SHARE

    def _save(self) -> None:
        tensors = {key: np.asarray(value) for key, value in _variables(self.model).items()}
        content = safetensors.numpy.save(tensors, {"history": json.dumps(self.history)})
        with whole_file(self._path) as path:
            path.write_bytes(content)

    def _restore(self, model: keras.Model) -> None:
        model.optimizer.build(model.trainable_variables)
        try:
            with safetensors.safe_open(self._path, framework="numpy") as file:
                self.history = json.loads(file.metadata()["history"])
                for key, variable in _variables(model).items():
                    variable.assign(file.get_tensor(key))
        except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
            raise RequestError(
                f"{self._path} is not a state of this training; remove it to start anew"
            ) from error


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Numbers everything that training changes, but for running metrics."""
    metrics = {id(variable) for variable in model.metrics_variables}
    state = [v for v in model.variables if id(v) not in metrics]
    return {
        **{f"model/{i:05}": variable for i, variable in enumerate(state)},
        **{f"optimizer/{i:05}": variable for i, variable in enumerate(model.optimizer.variables)},
    }
