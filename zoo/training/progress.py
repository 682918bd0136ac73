"""Progress of a training: lines for a person, and steps for a bar."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import keras

from zoo.data.dataset import Dataset
from zoo.errors import RequestError

Tell: TypeAlias = Callable[[str], None]
# A title, steps done, and steps in all.
Steps: TypeAlias = Callable[[str, int, int], None]


def silent(line: str) -> None:
    """Ignores a line of progress."""


def stepless(title: str, done: int, total: int) -> None:
    """Shows no bar."""


def opened(name: str, dataset: Dataset, tell: Tell) -> None:
    """Prints the notes of the reader of the data, then what will be learnt.

    Args:
        name: Name of the model or the checkpoint.
        dataset: What it will learn.
        tell: Called with each line.
    """
    for note in dataset.notes:
        tell(note)
    tell(
        f"{name} on {dataset.name}: {len(dataset.train):,} training, "
        f"{len(dataset.validation):,} validation, {len(dataset.test):,} test examples of "
        f"{'×'.join(str(side or 'any') for side in dataset.example_shape)}, "
        f"{dataset.task.described(dataset.labels)}"
    )


def watchers(
    epochs: int, tell: Tell, steps: Steps, logs: Path | None = None, *, title: str = ""
) -> list[keras.callbacks.Callback]:
    """Returns Keras callbacks that report the progress of a training.

    Args:
        epochs: Epochs of the whole training.
        tell: Called with a line for each finished epoch.
        steps: Called after each batch.
        logs: Folder for TensorBoard's files; None: none are written.
        title: Stands before each line, such as "head".

    """
    callbacks: list[keras.callbacks.Callback] = [EpochLines(epochs, tell, steps, title)]
    if logs is not None:
        # Without its graph and its profiles, which nobody needs here.
        callbacks.append(keras.callbacks.TensorBoard(str(logs), write_graph=False))
    return callbacks


def check_tensorboard(asked: bool) -> None:
    """Refuses logs for TensorBoard where it is not installed.

    Raises:
        RequestError: It is not.
    """
    if asked and importlib.util.find_spec("tensorboard") is None:
        raise RequestError("--tensorboard needs a package: pip install tensorboard")


class EpochLines(keras.callbacks.Callback):
    """A line for each finished epoch, and a step for each batch.

    Args:
        epochs: Epochs of the whole training.
        tell: Called with the lines.
        steps: Called with the steps.
        title: Stands before each line.
    """

    def __init__(self, epochs: int, tell: Tell, steps: Steps, title: str = "") -> None:
        super().__init__()
        self._title = f"{title} " if title else ""
        self._epochs, self._tell, self._steps = epochs, tell, steps
        self._epoch, self._started = 0, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._epoch, self._started = epoch + 1, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports the step."""
        title = f"{self._title}epoch {self._epoch}/{self._epochs}"
        self._steps(title, batch + 1, self.params["steps"])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports the line."""
        logs = logs or {}
        measure = "accuracy" if "accuracy" in logs else "r2"
        self._tell(
            f"{self._title}epoch {epoch + 1:>3}/{self._epochs}  loss {logs['loss']:.4f}  "
            f"{measure} {logs[measure]:.4f}  validation {logs[f'val_{measure}']:.4f}  "
            f"{time.monotonic() - self._started:.1f} s"
        )
