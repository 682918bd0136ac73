"""The flags that say how to read `--data`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from absl import flags
from rich.console import Console

from zoo.commands.terminal import bar
from zoo.tasks import TASKS, find_task
from zoo.tasks.classification import CLASSIFICATION

if TYPE_CHECKING:
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset
    from zoo.data.reading import Reading


# Fields of a `Reading` that are flags of the same name.
_OPTIONS = (
    "label_column", "header", "data_dir", "rate", "seconds", "window", "hop", "time_column",
    "recording_column", "group", "path_column", "folder", "exclude",
)  # fmt: skip


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


@contextlib.contextmanager
def reading(values: flags.FlagValues, terminal: Console) -> Iterator[Reading]:
    """Gives the values of these flags, with a bar for the decoding of pictures."""
    from zoo.data.reading import Reading

    task = find_task(values.task) if "task" in values else CLASSIFICATION
    options: dict[str, Any] = {name: values[name].value for name in _OPTIONS if name in values}
    with bar(terminal, "reading") as progress:
        yield Reading(
            task=task,
            **options,
            progress=progress,
        )


def read(
    values: flags.FlagValues, terminal: Console, load: Callable[[Reading], Dataset]
) -> Dataset:
    """Reads data as these flags say, with a bar, and prints the reader's notes."""
    with reading(values, terminal) as how:
        dataset = load(how)
    for note in dataset.notes:
        terminal.print(note)
    return dataset


def read_for(values: flags.FlagValues, terminal: Console, checkpoint: str, card: Card) -> Dataset:
    """Reads `--data`, or the data that a checkpoint was trained on, in the form that it takes."""
    from zoo.data.place import Place, trained_on
    from zoo.data.sources import load_for

    place = Place(values.data) if values.data is not None else trained_on(checkpoint, card)
    if place.note:
        terminal.print(place.note)
    return read(values, terminal, lambda how: load_for(card, place.data, place.read_by(how)))
