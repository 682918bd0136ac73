"""The card of a checkpoint: what a model is, what it eats, how good it is, and whose it is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.errors import RequestError

SCHEMA = 1


@dataclass(frozen=True)
class Input:
    """What a model eats, and how raw data becomes it.

    Attributes:
        shape: Of one example: (height, width, channels) of an image.
        mean: Subtracted inside the model, a value a channel, in the units of the input (pixels
            from 0 to 255 for an image).
        std: Divided by inside the model, likewise.
        resize: Images: the shorter side is scaled to this many pixels before a central crop to
            `shape`; None: the whole picture is scaled to `shape`.
        interpolation: Of that scaling.
        antialias: Whether that scaling averages over the pixels it leaves out.
    """

    shape: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: int | None = None
    interpolation: str = "bilinear"
    antialias: bool = True


@dataclass(frozen=True)
class Metric:
    """A measured figure, such as a top-1 accuracy of 0.99 on 360 test examples of digits.

    Attributes:
        name: Of the measure.
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
        labels: Names of the classes, in the order of the logits.
        input: What the model eats.
        config: Arguments of the builder beside those that `labels` and `input` decide.
        metrics: What was measured, on what.
        training: How it came about: command, seed, package versions, fingerprint of the data.
        parameters: Trainable parameters.
        macs: Multiply-accumulates for one example.
        licence: An SPDX name, or "unknown".
        source: Where the weights come from.
        files: The other files of the folder.
        schema: Version of this form.
        origin: Of foreign weights: the file they were in, its sha256, its Hub id and revision.
        notes: What a user should know besides.
    """

    model: str
    labels: tuple[str, ...]
    input: Input
    config: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    parameters: int | None = None
    macs: int | None = None
    licence: str = "unknown"
    source: str = ""
    files: Mapping[str, File] = field(default_factory=dict)
    schema: int = SCHEMA
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""

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
    try:
        return _card(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, AttributeError) as error:
        raise RequestError(f"{path} is not a card: {error}") from error


def check_inside(path: Path) -> None:
    """Refuses a file of a checkpoint that is a link out of its folder.

    Raises:
        RequestError: It is one.
    """
    if path.resolve().parent != path.parent.resolve():
        raise RequestError(f"{path} is a link out of its folder; put the file itself there")


def _card(data: Mapping[str, Any]) -> Card:
    schema = data.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise ValueError(
            f"its schema is {schema!r}; this version reads up to {SCHEMA}, upgrade zoo"
        )
    sizes = data["input"] if "input" in data else _missing("input")
    card = _construct(Card, data)
    _check_labels(card.labels)
    for name in card.files:
        _check_file_name(name)
    return dataclasses.replace(
        card,
        labels=tuple(card.labels),
        input=_construct(
            Input, {k: tuple(v) if isinstance(v, list) else v for k, v in sizes.items()}
        ),
        metrics=tuple(_construct(Metric, metric) for metric in card.metrics),
        files={name: _construct(File, file) for name, file in card.files.items()},
    )


def _check_labels(labels: Any) -> None:
    texts = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    if not texts or not labels:
        raise ValueError("its labels are not a list of texts")


def _check_file_name(name: str) -> None:
    """Refuses a name that could lead out of the checkpoint's folder, on any system."""
    if name in ("", ".", "..") or set(name) & set("/\\:\0"):
        raise ValueError(f"its file name {name!r} leads out of the folder")


def _construct(form: Any, data: Mapping[str, Any]) -> Any:
    fields = dataclasses.fields(form)
    extra = set(data) - {field.name for field in fields}
    if extra:
        raise ValueError(f"unknown field {sorted(extra)[0]!r}")
    for each in fields:
        required = (
            each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
        )
        if required and each.name not in data:
            _missing(each.name)
    return form(**data)


def _missing(name: str) -> Any:
    raise ValueError(f"field {name!r} is missing")
