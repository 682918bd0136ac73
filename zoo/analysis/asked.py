"""What a call of the laboratory asks for: which values are refused, and the data that it names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from zoo.errors import RequestError
from zoo.training.runs.telling import Steps, Tell

if TYPE_CHECKING:
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset
    from zoo.data.reading import Reading

SPLITS = ("train", "validation", "test")


def check_least(**given: tuple[int, int]) -> None:
    """Refuses numbers that are too low.

    Args:
        **given: By name, the number and the least that it may be.

    Raises:
        RequestError: One is lower.
    """
    for name, (value, least) in given.items():
        if value < least:
            raise RequestError(f"--{name} must be from {least} up, not {value}")


def check_choice(name: str, value: str, known: Collection[str]) -> None:
    """Refuses a word that is none of the known ones.

    Raises:
        RequestError: It is none of them.
    """
    if value not in known:
        raise RequestError(f"unknown {name} {value!r}; known: {', '.join(known)}")


@dataclass(frozen=True)
class Subject:
    """The data that something is measured on.

    Attributes:
        dataset: As it was read.
        notes: Which data were taken, and what the reader decided, a sentence each.
    """

    dataset: Dataset
    notes: tuple[str, ...]


def read(
    load: Callable[[Reading], Dataset], options: Mapping[str, Any], progress: Tell, steps: Steps
) -> Subject:
    """Reads data, and says what the reader decided.

    Args:
        load: Reads it.
        options: Fields of a `Reading`; `task` by its name.
        progress: Called with each note.
        steps: Called with the numbers of decoded and of all files.

    Raises:
        RequestError: The data cannot be read, or there is no such task.
    """
    from zoo.data.reading import Reading
    from zoo.tasks import find_task

    named = {**options, "task": find_task(options["task"])} if "task" in options else options
    dataset = load(Reading(**named, progress=partial(steps, "reading")))
    for note in dataset.notes:
        progress(note)
    return Subject(dataset, dataset.notes)


def read_for(
    checkpoint: str,
    card: Card,
    data: str | None,
    options: Mapping[str, Any],
    progress: Tell,
    steps: Steps,
) -> Subject:
    """Reads data in the form that a checkpoint takes.

    Args:
        checkpoint: What the user calls it, a name or a folder.
        card: Its card.
        data: A source; None: what it was trained on, if that still lies where it was.
        options: See `read`, also for the next two.
        progress: Called with each note.
        steps: Called with the numbers of decoded and of all files.

    Raises:
        RequestError: The data cannot be read or found, or the checkpoint takes something else.
    """
    from zoo.data.place import Place, trained_on
    from zoo.data.sources import load_for

    place = Place(data) if data is not None else trained_on(checkpoint, card)
    if place.note:
        progress(place.note)
    subject = read(
        lambda how: load_for(card, place.data, place.read_by(how)), options, progress, steps
    )
    return Subject(subject.dataset, (*([place.note] if place.note else []), *subject.notes))
