"""Progress of a training on the terminal."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from zoo.errors import RequestError
from zoo.training.distribution.distribution import Distribution
from zoo.training.precision import choose_precision


def watchers(
    console: Console, epochs: int, logs: Path | None = None, *, title: str = ""
) -> list[keras.callbacks.Callback]:
    """Returns what tells of a training.

    Args:
        console: For `EpochLines`.
        epochs: For `EpochLines`.
        logs: Folder for TensorBoard's files; None: there are none.
        title: For `EpochLines`.

    Raises:
        RequestError: TensorBoard is asked for and not installed.
    """
    callbacks: list[keras.callbacks.Callback] = [EpochLines(console, epochs, title)]
    if logs is not None:
        if importlib.util.find_spec("tensorboard") is None:
            raise RequestError("--tensorboard needs a package: pip install tensorboard")
        # Its graph and its profiles are not of this use.
        callbacks.append(keras.callbacks.TensorBoard(str(logs), write_graph=False))
    return callbacks


def told_precision(console: Console, name: str, distribution: Distribution) -> str:
    """Returns a precision; "auto" becomes the fastest here, which is said.

    Raises:
        RequestError: The devices cannot train in it together.
    """
    if name != "auto":
        distribution.check_precision(name)
        return name
    chosen, why = choose_precision(scaled=distribution.strategy is None)
    console.print(f"precision: {chosen} ({why})")
    return chosen


class EpochLines(keras.callbacks.Callback):
    """A bar over the steps, and a line for each finished epoch.

    Args:
        console: Where to print.
        epochs: Of the whole training.
        title: Before each line.
    """

    def __init__(self, console: Console, epochs: int, title: str = "") -> None:
        super().__init__()
        self._title = f"{title} " if title else ""
        self._epochs = epochs
        self._started = 0.0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._console = console

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Shows the bar."""
        self._progress.start()
        self._task = self._progress.add_task("training", total=None)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the bar anew."""
        self._started = time.monotonic()
        self._progress.reset(
            self._task,
            total=self.params["steps"],
            description=f"{self._title}epoch {epoch + 1}/{self._epochs}",
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves the bar."""
        self._progress.advance(self._task)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Prints the line of the epoch."""
        logs = logs or {}
        measure = "accuracy" if "accuracy" in logs else "r2"
        self._console.print(
            f"{self._title}epoch {epoch + 1:>3}/{self._epochs}  loss {logs['loss']:.4f}  "
            f"{measure} {logs[measure]:.4f}  validation {logs[f'val_{measure}']:.4f}  "
            f"{time.monotonic() - self._started:.1f} s",
            highlight=False,
        )

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the bar away."""
        self._progress.stop()
