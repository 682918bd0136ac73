"""Answers what programs send to an exported file: pictures, sounds, recordings or rows."""

from __future__ import annotations

import base64
import binascii
import contextlib
import csv
import functools
import itertools
import json
import math
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from zoo.artifacts.predicting.inputs import kind_of
from zoo.artifacts.predicting.predict import Predictor, open_predictor, predict_files, takes_rows
from zoo.artifacts.predicting.predictions import Predictions
from zoo.artifacts.predicting.rows import RowPredictor, open_rows, predict_tables
from zoo.errors import RequestError
from zoo.forms import Picture, Recording, Sound, Table
from zoo.tasks import find_task
from zoo.tasks.coverage import check_threshold

MOST = 256  # Instances in a request.
LARGEST, LARGEST_TEXT = 2**24, 2**20  # Bytes of a request; text unpacks to many times its size.
_UNPACKED = 2**26  # Numbers that a sound or recording may become.
_TURN = 20.0  # Seconds that a request waits for those before it.
_JSON, _BYTES = "application/json", "application/octet-stream"
_TEXT = ("text/csv", "text/tab-separated-values", "text/plain", _BYTES)
_FILES: Mapping[type, tuple[tuple[str, ...], int]] = {
    Picture: (("image/*", _BYTES), LARGEST),
    Sound: (("audio/*", _BYTES), LARGEST),
    Recording: (_TEXT, LARGEST_TEXT),
}

_Runner = TypeVar("_Runner", Predictor, RowPredictor)


class RefusedError(Exception):
    """A request that gets no answer but this one, in one line.

    Attributes:
        status: Of HTTP.
        headers: That belong to it.
    """

    def __init__(
        self, status: int, reason: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__(" ".join(reason.split()))
        self.status = HTTPStatus(status)
        self.headers = headers


class ModelError(Exception):
    """The exported file does not run any more, which is no fault of the request."""


@dataclass(frozen=True)
class Answerer:
    """An exported file that is ready.

    Attributes:
        about: What it takes and tells, as JSON has it.
        media: The types of content that it takes, as "image/*".
        largest: Bytes of a request.
        answer: Takes a type of content and bytes, returns what JSON can hold. Threads may call it
            together. It raises `RefusedError` and `ModelError`.
        is_well: Whether the file still runs.
    """

    about: Mapping[str, Any]
    media: tuple[str, ...]
    largest: int
    answer: Callable[[str, bytes], dict[str, Any]]
    is_well: Callable[[], bool]


@contextlib.contextmanager
def answering(file: Path, *, top: int = 5, threshold: float | None = None) -> Iterator[Answerer]:
    """Loads a `.tflite` file, and gives what answers.

    The labels and scores are those of `zoo predict`, whose code decodes and runs here too.

    Args:
        file: The file.
        top: Number of labels for each.
        threshold: Where the highest score is below it, the answer is "unknown".

    Raises:
        RequestError: It does not load, or takes something that cannot be sent.
    """
    if top < 1:
        raise RequestError(f"top is {top}; ask for 1 label or more")
    guard = _Guard()
    with contextlib.ExitStack() as stack:
        own, columns = tuple[str, ...](), dict[str, str]()
        of_kind: Callable[[str, bytes, Path], dict[str, Any]]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zoo-api-")))
        numbers = itertools.count()
        if takes_rows(None, str(file)):
            rows = guard.watched(stack.enter_context(open_rows(None, str(file))))
            form, labels, task = rows.card.input, rows.card.labels, find_task(rows.card.task)
            assert isinstance(form, Table)
            columns = {column.name: column.kind for column in form.columns}
            plural, own, largest = "rows", _TEXT, LARGEST_TEXT
            of_kind = functools.partial(_rows, rows, threshold)
        else:
            files = guard.watched(stack.enter_context(open_predictor(None, str(file))))
            labels, task = files.labels, files.task
            plural, (own, largest) = kind_of(files.form).plural, _FILES[type(files.form)]
            of_kind = functools.partial(_files, files, top, threshold)
        if threshold is not None:
            check_threshold(threshold, task.learns)

        def answer(media: str, body: bytes) -> dict[str, Any]:
            with guard.turn():
                return of_kind(media, body, folder / str(next(numbers)))

        media = (*own, _JSON)
        about = {
            "artifact": file.name,
            "takes": plural,
            "types": media,
            "largest": {"bytes": largest, "instances": MOST},
            "task": task.name,
            "labels": labels,
            **({"columns": columns} if columns else {}),
        }
        yield Answerer(about, media, largest, answer, guard.is_well)


class _Guard:
    """Lets in a few requests at a time, and notes when the file stops running."""

    def __init__(self) -> None:
        self._turns = threading.BoundedSemaphore(max(1, min(4, os.cpu_count() or 1)))
        self._alone = threading.Lock()
        self._died = threading.Event()

    def is_well(self) -> bool:
        return not self._died.is_set()

    def watched(self, runner: _Runner) -> _Runner:
        """Returns the same for threads, with `ModelError` for what the file itself raises."""
        run = runner.run

        def one_by_one(x: np.ndarray) -> np.ndarray:
            try:
                with self._alone:
                    return run(x)
            except RequestError as error:
                self._died.set()
                raise ModelError(str(error)) from error

        return replace(runner, run=one_by_one)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=_TURN):
            raise RefusedError(503, "too many requests at once; ask again", {"Retry-After": "1"})
        try:
            yield
        except MemoryError as error:
            raise RefusedError(413, "there is not enough memory for it; send less") from error
        finally:
            self._turns.release()


