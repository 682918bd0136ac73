"""What the units of trained networks do: measured, as a table, and as pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from zoo.analysis.asked import SPLITS, check_choice, check_least, read_for
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.quiet import import_keras, need_tensorflow
from zoo.result import Result, TextTable
from zoo.training.runs.telling import Steps, Tell, counted, silent, stepless

if TYPE_CHECKING:
    from zoo.analysis.units.measured import NetworkUnits
    from zoo.data.reading import ForCheckpoint

_FEWEST = 4  # Examples, for the similarity of units.


@dataclass(frozen=True)
class Units(Result):
    """What the units of networks do.

    Attributes:
        networks: One for each configuration, in the order of the checkpoints. Their figures are
            intervals over the checkpoints of a configuration, or over the draws of a single one.
        split: The split that they were measured on.
        examples: How many of its examples.
        notes: Which data were taken, and what their reader decided, a sentence each.
        folder: Holds the pictures and `units.json`; None: nothing was written.
    """

    networks: tuple[NetworkUnits, ...]
    split: str
    examples: int
    notes: tuple[str, ...] = ()
    folder: Path | None = None

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """A row for each network."""
        from zoo.analysis.units.rows import result_table

        return (result_table(self.networks),)

    @property
    def lines(self) -> tuple[str, ...]:
        """Through how many branches gradients come, and the folder."""
        from zoo.analysis.units.rows import effective_lengths

        where = [] if self.folder is None else [f"pictures and figures: {self.folder}"]
        return (*effective_lengths(self.networks), *where)

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The pictures in the folder."""
        folder = self.folder
        return () if folder is None else (folder / "units.png", folder / "similarity.png")


def units(
    checkpoint: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    data: str | None = None,
    *,
    split: str = "test",
    examples: int = 512,
    draws: int = 10,
    output: str | os.PathLike[str] | None = None,
    command: str = "",
    progress: Tell = silent,
    steps: Steps = stepless,
    **options: Unpack[ForCheckpoint],
) -> Units:
    """Measures what the residual units of trained networks do, as `zoo units` does.

    Args:
        checkpoint: Names or folders of checkpoints, or a single one. Those of one configuration are
            its trainings from several seeds; others, such as a plain twin, are measured beside it.
        data: What they are measured on, as for `zoo.train`; None: what the first was trained on, if
            it still lies where it was.
        split: "train", "validation" or "test".
        examples: How many of the split, of each class alike; four or more.
        draws: Random choices of so many deleted or exchanged units, or of a path of a length; two
            or more.
        output: Folder for the pictures and `units.json`; None: nothing is written. (The command
            writes into runs/units-NAME then.)
        command: The command that the user typed, for `units.json`.
        progress: Called with each note, such as which data were taken; try `print`.
        steps: Called with a title, the finished steps and all steps, for a bar.
        **options: How the data are read, see `zoo.data.reading.ForCheckpoint`.

    Raises:
        RequestError: There is no such checkpoint, they differ in classes or input, the data do not
            fit them, a number is too low, or a network has no unit that can be deleted.
    """
    if not checkpoint:
        raise RequestError("say whose units: --checkpoint=NAME")
    several = [checkpoint] if isinstance(checkpoint, str | os.PathLike) else checkpoint
    names = [os.fspath(name) for name in several]
    check_least(examples=(examples, _FEWEST), draws=(draws, 2))
    check_choice("split", split, SPLITS)
    folder = None if output is None else Path(output)
    if folder is not None:
        check_writable(folder)
    import_keras()
    need_tensorflow()
    from zoo.analysis.units.trainings import measure_trainings, trainings_of
    from zoo.data.dataset import balanced_sample

    trainings = trainings_of(names)
    subject = read_for(names[0], trainings[0].cards[0], data, options, progress, steps)
    part = balanced_sample(subject.dataset.splits[split], examples)
    if len(part) < _FEWEST:
        raise RequestError(
            f"the {split} split of {subject.dataset.name} has {len(part)} examples, and units are "
            f"compared on {_FEWEST} or more; take another --split, or more data"
        )
    measured = counted(steps, "measuring", len(names))
    networks = measure_trainings(trainings, part, draws=draws, progress=measured)
    result = Units(tuple(networks), split, len(part), subject.notes, folder)
    if folder is not None:
        _write(result, folder, command)
    return result


def _write(result: Units, folder: Path, command: str) -> None:
    from zoo.analysis.units.pictures import plot_similarity, plot_units

    title = f"{result.examples:,} {result.split} examples"
    plot_units(result.networks, folder / "units.png", title)
    plot_similarity(result.networks, folder / "similarity.png", f"outputs of units, {title}")
    record = {
        "schema": 1,
        "command": command,
        "split": result.split,
        "examples": result.examples,
        "networks": [network.to_json() for network in result.networks],
    }
    write_text(folder / "units.json", json.dumps(record, indent=2) + "\n")
