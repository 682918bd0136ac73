"""Predicts the rows of a person's own tables, with a checkpoint or an exported file."""

from __future__ import annotations

import contextlib
import csv as text
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.artifacts.opening.columns import columns_of
from zoo.artifacts.opening.open import artifact_labels, open_artifact
from zoo.artifacts.predicting.predictions import check_output
from zoo.checkpoints.card import Card
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.data.tables import csv
from zoo.errors import RequestError
from zoo.files import whole_file
from zoo.forms import Table
from zoo.printable import printable
from zoo.quiet import import_keras
from zoo.result import Result
from zoo.tasks import find_task
from zoo.tasks.coverage import UNKNOWN, answered, check_threshold
from zoo.tasks.decision import check_decision, shifted

_AT_ONCE = 4096  # Rows that are run at a time.


@dataclass(frozen=True)
class RowPredictor:
    """What predicts rows: a checkpoint or an exported file, loaded.

    Attributes:
        card: Says how rows are read, and what the outputs are.
        run: Takes (rows, columns) float32, returns (rows, outputs) float32.
    """

    card: Card
    run: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RowPrediction:
    """The prediction for a row.

    Attributes:
        file: Path of the table.
        line: The line of the file that the row is on, from 1.
        prediction: The likeliest label, "unknown" below a threshold, or the value.
        confidence: The probability of the likeliest label; None: it is a value.
    """

    file: str
    line: int
    prediction: str | float
    confidence: float | None

    @property
    def text(self) -> str:
        """The prediction for a person: ">50K 91.20%"."""
        if self.confidence is None:
            return f"{self.prediction:.7g}"
        return f"{self.prediction} {self.confidence:.2%}"


