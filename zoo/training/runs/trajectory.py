"""The weights after each epoch of a training, kept for `zoo landscape`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import safetensors
import safetensors.numpy

from zoo.errors import RequestError
from zoo.files import whole_file
from zoo.training.recipes.averaging import learnt_weights
from zoo.training.runs.run_folder import TRAJECTORY


class KeepTrajectory(keras.callbacks.Callback):
    """Writes the weights before the first epoch and after each, for `zoo landscape`.

    Of a training that averages its weights they are the averages, as in its checkpoint.

    Args:
        folder: Folder of the run.

    Raises:
        RequestError: A continued training did not keep the weights of an earlier epoch.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the initial weights, and checks that those of all earlier epochs are there."""
        if epoch == 0 and int(self.model.optimizer.iterations) == 0:
            self._keep(0, self.model.get_weights())
        for earlier in range(epoch + 1):
            if not is_kept(self._folder, earlier):
                raise RequestError(
                    f"{self._folder} goes on without the weights after epoch {earlier}, which were "
                    "not kept; leave out --trajectory, or start anew in another --output"
                )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the weights."""
        self._keep(epoch + 1, learnt_weights(self.model))

    def _keep(self, epoch: int, values: Sequence[np.ndarray]) -> None:
        paths = [variable.path for variable in self.model.weights]
        with whole_file(_path(self._folder, epoch)) as path:
            path.write_bytes(safetensors.numpy.save(dict(zip(paths, values, strict=True))))


def is_kept(folder: Path, epoch: int) -> bool:
    """Whether the weights after an epoch are there."""
    return _path(folder, epoch).is_file()


def read_trajectory(folder: Path) -> list[dict[str, np.ndarray]]:
    """Reads the weights of a run after each epoch, by the paths of the variables.

    Raises:
        RequestError: There are none, or one of the files is no safetensors file.
    """
    paths = sorted((folder / TRAJECTORY).glob("epoch_*.safetensors"))
    if not paths:
        raise RequestError(f"{folder} keeps no weights of its epochs; train with --trajectory")
    try:
        return [safetensors.numpy.load_file(path) for path in paths]
    except (safetensors.SafetensorError, OSError) as error:
        raise RequestError(f"{folder / TRAJECTORY} holds a damaged file: {error}") from error


def _path(folder: Path, epoch: int) -> Path:
    return folder / TRAJECTORY / f"epoch_{epoch:04}.safetensors"