def _files(
    predictor: Predictor,
    top: int,
    threshold: float | None,
    media: str,
    body: bytes,
    path: Path,
) -> dict[str, Any]:
    """Answers a picture, sound or recording, or a JSON of several."""
    contents = _encoded(body) if media == _JSON else [body]
    instances = {path.with_suffix(f".{number}"): number for number in range(len(contents))}
    with contextlib.ExitStack() as stack:
        for file, content in zip(instances, contents, strict=True):
            stack.callback(file.unlink, missing_ok=True)
            _check_size(content, file, predictor)
        predictions, broken = predict_files(predictor, list(instances), top, threshold)
    for bad in broken:
        place = f"instance {instances[Path(bad.file)]}: " if len(contents) > 1 else ""
        raise RefusedError(400, place + bad.reason.replace(bad.file, "the body"))
    answers = Predictions(tuple(predictions)).document["predictions"]
    return {
        "predictions": [{"instance": instances[Path(row.pop("file"))], **row} for row in answers]
    }


def _rows(
    predictor: RowPredictor, threshold: float | None, media: str, body: bytes, path: Path
) -> dict[str, Any]:
    """Answers a table, or a JSON of rows."""
    _check_text(body)
    try:
        if media == _JSON:
            _write_rows(path, _instances(body))
        else:
            path.write_bytes(body)
        result = predict_tables(predictor, [path], threshold=threshold)
    except RequestError as error:
        raise RefusedError(400, str(error).replace(str(path), "the table")) from error
    finally:
        path.unlink(missing_ok=True)
    answers = []
    for number, row in enumerate(result.document["predictions"]):
        del row["file"]
        if media == _JSON:
            row = {"instance": number, **row}
            del row["line"]
        answers.append(row)
    notes = [note.replace(str(path), "the table") for note in result.notes]
    return {"predictions": answers, **({"notes": notes} if notes else {})}


def _instances(body: bytes) -> list[dict[str, Any]]:
    """Returns the objects in {"instances": [{…}, …]}."""
    try:
        document = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # Not UTF-8 is a ValueError too.
        raise RefusedError(400, f"the body is no JSON: {error}") from error
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list) or not instances:
        raise RefusedError(400, 'the JSON has to be {"instances": […]}, with one or more')
    if len(instances) > MOST:
        raise RefusedError(413, f"there are {len(instances)} instances; send at most {MOST}")
    for number, instance in enumerate(instances):
        if not isinstance(instance, dict):
            raise RefusedError(400, f"instance {number} is no object")
    return instances


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _encoded(body: bytes) -> list[bytes]:
    """Returns the bytes in {"instances": [{"b64": "…"}, …]}."""
    contents = []
    for number, instance in enumerate(_instances(body)):
        text = instance.get("b64")
        if not isinstance(text, str) or len(instance) != 1:
            raise RefusedError(400, f'instance {number} has to be {{"b64": "…"}}')
        try:
            contents.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError) as error:
            raise RefusedError(400, f"instance {number} is no base64: {error}") from error
    return contents


def _write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes objects as a table, in which a missing or null value is an empty cell."""
    names = list(dict.fromkeys(itertools.chain.from_iterable(rows)))
    for number, row in enumerate(rows):
        for name, value in row.items():
            if isinstance(value, bool) or not isinstance(value, str | int | float | None):
                raise RefusedError(
                    400, f"instance {number}: {name!r} has to be a text, a number or null"
                )
        if not any(str(value).strip() for value in row.values() if value is not None):
            raise RefusedError(400, f"instance {number} holds no value")
    with path.open("w", encoding="utf-8", newline="", errors="replace") as file:
        table = csv.writer(file)
        table.writerow(names)
        table.writerows([row.get(name) for name in names] for row in rows)


def _check_size(content: bytes, path: Path, predictor: Predictor) -> None:
    """Writes what was sent, unless it is a sound or recording that unpacks to far too much."""
    form = predictor.form
    if isinstance(form, Recording):
        from zoo.data.recordings.windows import OTHER_UNIT

        _check_text(content)
        # A row becomes up to so many samples, and each of these is in several windows.
        hop, numbers = predictor.hop or form.hop, OTHER_UNIT * math.prod(form.shape)
        if content.count(b"\n") > (rows := _UNPACKED * hop / numbers):
            raise RefusedError(413, f"the recording is too long; send {rows:,.0f} rows at most")
    path.write_bytes(content)
    if not isinstance(form, Sound):
        return
    from zoo.data.sounds.decode import extent

    seconds, samples = extent(path)
    (size,) = form.shape
    longest = _UNPACKED / size * (predictor.hop or max(1, size // 2)) / form.rate
    if seconds > longest or samples > _UNPACKED / 2:
        raise RefusedError(413, f"the sound is too long; send {longest:,.0f} seconds at most")


def _check_text(content: bytes) -> None:
    """Refuses a packed table, which may become far longer than what was sent."""
    if content[:2] == b"\x1f\x8b":
        raise RefusedError(415, "the table is packed; send it as text")
