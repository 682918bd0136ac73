"""The flags that tell how `--data` is to be read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import rich.progress
from absl import flags
from rich.console import Console

if TYPE_CHECKING:
    from zoo.checkpoints.card import Task
    from zoo.data.encoded import Progress
    from zoo.data.sources import Reading


def define_reading(values: flags.FlagValues, *, task: bool = False) -> None:
    """Adds the flags to those of a command.

    Args:
        values: The command's flags.
        task: Whether the user says the task; a checkpoint knows its own.
    """
    flags.DEFINE_string(
        "label_column", None, "tables: the column to tell, by name or number (0 first, -1 last)",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_bool(
        "header", None, "tables: whether the first line holds names; default as it looks",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "data_dir", None, "tfds: where prepared data sets are; default that of tensorflow-datasets",
        flag_values=values,
    )  # fmt: skip
    if task:
        flags.DEFINE_enum(
            "task", "classification", ["classification", "regression"],
            "whether the labels are classes or values", flag_values=values,
        )  # fmt: skip


@contextlib.contextmanager
def reading(values: flags.FlagValues, terminal: Console) -> Iterator[Reading]:
    """Gives what those flags say, and a bar over the pictures that are decoded meanwhile."""
    from zoo.data.sources import Reading

    task: Task = values.task if "task" in values else "classification"
    with picture_bar(terminal) as progress:
        yield Reading(task, values.label_column, values.header, values.data_dir, progress)


@contextlib.contextmanager
def picture_bar(terminal: Console) -> Iterator[Progress]:
    """Shows a bar while pictures are decoded, where there is a terminal."""
    bar = rich.progress.Progress(
        "{task.description}",
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    )
    with bar:
        task = bar.add_task("decoding", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
