"""The card of a checkpoint: what a model is, what goes in, how good it is, and whose it is."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from zoo.checkpoints.provenance import Provenance, from_schema_2
from zoo.checkpoints.typed_json import construct, parse_json
from zoo.errors import RequestError
from zoo.registry import unknown
from zoo.tasks import TASKS, find_task

SCHEMA = 3  # 2: `task` and `columns`. 3: `training` is a `Provenance`.
LARGEST = 2**25  # Bytes of a `card.json`; that of ImageNet's 21,841 classes has under 2**20.
# Arguments of a model's builder that `labels` and `input` decide, and `config` cannot.
DECIDED = ("name", "num_classes", "input_shape", "mean", "std")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")


@dataclass(frozen=True)
class Input:
    """What goes into a model, and how raw data becomes it.

    Attributes:
        shape: Of one example: (height, width, channels) of an image, (features,), or (steps,
            features) of a sequence, where steps may be None: any number.
        mean: Subtracted inside the model, a value a channel or feature, in the units of the input
            (pixels from 0 to 255 for an image).
        std: Divided by inside the model, in the same units.
        resize: Images: the shorter side is scaled to this many pixels before a central crop to
            `shape`; None: the whole picture is scaled to `shape`.
        interpolation: Of that scaling, one of `INTERPOLATIONS`.
        antialias: Whether that scaling averages over all source pixels.
    """

    shape: tuple[int | None, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: int | None = None
    interpolation: str = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.mean)):
            raise ValueError(f"input.mean must be finite, not {self.mean}")
        if not all(math.isfinite(value) and value > 0 for value in self.std):
            raise ValueError(f"input.std must be finite and positive, not {self.std}")
        if self.resize is not None and self.resize < 1:
            raise ValueError(f"input.resize must be 1 or more, not {self.resize}")
        if self.interpolation not in INTERPOLATIONS:
            raise RequestError(unknown("interpolation", self.interpolation, list(INTERPOLATIONS)))


@dataclass(frozen=True)
class Column:
    """What a column of a table becomes: features of the model.

    Attributes:
        name: In the header of the table.
        kind: "number" becomes a feature for each bin between two edges: 0 below the bin, 1 above
            it, and inside the share of the way through. One more, 0 or 1, says that the cell was
            empty where `indicator` is set. "category" becomes a feature for each entry of the
            vocabulary, 1 for the cell's and 0 for the others; all are 0 for a category that is
            not in it.
        edges: Numbers: of the bins, rising; at least two.
        fill: Numbers: stands for an empty cell; the median of the training split.
        indicator: Numbers: whether the training split had empty cells.
        vocabulary: Categories, the most frequent first; "" is the empty cell.
        decimal: Numbers: the mark before their fraction in the table that was learnt.
        unit: Numbers: the sign before or after each of them there, such as "$" or "%".
    """

    name: str
    kind: Literal["number", "category"]
    edges: tuple[float, ...] = ()
    fill: float = 0.0
    indicator: bool = False
    vocabulary: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    unit: str = ""

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in itertools.pairwise(self.edges))
        if self.kind == "number" and (len(self.edges) < 2 or not rising):
            raise ValueError(f"column {self.name!r} needs two edges or more, rising")


@dataclass(frozen=True)
class Columns:
    """How the columns of a table become features, fitted to the training split.

    Attributes:
        label: Name of the column to learn.
        header: Whether the table's first line holds the names; without one they are "column 1",
            "column 2" and so on.
        columns: In the order of the features.
    """

    label: str
    header: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Metric:
    """A measured figure, such as a top-1 accuracy of 0.99 on 360 test examples of digits.

    Attributes:
        name: "top1" of a classifier; "r2" and "mae" (in the target's units) of a regression.
        value: The figure.
        dataset: Measured on it.
        split: Of the data set.
        examples: In the split.
        source: Who published it; empty: measured by this project.
    """

    name: str
    value: float
    dataset: str
    split: str
    examples: int
    source: str = ""


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
        input: What the model eats.
        config: Arguments of the builder beside those that `labels` and `input` decide.
        metrics: What was measured, on what.
        training: How it came about; None: that is not known.
        parameters: Trainable parameters.
        macs: Multiply-accumulates for one example.
        licence: An SPDX name, or "unknown".
        source: Where the weights come from.
        files: The other files of the folder.
        schema: Version of this form.
        task: What was learnt, a name in `zoo.tasks.TASKS`.
        columns: How a table becomes the features that the model eats; None: they are numbers.
        origin: Of foreign weights: the file they were in, its sha256, its Hub id and revision.
        notes: What a user should know besides.
    """

    model: str
    labels: tuple[str, ...]
    input: Input
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
    columns: Columns | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""

    def text(self, metric: Metric) -> str:
        """Returns a metric's figure for a person: "top1 99.00%", "r2 0.8012"."""
        return find_task(self.task).text(metric.name, metric.value)

    def to_json(self) -> str:
        """Returns the text of `card.json`."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"


def read_card(folder: Path) -> Card:
    """Reads `card.json` of a checkpoint's folder.

    Raises:
        RequestError: There is none, or it is not a card that this version understands.
    """
    path = folder / "card.json"
    if not path.is_file():
        raise RequestError(f"{folder} is not a checkpoint: it holds no card.json")
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
        RequestError: It is one.
    """
    if path.resolve().parent != path.parent.resolve():
        raise RequestError(f"{path} is a link out of its folder; put the file itself there")


def parse_card(text: str) -> Card:
    """Returns what `Card.to_json` gave.

    Raises:
        ValueError: It is not a card that this version understands.
    """
    data = parse_json(text)
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise ValueError(
            f"its schema is {schema!r}; this version reads up to {SCHEMA}, upgrade zoo"
        )
    if schema < 3 and "training" in data:
        data["training"] = from_schema_2(data["training"])
    card = construct(Card, data)
    if not card.labels:
        raise ValueError("field 'labels' is empty")
    if card.task not in TASKS:
        raise ValueError(unknown("task", card.task, list(TASKS)))
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
