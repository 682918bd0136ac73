"""The predictions for files, and the table that holds them."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo import page
from zoo.errors import RequestError
from zoo.files import whole_file
from zoo.printable import printable
from zoo.result import Result
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.coverage import UNKNOWN


@dataclass(frozen=True)
class LabelScore:
    """A label, and its probability from 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True)
class Prediction:
    """The prediction for one file, or for a part of a long sound or recording.

    Attributes:
        file: Its path.
        labels: The most likely first.
        seconds: Where the part begins and ends; None: it is for the whole.
        answer: The most likely label, or "unknown" where its score is below a threshold; None: no
            threshold was given.
    """

    file: str
    labels: tuple[LabelScore, ...]
    seconds: tuple[float, float] | None = None
    answer: str | None = None

    @property
    def place(self) -> str:
        """The file, and the part of it."""
        if self.seconds is None:
            return self.file
        return f"{self.file} {self.seconds[0]:.2f}-{self.seconds[1]:.2f} s"


@dataclass(frozen=True)
class BrokenFile:
    """A file that cannot be read, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Predictions(Result):
    """The predictions for several files.

    Attributes:
        predictions: In the order of the arguments; inside a folder, by name.
        broken: The files that cannot be read.
        left_out: What was left out of folders, a sentence each.
        plural: What the files are.
        output: The file with all of them; None: none was asked for.
        task: What the labels are.
    """

    predictions: tuple[Prediction, ...]
    broken: tuple[BrokenFile, ...] = ()
    left_out: tuple[str, ...] = ()
    plural: str = "pictures"
    output: Path | None = None
    task: Task = CLASSIFICATION

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out, and the files that are broken."""
        skipped = [f"skipped {broken.file}: {broken.reason}" for broken in self.broken]
        count = len({prediction.file for prediction in self.predictions}) + len(skipped)
        total = f"{len(skipped)} of {count} {self.plural} are broken and were skipped"
        return (*self.left_out, *skipped, *([total] if skipped else []))

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each file or part of one; with an output, where they are."""
        if self.output is not None:
            return (f"{len(self.predictions):,} predictions: {self.output}",)
        return tuple(
            f"{prediction.place}: " + (", ".join(_texts(prediction, self.task)) or "none")
            for prediction in self.predictions
        )

    @property
    def document(self) -> dict[str, Any]:
        """What `zoo predict --json` prints."""
        return {
            "predictions": [_document(prediction) for prediction in self.predictions],
            "broken": [_document(broken) for broken in self.broken],
        }

    def _repr_html_(self) -> str:
        rows = [(row.place, *_texts(row, self.task)) for row in self.predictions]
        rows += [(broken.file, broken.reason) for broken in self.broken]
        return page.table(("file", "labels"), rows)


def check_output(output: str | Path, files: Sequence[str | Path]) -> None:
    """Refuses what is no name of a new CSV file.

    Args:
        output: The name.
        files: What is predicted, which must stay as it is.

    Raises:
        RequestError: It is none.
    """
    if Path(output).suffix != ".csv":
        raise RequestError(f"--output={output} has to be called FILE.csv")
    if Path(output).resolve() in [Path(file).resolve() for file in files]:
        raise RequestError(f"--output={output} is what is to be predicted; choose another name")


def with_answer(prediction: Prediction, threshold: float) -> Prediction:
    """Returns a prediction with its answer: the best label, or "unknown" below a threshold."""
    best = prediction.labels[0]
    answer = best.label if best.score >= threshold else UNKNOWN
    return dataclasses.replace(prediction, answer=answer)


def written(result: Predictions, output: Path) -> Predictions:
    """Writes predictions into a CSV file, and the broken files after them.

    Its columns are the file, start and end of a part in seconds, the answer at a threshold, the
    labels with their scores, the most likely first, and why a file is broken.
    """
    most = max((len(prediction.labels) for prediction in result.predictions), default=1)
    numbers = ["", *(f"_{place}" for place in range(2, most + 1))]
    names = [name + number for number in numbers for name in ("label", "score")]
    with whole_file(output) as path, path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        judged = any(prediction.answer is not None for prediction in result.predictions)
        answer = ["answer"] if judged else []
        rows.writerow(["file", "start", "end", *answer, *names, "broken"])
        for prediction in result.predictions:
            times = prediction.seconds or ("", "")
            scores = [cell for best in prediction.labels for cell in (best.label, best.score)]
            scores += [""] * (len(names) - len(scores))  # Of sets, some have more labels.
            said = [prediction.answer] if judged else []
            rows.writerow([printable(prediction.file), *times, *said, *scores, ""])
        for broken in result.broken:
            empty = [""] * len([*answer, *names])
            rows.writerow([printable(broken.file), "", "", *empty, broken.reason])
    return dataclasses.replace(result, output=output)


def _document(row: Prediction | BrokenFile) -> dict[str, Any]:
    """Returns a row as JSON has it, without parts of none and answers at no threshold."""
    given = {name: value for name, value in dataclasses.asdict(row).items() if value is not None}
    return {**given, "file": printable(row.file)}


def _texts(prediction: Prediction, task: Task) -> list[str]:
    labels = [task.said(best.label, best.score) for best in prediction.labels]
    return [UNKNOWN, *labels] if prediction.answer == UNKNOWN else labels
