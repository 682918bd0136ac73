"""The flags that tell how `--data` is to be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from zoo.errors import RequestError

if TYPE_CHECKING:
    from zoo.checkpoints.card import Task
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
    if task:
        flags.DEFINE_enum(
            "task", "classification", ["classification", "regression"],
            "whether the labels are classes or values", flag_values=values,
        )  # fmt: skip


def reading(values: flags.FlagValues) -> Reading:
    """Returns what those flags say."""
    from zoo.data.sources import Reading

    task: Task = values.task if "task" in values else "classification"
    return Reading(task, values.label_column, values.header)


def read_labels(path: str) -> tuple[str, ...]:
    """Returns the labels of `--labels`, a text file with one a line.

    Raises:
        RequestError: It is no text in UTF-8, or an empty one.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig").rstrip("\n")
    except UnicodeDecodeError as error:
        raise RequestError(f"--labels {path} is not a text file in UTF-8") from error
    if not text:
        raise RequestError(f"--labels {path} is empty")
    return tuple(text.split("\n"))
