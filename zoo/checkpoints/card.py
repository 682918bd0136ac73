"""The card of a checkpoint: what a model is, what goes in, how good it is, and whose it is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.checkpoints.older_cards import upgraded
from zoo.checkpoints.provenance import Provenance
from zoo.checkpoints.typed_json import construct, parse_json
from zoo.errors import RequestError
from zoo.forms import Form
from zoo.registry import unknown
from zoo.tasks import TASKS, Task, find_task

# 2: `task`, and `columns` of a table. 3: `training` is a `Provenance`. 4: `input` is a `Form`.
# 5: of a table, it is the form of a row.
SCHEMA = 5
CARD, WEIGHTS = "card.json", "model.safetensors"
LARGEST = 2**25  # Bytes of a `card.json`; that of ImageNet's 21,841 classes has under 2**20.
# Arguments of a model's builder that `labels` and `input` decide, so `config` may not.
DECIDED = ("name", "num_classes", "input_shape", "mean", "std", "frontend")


@dataclass(frozen=True)
class Metric:
    """A measured figure, such as a top-1 accuracy of 0.99 on 360 test examples of digits.

    Attributes:
        name: "top1" of a classifier; "r2" and "mae" (in the target's units) of a regression.
        value: The figure.
        dataset: Name of the data set that it was measured on.
        split: Split of the data set.
        examples: In the split.
        source: Who published it; empty: measured by this project.
        interval: The ends of its 95 % interval; None: unknown, or the figure is no share of
            independent examples.
    """

    name: str
    value: float
    dataset: str
    split: str
    examples: int
    source: str = ""
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class File:
    """A file of the checkpoint's folder."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Card:
    """All that travels with the weights of a model.

    Attributes:
        model: A name of `zoo.list_models()`.
        labels: Names of the classes, in the order of the logits. Of a regression: the name of its
            one value.
        input: What goes into the model, and how raw data becomes it.
        config: Arguments of the builder, without those that `labels` and `input` decide.
        metrics: What was measured, on what.
        training: How the weights were made; None: not known.
        parameters: Trainable parameters.
        macs: Multiply-accumulates for one example.
        licence: An SPDX name, or "unknown".
        author: Who made them, as they wish to be called; empty: not known.
        source: Where the weights come from.
        files: The other files of the folder.
        schema: Version of this form.
        task: What was learnt, a name in `zoo.tasks.TASKS`.
        origin: Foreign weights: the file they were in, its sha256, its Hub id and revision.
        notes: What else a user should know.
        thresholds: Of sets of labels: the probability from which on each label is said.
        ranges: The least and the greatest result, by the name of the layer, that a training for
            int8 learnt; empty: it was none. See `zoo.quantization`.
    """

    model: str
    labels: tuple[str, ...]
    input: Form
    config: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    training: Provenance | None = None
    parameters: int | None = None
    macs: int | None = None
    licence: str = "unknown"
    source: str = ""
    files: Mapping[str, File] = field(default_factory=dict)
    schema: int = SCHEMA
    task: str = "classification"
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""
    thresholds: tuple[float, ...] = ()
    author: str = ""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def text(self, metric: Metric) -> str:
        """Returns a metric's figure for a person: "top1 99.00%", "r2 0.8012"."""
        return find_task(self.task).text(metric.name, metric.value, metric.interval)

    def to_json(self) -> str:
        """Returns the text of `card.json`."""
        data = dataclasses.asdict(self)
        data["input"] = {"kind": self.input.kind, **data["input"]}
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def read_card(folder: Path) -> Card:
    """Reads `card.json` of a checkpoint's folder.

    Raises:
        RequestError: There is none, or it is not a card that this version understands.
    """
    path = folder / CARD
    if not path.is_file():
        raise RequestError(f"{folder} is not a checkpoint: it holds no {CARD}")
    check_inside(path)
    if (size := path.stat().st_size) > LARGEST:
        raise RequestError(f"{path} is not a card: it has {size:,} bytes, more than {LARGEST:,}")
    try:
        return parse_card(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RequestError(f"{path} is not a card: {error}") from error


def check_inside(path: Path) -> None:
    """Refuses a file of a checkpoint that is a link out of its folder.

    Raises:
        RequestError: The file is such a link.
    """
    if path.resolve().parent != path.parent.resolve():
        raise RequestError(f"{path} is a link out of its folder; put the file itself there")


def task_of(card: Card) -> Task:
    """Returns what a checkpoint learnt, with what it decided on its validation split."""
    return find_task(card.task).decided(card.thresholds)


def parse_card(text: str) -> Card:
    """Parses the text that `Card.to_json` wrote.

    Raises:
        ValueError: It is not a card that this version understands.
    """
    data = parse_json(text)
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise ValueError(
            f"its schema is {schema!r}; this version reads up to {SCHEMA}, upgrade zoo"
        )
    card = construct(Card, upgraded(data))
    if not card.labels:
        raise ValueError("field 'labels' is empty")
    if card.task not in TASKS:
        raise ValueError(unknown("task", card.task, list(TASKS)))
    if len(card.thresholds) not in (0, len(card.labels)):
        raise ValueError(f"{len(card.thresholds)} thresholds for {len(card.labels)} labels")
    if not all(0 <= threshold <= 1 for threshold in card.thresholds):
        raise ValueError("field 'thresholds' must be from 0 to 1")
    for name in card.config:
        if name in DECIDED:
            raise ValueError(f"field 'config.{name}' is decided by the other fields")
    for name in card.files:
        _check_file_name(name)
    return dataclasses.replace(card, schema=SCHEMA)


def _check_file_name(name: str) -> None:
    """Refuses a name that could lead out of the checkpoint's folder, on any system."""
    if name in ("", ".", "..") or set(name) & set("/\\:\0"):
        raise ValueError(f"its file name {name!r} leads out of the folder")
