"""Progress of a training: lines for a person, and steps for a bar."""

from __future__ import annotations

import importlib.util
import math
import time
from pathlib import Path
from typing import Any

import keras

from zoo.data.dataset import Dataset
from zoo.errors import RequestError
from zoo.training.runs.telling import Steps, Tell


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
    epochs: int,
    tell: Tell,
    steps: Steps,
    logs: Path | None = None,
    *,
    title: str = "",
    device: str = "",
) -> list[keras.callbacks.Callback]:
    """Returns Keras callbacks that report the progress of a training.

    Args:
        epochs: Epochs of the whole training.
        tell: Called with a line for each finished epoch.
        steps: Called after each batch.
        logs: Folder for TensorBoard's files; None: none are written.
        title: Stands before each line, such as "network".
        device: What trains, for a line about the time; empty: the epochs are short, and one line
            at the end stands for all.
    """
    callbacks: list[keras.callbacks.Callback] = [EpochLines(epochs, tell, steps, title, device)]
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

    After the first epoch, or after some seconds of it, a line says what trains and how long all
    epochs will take.

    Args:
        epochs: Epochs of the whole training.
        tell: Called with the lines.
        steps: Called with the steps.
        title: Stands before each line.
        device: What trains; empty: there is one line, at the end.
    """

    SAMPLE = 10.0  # Seconds after which a long first epoch is judged by its steps.

    def __init__(
        self, epochs: int, tell: Tell, steps: Steps, title: str = "", device: str = ""
    ) -> None:
        super().__init__()
        self._title = f"{title} " if title else ""
        self._epochs, self._tell, self._steps = epochs, tell, steps
        self._device, self._estimated = device, not device
        self._epoch, self._started, self._warm = 0, 0.0, 0.0
        self._best = (-math.inf, 0)  # The measure in validation, and its epoch.
        self._spent = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._epoch, self._started = epoch + 1, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports the step."""
        title = f"{self._title}epoch {self._epoch}/{self._epochs}"
        all_steps, now = self.params["steps"], time.monotonic()
        self._steps(title, batch + 1, all_steps)
        if batch == 0:
            self._warm = now  # The first step has built the graph.
        elif not self._estimated and now - self._warm > self.SAMPLE:
            self._estimate((now - self._warm) / batch * all_steps)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports the line."""
        logs = logs or {}
        measure = "accuracy" if "accuracy" in logs else "r2"
        validation = logs[f"val_{measure}"]
        seconds = time.monotonic() - self._started
        self._spent += seconds
        self._best = max(self._best, (validation, -self._epoch))
        if self._device:
            self._tell(
                f"{self._title}epoch {epoch + 1:>3}/{self._epochs}  loss {logs['loss']:.4f}  "
                f"{measure} {logs[measure]:.4f}  validation {validation:.4f}  {seconds:.1f} s"
            )
        if not self._estimated:
            self._estimate(seconds)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Reports the one line."""
        best, epoch = self._best
        if not self._device and epoch:
            self._tell(
                f"{self._title}{self._epoch} of up to {self._epochs} epochs, {self._spent:.1f} s, "
                f"validation {best:.4f} after epoch {-epoch}"
            )

    def _estimate(self, seconds: float) -> None:
        """Says what trains, and how long the epochs from this one on take, by one epoch's time."""
        self._estimated = True
        left = self._epochs - self._epoch + 1
        which = f"all {left} epochs" if left == self._epochs else f"the last {left} epochs"
        about = f", about {in_words(left * seconds)} for {which}" if left > 1 else ""
        self._tell(f"{self._title}trains on {self._device}{about}")


def in_words(seconds: float) -> str:
    """Returns a time as a person says it: "40 s", "12 min", "1.5 h"."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
