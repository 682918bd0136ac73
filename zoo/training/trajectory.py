"""Keeps the weights after each epoch of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from zoo.checkpoints.trajectory import is_kept, keep_weights
from zoo.errors import RequestError


class KeepTrajectory(keras.callbacks.Callback):
    """Writes the weights before the first epoch and after each, for `zoo landscape`.

    Args:
        folder: Of the run.

    Raises:
        RequestError: The training goes on, and the weights of an earlier epoch were not kept.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Writes the initial weights, unless the training goes on."""
        if int(self.model.optimizer.iterations) == 0:
            keep_weights(self.model, self._folder, 0)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Sees that the weights of all earlier epochs are there."""
        for earlier in range(epoch + 1):
            if not is_kept(self._folder, earlier):
                raise RequestError(
                    f"{self._folder} goes on without the weights after epoch {earlier}, which were "
                    "not kept; leave out --trajectory, or start anew in another --output"
                )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the weights."""
        keep_weights(self.model, self._folder, epoch + 1)