@dataclass(frozen=True)
class RowPredictions(Result):
    """The predictions for the rows of tables.

    Attributes:
        predictions: In the order of the rows.
        notes: What was read in an unexpected way, a sentence each.
        output: The file with all rows and their predictions; None: none was asked for.
    """

    predictions: tuple[RowPrediction, ...]
    notes: tuple[str, ...] = ()
    output: Path | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """The notes."""
        return self.notes

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each row; with an output, where they are."""
        if self.output is not None:
            return (f"{len(self.predictions):,} rows: {self.output}",)
        return tuple(f"{row.file}, line {row.line}: {row.text}" for row in self.predictions)

    @property
    def document(self) -> dict[str, Any]:
        """What `zoo predict --json` prints."""
        rows = [dataclasses.asdict(row) for row in self.predictions]
        return {"predictions": [{**row, "file": printable(row["file"])} for row in rows]}


def predict_rows(
    files: Sequence[str | Path],
    *,
    checkpoint: str | None = None,
    artifact: str | None = None,
    labels: str | None = None,
    output: str | Path | None = None,
    threshold: float | None = None,
    decision_threshold: float | None = None,
    trust: bool = False,
) -> RowPredictions:
    """Predicts the label of each row.

    Args:
        files: Tables; the column of the label need not be there.
        checkpoint: Name or folder of a checkpoint.
        artifact: A `.tflite` file or a SavedModel's folder, in place of a checkpoint.
        labels: For an artifact: text file with a label in each line; None: those inside it, or
            those of the `labels.txt` beside it.
        output: A CSV file for the rows with their predictions; None: no file.
        threshold: Below this score, the prediction is "unknown"; None: there is no such answer.
        decision_threshold: Of two classes: above this probability the second is the prediction.
        trust: Whether a SavedModel may do more than calculate: see `zoo.artifacts.opening.open`.

    Raises:
        RequestError: A table cannot be read, lacks a column, or has one of another type.
    """
    if not files:
        raise RequestError("say which tables: zoo predict --checkpoint=NAME FILE.csv…")
    if output is not None:
        check_output(output, files)
    with open_rows(checkpoint, artifact, labels, trust) as predictor:
        return predict_tables(predictor, files, output, threshold, decision_threshold)


def predict_tables(
    predictor: RowPredictor,
    files: Sequence[str | Path],
    output: str | Path | None = None,
    threshold: float | None = None,
    decision_threshold: float | None = None,
) -> RowPredictions:
    """Predicts the label of each row with what is loaded; see `predict_rows`."""
    from zoo.data.tables.columns import encode, surprises
    from zoo.data.tables.rows import rows_of

    card = predictor.card
    form, task = card.input, find_task(card.task)
    assert isinstance(form, Table)
    if decision_threshold is not None:
        check_decision(decision_threshold, card.labels if task.learns == "classes" else ())
    if threshold is not None:
        check_threshold(threshold, task.learns)
    predictions, notes = list[RowPrediction](), list[str]()
    likelier = 0
    tables = list[csv.Table]()
    for file in files:
        written, table, own = rows_of(Path(file), form)
        notes += own + surprises(form, [table])
        tables.append(written)
        if output is not None and {*written.columns} != {*tables[0].columns}:
            raise RequestError(
                f"{file} has other columns than {files[0]}; write them into files of their own"
            )
        encoded = encode(form, table)
        for start in range(0, len(encoded), _AT_ONCE):
            outputs = predictor.run(encoded[start : start + _AT_ONCE])
            judged = outputs
            if decision_threshold is not None:
                judged = shifted(outputs, decision_threshold)
            likelier += int((outputs.argmax(axis=1) == 1).sum())
            lines = table.lines[start : start + _AT_ONCE]
            for line, row, best in zip(lines, outputs, judged.argmax(axis=1), strict=True):
                classes = task.learns == "classes"
                said = card.labels[best] if classes else float(row[0])
                sure = round(float(row[best]), 6) if classes else None
                if threshold is not None and sure is not None and sure < threshold:
                    said = UNKNOWN
                predictions.append(RowPrediction(str(file), line, said, sure))
    if threshold is not None:
        notes.append(answered([row.prediction for row in predictions], threshold, "rows"))
    if decision_threshold is not None:
        second = card.labels[1]
        count = sum(row.prediction == second for row in predictions)
        notes.append(
            f"decision threshold {decision_threshold:g} in place of 0.5: {count:,} of "
            f"{len(predictions):,} rows are {second!r}, {likelier:,} before"
        )
    if output is not None:
        _write(Path(output), tables, predictions)
    return RowPredictions(
        tuple(predictions), tuple(dict.fromkeys(notes)), None if output is None else Path(output)
    )


@contextlib.contextmanager
def open_rows(
    checkpoint: str | None, artifact: str | None, labels: str | None = None, trust: bool = False
) -> Iterator[RowPredictor]:
    """Loads what predicts rows; see `predict_rows`.

    Raises:
        RequestError: It does not load, or nothing says which columns it takes.
    """
    if artifact:
        with open_artifact(artifact, trust=trust) as opened:
            opened.check_answers()
            named = artifact_labels(opened, labels)
            columns = columns_of(artifact)
            if checkpoint:
                card = checkpoint_card(checkpoint)
            elif columns is not None:
                card = columns.card(named or ("value",))
            else:
                raise RequestError(f"nothing says which columns {artifact} takes; say --checkpoint")
            card = dataclasses.replace(card, labels=named or card.labels)
            assert isinstance(card.input, Table)
            if opened.shape != card.input.shape:
                raise RequestError(
                    f"{artifact} takes {opened.shape}, its columns make {card.input.shape}"
                )
            row = np.zeros((1, len(card.input.columns)), np.float32)
            outputs = opened.run(row, None).shape[1]
            if outputs != len(card.labels):
                raise RequestError(
                    f"{artifact} has {outputs} outputs, there are {len(card.labels)} labels"
                )
            yield RowPredictor(card, lambda x: opened.run(x, None))
        return
    import_keras()
    from zoo.checkpoints.load import load
    from zoo.data.inference import run

    loaded = load(str(checkpoint))
    predictions = find_task(loaded.card.task).predictions
    yield RowPredictor(loaded.card, lambda x: predictions(run(loaded.model, x, batch_size=1024)))


def _write(output: Path, tables: Sequence[csv.Table], predictions: Sequence[RowPrediction]) -> None:
    """Writes the rows of all tables with their predictions."""
    names = list(tables[0].columns)
    left = iter(predictions)
    # A table that was predicted before has such columns already.
    number = next(n for n in itertools.count(1) if not {*_added(n)} & {*names})
    with whole_file(output) as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = text.writer(file)
        writer.writerow([*names, *_added(number)])
        for table in tables:
            for cells in zip(*(table.columns[name] for name in names), strict=True):
                row = next(left)
                sure = "" if row.confidence is None else row.confidence
                writer.writerow([*cells, row.prediction, sure])


def _added(number: int) -> tuple[str, str]:
    """Returns the names of the columns that are added to a table."""
    suffix = "" if number == 1 else f"_{number}"
    return f"prediction{suffix}", f"confidence{suffix}"
