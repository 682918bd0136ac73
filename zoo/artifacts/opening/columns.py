"""The columns of a table beside its exported files: `columns.json`, and inside each `.tflite`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import export
from zoo.checkpoints.card import Card
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.checkpoints.typed_json import construct, parse_json
from zoo.errors import RequestError
from zoo.forms import Column, Table
from zoo.tasks import TASKS

LARGEST = 2**25  # Bytes of a `columns.json`.


@dataclass(frozen=True)
class FileColumn:
    """A number of the row that a file takes.

    Attributes:
        name: Of the column.
        kind: "number" goes in as it is, cut to `low` and `high`; "category" as its index in the
            vocabulary.
        empty: Stands for an empty cell.
        low: Numbers: the least that makes a difference.
        high: Numbers: the most.
        decimal: Numbers: the mark before their fraction in the table that was learnt.
        unit: Numbers: the sign before or after each of them there.
        vocabulary: Categories, in the order of their indices.
        unseen: Categories: stands for one that is not in the vocabulary.
    """

    name: str
    kind: Literal["number", "category"]
    empty: float
    low: float = 0.0
    high: float = 1.0
    decimal: Literal[".", ","] = "."
    unit: str = ""
    vocabulary: tuple[str, ...] = ()
    unseen: int = 0


@dataclass(frozen=True)
class ColumnsFile:
    """What `columns.json` says.

    Attributes:
        label: Name of the column that is predicted.
        task: How: a name in `zoo.tasks.TASKS`.
        header: Whether the table that was learnt had names in its first line.
        columns: In the order of the row.
        gaps: Texts that mean an empty cell, in lower case.
        data: What the model was trained on; None: not known.
        cells: As in `zoo.forms.Table`.
    """

    label: str
    task: str
    header: bool
    columns: tuple[FileColumn, ...]
    gaps: tuple[str, ...] = ()
    data: Learnt | None = None
    cells: int = 0

    def card(self, labels: tuple[str, ...]) -> Card:
        """Returns a card with which tables are read as the file takes them."""
        columns = tuple(
            Column(
                column.name,
                column.kind,
                edges=(column.low, column.high) if column.kind == "number" else (),
                fill=column.empty if column.kind == "number" else 0.0,
                vocabulary=column.vocabulary,
                decimal=column.decimal,
                unit=column.unit,
            )
            for column in self.columns
        )
        return Card(
            model="",
            labels=labels,
            input=dataclasses.replace(Table.of(self.label, self.header, columns), cells=self.cells),
            training=Provenance(data=self.data),
            task=self.task,
        )


def document(card: Card) -> dict[str, Any] | None:
    """Returns the content of `columns.json` for a checkpoint; None: it takes no table."""
    form = card.input
    if not isinstance(form, Table):
        return None
    from zoo.data.tables.csv import EMPTY

    columns = []
    for column in form.columns:
        facts: dict[str, Any] = {"name": column.name, "kind": column.kind, "empty": column.empty}
        if column.kind == "number":
            facts |= {"low": column.edges[0], "high": column.edges[-1]}
            facts |= {"decimal": column.decimal, "unit": column.unit}
        else:
            facts |= {"vocabulary": list(column.vocabulary), "unseen": column.unseen}
        columns.append(facts)
    data = card.training.data if card.training else None
    return {
        "label": form.label,
        "task": card.task,
        "header": form.header,
        "cells": form.cells,
        "columns": columns,
        "gaps": sorted(EMPTY),
        "data": dataclasses.asdict(data) if data else None,
    }


def columns_of(artifact: str) -> ColumnsFile | None:
    """Returns the columns of an exported file or SavedModel; None: it has none.

    Args:
        artifact: A `.tflite`, in which they are, or a SavedModel, beside which they are.

    Raises:
        RequestError: What says so is damaged.
    """
    path = Path(artifact).resolve()
    try:
        if path.is_file():
            text, where = export.file_inside(path, export.COLUMNS), artifact
        else:
            parent = (path.parent if path.name.isdecimal() else path).parent
            beside = parent / export.COLUMNS
            if not beside.is_file() or beside.stat().st_size > LARGEST:
                return None
            text, where = beside.read_text(encoding="utf-8"), str(beside)
        if not text:
            return None
        columns = construct(ColumnsFile, parse_json(text))
        if columns.task not in TASKS:
            raise ValueError(f"unknown task {columns.task!r}")
        columns.card(("y",))  # Refuses numbers that no column can have.
        return columns
    except export.ExportError:
        return None  # Whoever runs it says why it is no artifact.
    except ValueError as error:
        raise RequestError(f"the columns of {where} cannot be read: {error}") from error
