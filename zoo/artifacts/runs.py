"""The trainings and the exports below a folder, side by side."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from zoo.checkpoints.card import CARD, Card, read_card
from zoo.checkpoints.provenance import RUN_RECORD
from zoo.checkpoints.typed_json import parse_json
from zoo.errors import RequestError
from zoo.result import Result, TextTable

_REPORT = "report.json"
_INSIDE = (RUN_RECORD, CARD)  # Either is in the folder of a training.


@dataclass(frozen=True)
class Training:
    """A training: a checkpoint, or one that is not finished.

    Attributes:
        folder: Where it is.
        model: Name of the model.
        data: Name of the data.
        start: Checkpoint of a fine-tuning; empty: from scratch.
        figure: Main figure with its interval, for a person; empty: not finished.
        metrics: All figures by name.
        intervals: Their 95 % intervals, those that there are.
        changed: When its card was written, or its record.
        bytes: Of the weights; None: not finished.
        finished: Whether the checkpoint is there.
    """

    folder: str
    model: str
    data: str
    start: str
    figure: str
    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    changed: str
    bytes: int | None
    finished: bool


@dataclass(frozen=True)
class ExportedFile:
    """A file of an export.

    Attributes:
        folder: Folder of the export.
        target: Such as "edge".
        checkpoint: Name of the checkpoint that it was made from.
        data: Name of the data that it was measured on.
        accuracy: Share that is right; None: it was not measured.
        bytes: Its size.
        milliseconds: Median of an answer; None: it was not timed.
        verdict: "pass", or "fail": then there is no such file.
        changed: When the report was written.
    """

    folder: str
    target: str
    checkpoint: str
    data: str
    accuracy: float | None
    bytes: int
    milliseconds: float | None
    verdict: str
    changed: str


@dataclass(frozen=True)
class Runs(Result):
    """What is below a folder, the newest first.

    Attributes:
        folder: The folder.
        trainings: Of checkpoints.
        exports: A row for each file.
        broken: Folders whose card, record or report cannot be read, and why.
    """

    folder: str
    trainings: tuple[Training, ...]
    exports: tuple[ExportedFile, ...]
    broken: tuple[tuple[str, str], ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """The broken ones."""
        return tuple(f"left out {folder}: {why}" for folder, why in self.broken)

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """A table of the trainings, and one of the exports, if there are any."""
        trained = ("training", "model", "data", "figure", "when", "size")
        exported = ("export", "target", "checkpoint", "data", "accuracy", "latency", "size", "when")
        rows = [
            TextTable("Trainings", trained, tuple(map(_training_row, self.trainings))),
            TextTable("Exports", exported, tuple(map(_export_row, self.exports))),
        ]
        return tuple(table for table in rows if table.rows)

    @property
    def lines(self) -> tuple[str, ...]:
        """A sentence if there is nothing."""
        if self.trainings or self.exports:
            return ()
        return (f"no training and no export below {self.folder}",)


def runs(folder: str | os.PathLike[str] = ".") -> Runs:
    """Returns the trainings and exports in a folder and below it.

    Links and hidden folders are not followed, and nothing below a training or an export is looked
    at.

    Args:
        folder: Where to look.

    Raises:
        RequestError: There is no such folder.
    """
    top = Path(folder)
    if not top.is_dir():
        raise RequestError(f"there is no folder {str(folder)!r}")
    trainings: list[Training] = []
    exports: list[ExportedFile] = []
    broken: list[tuple[str, str]] = []
    for place, is_export in _places(top):
        try:
            if is_export:
                exports += _exported(place)
            else:
                trainings.append(_training(place))
        except (RequestError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = str(error) if isinstance(error, RequestError) else f"damaged: {error!r}"
            broken.append((str(place), why))
    trainings.sort(key=lambda training: training.changed, reverse=True)
    exports.sort(key=lambda file: file.changed, reverse=True)
    return Runs(str(folder), tuple(trainings), tuple(exports), tuple(sorted(broken)))


def _places(top: Path) -> Iterator[tuple[Path, bool]]:
    """Yields the folders of trainings and of exports, and whether it is an export."""
    for place, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        if any(name in files for name in _INSIDE):
            yield Path(place), False
        elif _REPORT in files:
            yield Path(place), True
        else:
            continue
        folders.clear()


def _training(folder: Path) -> Training:
    if not (folder / CARD).exists():
        record = parse_json((folder / RUN_RECORD).read_text(encoding="utf-8"))
        return Training(
            str(folder),
            str(record["model"]),
            str(record["data"]["name"]),
            str(record.get("checkpoint", "")),
            figure="",
            metrics={},
            intervals={},
            changed=_changed(folder / RUN_RECORD),
            bytes=None,
            finished=False,
        )
    card = read_card(folder)
    missing = [name for name in card.files if not (folder / name).is_file()]
    if missing:
        raise RequestError(f"its {', '.join(missing)} is missing")
    return Training(
        str(folder),
        card.model,
        _learnt(card),
        card.training.checkpoint if card.training else "",
        figure=card.text(card.metrics[0]) if card.metrics else "",
        metrics={metric.name: metric.value for metric in card.metrics},
        intervals={
            metric.name: metric.interval for metric in card.metrics if metric.interval is not None
        },
        changed=_changed(folder / CARD),
        bytes=sum(file.bytes for file in card.files.values()),
        finished=bool(card.metrics),
    )


def _learnt(card: Card) -> str:
    return card.training.data.name if card.training and card.training.data else ""


def _exported(folder: Path) -> list[ExportedFile]:
    path = folder / _REPORT
    report = json.loads(path.read_text(encoding="utf-8"))
    return [
        ExportedFile(
            str(folder),
            target,
            str(report["checkpoint"]),
            str(report.get("data", "")),
            accuracy=(facts["accuracy"] or {}).get("top1"),
            bytes=int(facts["bytes"]),
            milliseconds=(facts["latency_ms"] or {}).get("median"),
            verdict=str(facts["verdict"]),
            changed=_changed(path),
        )
        for target, facts in report["artifacts"].items()
    ]


def _changed(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone().isoformat(timespec="seconds")


def _when(changed: str) -> str:
    return changed[:16].replace("T", " ")


def _size(count: int | None) -> str:
    return "" if count is None else f"{count / 1e6:,.2f} MB"


def _training_row(training: Training) -> tuple[str, ...]:
    model = training.model if not training.start else f"{training.model} from {training.start}"
    figure = training.figure if training.finished else "not finished"
    when, size = _when(training.changed), _size(training.bytes)
    return (training.folder, model, training.data, figure, when, size)


def _export_row(file: ExportedFile) -> tuple[str, ...]:
    passed = file.verdict == "pass"
    accuracy = "" if file.accuracy is None else f"{file.accuracy:.2%}"
    latency = "" if file.milliseconds is None else f"{file.milliseconds:.2f} ms"
    return (
        file.folder,
        file.target,
        file.checkpoint,
        file.data,
        accuracy if passed else file.verdict,
        latency if passed else "",
        _size(file.bytes) if passed else "",
        _when(file.changed),
    )
