"""Where the data of a training lie: noted in the record of its run, and found there again."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.checkpoints.card import Card
from zoo.checkpoints.provenance import RUN_RECORD
from zoo.checkpoints.typed_json import parse_json
from zoo.errors import RequestError

if TYPE_CHECKING:
    from zoo.data.reading import Reading

_DATA = "data"
_ANYWHERE = "digits"  # What every installation has.
# Fields of a `Reading` with which the same files are found and read again. What else a run was
# asked for, such as a rate, its card holds.
_OPTIONS = (
    "label_column", "header", "time_column", "recording_column", "group", "path_column", "folder",
    "data_dir",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Data that a checkpoint was trained on.

    Attributes:
        data: A source, as of `zoo.data.sources.load_dataset`.
        options: Fields of a `Reading` with which it was read.
        note: Which data are taken, a sentence.
    """

    data: str
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def read_by(self, reading: Reading) -> Reading:
        """Returns options for reading, where those of the run stand for what was not asked for."""
        missing = {
            name: value for name, value in self.options.items() if getattr(reading, name) is None
        }
        return dataclasses.replace(reading, **missing)


def place_of(source: str, reading: Reading) -> dict[str, Any]:
    """Returns what the record of a run says about its data: absolute paths, and how it was read.

    A card does not hold it: whoever gets a checkpoint need not know the folders of its maker.
    """
    asked = {name: getattr(reading, name) for name in _OPTIONS}
    options = {name: value for name, value in asked.items() if value is not None}
    for name in ("folder", "data_dir"):
        if name in options:
            options[name] = os.path.abspath(options[name])
    return {_DATA: os.path.abspath(source) if os.path.exists(source) else source, **options}


def trained_on(checkpoint: str, card: Card) -> Place:
    """Returns the data of a checkpoint, if its run says where they are and they are still there.

    Args:
        checkpoint: What the user calls it, a name or a folder.
        card: Its card.

    Raises:
        RequestError: They are not known, or gone; the message says what they are.
    """
    learnt = card.training.data if card.training else None
    name = learnt.name if learnt else ""
    noted = _noted(Path(checkpoint) / RUN_RECORD)
    data = noted.pop(_DATA, "")
    if not data and name == _ANYWHERE:
        data = name
    if data and (os.path.exists(data) or not os.path.isabs(data)):
        return Place(data, noted, f"data: {data}, which {checkpoint} was trained on")
    if not name:
        raise RequestError(f"say which data: --data=…; {checkpoint} does not say what it learnt")
    gone = f"and {data} is no longer there" if data else "and where that lies is not known here"
    raise RequestError(f"say which data: --data=…; {checkpoint} was trained on {name!r}, {gone}")


def place_by_name(name: str, artifact: str) -> Place:
    """Returns the data that an exported file was measured on, by their name alone.

    Args:
        name: Name of the data set; empty: the file names none.
        artifact: Path of the file.

    Raises:
        RequestError: A name is not enough to find them.
    """
    if name == _ANYWHERE:
        return Place(name, note=f"data: {name}, which {artifact} was measured on")
    known = f"; {artifact} was measured on {name!r}" if name else ""
    raise RequestError(
        f"say which data: --data=…, or --checkpoint=RUN, the run that it was exported from{known}"
    )


def _noted(record: Path) -> dict[str, Any]:
    """Returns what the record of a run says about its data; empty if it says nothing."""
    try:
        noted = parse_json(record.read_text(encoding="utf-8"))["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    texts = noted if isinstance(noted, dict) and isinstance(noted.get(_DATA), str) else {}
    return {name: value for name, value in texts.items() if name in (_DATA, *_OPTIONS)}
