"""The flags that say how to read `--data`."""

from __future__ import annotations

from absl import flags

from zoo.tasks import TASKS
from zoo.tasks.classification import CLASSIFICATION


def define_reading(values: flags.FlagValues, *, tables: bool = True, task: bool = False) -> None:
    """Adds the flags to those of a command.

    Args:
        values: The command's flags.
        tables: Whether the command reads tables and recordings.
        task: Whether to add `--task`, and how recordings are cut; a checkpoint knows its own.
    """
    if tables:
        define_tables(values)
        flags.DEFINE_string(
            "time_column", None,
            "recordings: the clock, as NAME or NAME:ms (s, ms, us, ns); default as it looks",
            flag_values=values,
        )  # fmt: skip
        flags.DEFINE_string(
            "recording_column", None,
            "one table of many recordings: the column that tells them apart", flag_values=values,
        )  # fmt: skip
        flags.DEFINE_string(
            "group", None,
            "recordings, sounds, lists of pictures: what may not be in two splits, such as a "
            "person: a column, or a pattern for the path of a file", flag_values=values,
        )  # fmt: skip
        flags.DEFINE_string(
            "path_column", None,
            "a .csv of pictures or sounds: the column of paths, or of names without suffix; "
            "default the first that names such files", flag_values=values,
        )  # fmt: skip
        flags.DEFINE_string(
            "folder", None, "a .csv of pictures or sounds: where paths begin; default beside it",
            flag_values=values,
        )  # fmt: skip
    flags.DEFINE_string(
        "exclude", None,
        "leave out files: a .csv such as that of zoo clean, or a text of one path a line",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "data_dir", None, "tfds: where prepared data sets are; default that of tensorflow-datasets",
        flag_values=values,
    )  # fmt: skip
    if task:
        flags.DEFINE_enum(
            "task", CLASSIFICATION.name, sorted(TASKS),
            "whether the labels are classes or values", flag_values=values,
        )  # fmt: skip
    if task and tables:
        flags.DEFINE_float(
            "rate", None,
            "samples in a second; default as many as recordings have, and the most frequent of "
            "sounds, at most 16000",
            flag_values=values,
        )  # fmt: skip
        flags.DEFINE_float(
            "seconds", None, "sounds: length; default what 95% of them do not exceed",
            flag_values=values,
        )  # fmt: skip
        flags.DEFINE_float(
            "window", None,
            "recordings: seconds of a window; default as long as they are, up to 64 samples",
            flag_values=values,
        )  # fmt: skip
        flags.DEFINE_float(
            "hop", None,
            "recordings: seconds from a window to the next; default a quarter of a window",
            flag_values=values,
        )  # fmt: skip


def define_tables(values: flags.FlagValues) -> None:
    """Adds the flags that say how a table is read."""
    flags.DEFINE_string(
        "label_column", None, "tables and lists of files: the column to tell, by name or number (0 "
        "first, -1 last)",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_bool(
        "header", None, "tables: whether the first line holds names; default as it looks",
        flag_values=values,
    )  # fmt: skip
