"""The features of a person's own files: what the head of a network would read of them."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.artifacts.opening.columns import columns_of
from zoo.artifacts.opening.open import EMBEDDING, open_artifact
from zoo.artifacts.opening.origin import form_of
from zoo.artifacts.predicting.inputs import (
    AT_ONCE,
    Progress,
    below,
    check_files,
    form_of_files,
    kind_of,
    read_files,
)
from zoo.artifacts.predicting.predictions import BrokenFile
from zoo.checkpoints.card import Card
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.errors import RequestError
from zoo.files import whole_file
from zoo.forms import Picture, Recording, Sound, Table
from zoo.printable import printable
from zoo.quiet import import_keras
from zoo.result import Result

SUFFIXES = (".npz", ".csv")

Run = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Place:
    """What a row of features is of.

    Attributes:
        file: Path of the file.
        start: Of a part of a long sound or recording: the second where it begins; None: all of it.
        end: The second where it ends.
        line: Of a row of a table: the line of the file, from 1.
    """

    file: str
    start: float | None = None
    end: float | None = None
    line: int | None = None


@dataclass(frozen=True)
class Embeddings(Result):
    """The features of files.

    Attributes:
        features: (places, features) float32.
        places: What each row is of, in the order of the arguments; inside a folder, by name.
        broken: The files that cannot be read.
        left_out: What was left out of folders or tables, a sentence each.
        plural: What the files are.
        output: The file with all of them; None: none was asked for.
    """

    features: np.ndarray
    places: tuple[Place, ...]
    broken: tuple[BrokenFile, ...] = ()
    left_out: tuple[str, ...] = ()
    plural: str = "pictures"
    output: Path | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The path of the file of each row."""
        return tuple(place.file for place in self.places)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out, and the files that are broken."""
        skipped = [f"skipped {broken.file}: {broken.reason}" for broken in self.broken]
        count = len(set(self.files)) + len(skipped)
        total = f"{len(skipped)} of {count} {self.plural} are broken and were skipped"
        return (*self.left_out, *skipped, *([total] if skipped else []))

    @property
    def lines(self) -> tuple[str, ...]:
        """How many there are, and where."""
        if not self.places:
            return ()
        rows, width = self.features.shape
        where = "" if self.output is None else f": {self.output}"
        return (f"{rows:,} × {width:,} features of {len(set(self.files)):,} files{where}",)


def embed(
    files: str | Path | Sequence[str | Path],
    *,
    checkpoint: str | None = None,
    artifact: str | None = None,
    output: str | Path | None = None,
    trust: bool = False,
    progress: Progress | None = None,
) -> Embeddings:
    """Computes the features of pictures, sounds, recordings, or of the rows of tables.

    They are what the last layer of a network reads. Over a sound longer than one and a half times
    what the network takes, and over a recording, a window moves; each window has its own features.

    Args:
        files: Pictures, sounds or recordings, and folders of them; or tables.
        checkpoint: Name or folder of a checkpoint. With an artifact: the checkpoint that it was
            exported from, whose card says how files are prepared.
        artifact: In place of a checkpoint: a file or SavedModel that `zoo.export` wrote with
            `embedder=True`.
        output: A file for the features: `.npz` holds arrays, `.csv` a row for each; None: no file.
        trust: Whether a SavedModel may do more than calculate: see `zoo.artifacts.opening.open`.
        progress: Called with the numbers of decoded and of all files.

    Raises:
        RequestError: There are no files, or the checkpoint takes something else.
    """
    if not checkpoint and not artifact:
        raise RequestError("say whose features: --checkpoint=NAME or --artifact=FILE")
    if output is not None and Path(output).suffix not in SUFFIXES:
        raise RequestError(f"--output={output} has to be called FILE.npz or FILE.csv")
    listed = [files] if isinstance(files, str | Path) else files
    check_files(listed, "embed")
    with _open(checkpoint, artifact, trust) as (form, run):
        if isinstance(form, Table):
            result = _of_rows(listed, form, run, progress)
        else:
            result = _of_files(listed, form, run, progress)
    if output is None or not result.places:
        return result
    return _written(result, Path(output))


@contextlib.contextmanager
def _open(
    checkpoint: str | None, artifact: str | None, trust: bool
) -> Iterator[tuple[Picture | Sound | Recording | Table, Run]]:
    """Gives how files are prepared, and what computes their features."""
    form = None if checkpoint is None else _form(checkpoint_card(checkpoint), checkpoint)
    if not artifact:
        assert form is not None
        yield form, _headless(str(checkpoint))
        return
    with open_artifact(artifact, trust=trust) as opened:
        if opened.output != EMBEDDING:
            raise RequestError(
                f"{artifact} gives {opened.output or 'answers'}, no features; export them with zoo "
                "export --embedder"
            )
        if form is None:
            columns = columns_of(artifact)
            form = form_of(opened) if columns is None else _form(columns.card(("y",)), artifact)
        if form.shape != opened.shape:
            raise RequestError(f"{artifact} takes {opened.shape}, {checkpoint} {form.shape}")
        yield form, lambda x: opened.run(x, None)


def _form(card: Card, name: str) -> Picture | Sound | Recording | Table:
    return card.input if isinstance(card.input, Table) else form_of_files(card, name, "embed")


def _of_files(
    listed: Sequence[str | Path],
    form: Picture | Sound | Recording,
    run: Run,
    progress: Progress | None,
) -> Embeddings:
    kind = kind_of(form)
    paths, notes = below(listed, kind)
    broken = list[BrokenFile]()

    def examples() -> Iterator[tuple[Place, np.ndarray]]:
        for path, given in read_files(paths, form, progress):
            if isinstance(given, str):
                broken.append(BrokenFile(str(path), given))
                continue
            x, times = given
            parts = times if len(x) > 1 else [(None, None)]
            for row, (start, end) in zip(x, parts, strict=True):
                yield Place(str(path), start, end), row

    features, places = _computed(run, examples())
    return Embeddings(features, places, tuple(broken), tuple(notes), kind.plural)


def _of_rows(
    listed: Sequence[str | Path], form: Table, run: Run, progress: Progress | None
) -> Embeddings:
    from zoo.data.tables.columns import encode, surprises
    from zoo.data.tables.rows import rows_of

    notes = list[str]()

    def examples() -> Iterator[tuple[Place, np.ndarray]]:
        for done, file in enumerate(listed, start=1):
            _, table, own = rows_of(Path(file), form)
            notes.extend(own + surprises(form, [table]))
            for line, row in zip(table.lines, encode(form, table), strict=True):
                yield Place(str(file), line=line), row
            if progress is not None:
                progress(done, len(listed))

    features, places = _computed(run, examples())
    return Embeddings(features, places, left_out=tuple(dict.fromkeys(notes)), plural="tables")


def _headless(name: str) -> Run:
    import_keras()
    from zoo.checkpoints.load import load
    from zoo.data.inference import run
    from zoo.models.features import headless

    network = headless(load(name).model)
    return lambda x: run(network, x)


def _computed(
    run: Run, examples: Iterator[tuple[Place, np.ndarray]]
) -> tuple[np.ndarray, tuple[Place, ...]]:
    """Runs examples, some hundred at a time, so that few are in memory."""
    places, features = list[Place](), list[np.ndarray]()
    while batch := list(itertools.islice(examples, AT_ONCE)):
        places += [place for place, _ in batch]
        features.append(run(np.stack([row for _, row in batch])))
    whole = np.concatenate(features) if features else np.zeros((0, 0))
    return whole.astype(np.float32), tuple(places)


def _written(result: Embeddings, output: Path) -> Embeddings:
    """Writes features with what they are of; columns that are empty are left out."""
    columns: dict[str, list[object]] = {"file": [printable(file) for file in result.files]}
    for name in ("start", "end", "line"):
        values = [getattr(place, name) for place in result.places]
        if any(value is not None for value in values):
            columns[name] = values
    with whole_file(output) as path:
        if output.suffix == ".npz":
            arrays = {
                f"{name}s": np.array([np.nan if value is None else value for value in values])
                for name, values in columns.items()
            }
            with path.open("wb") as file:
                np.savez(file, features=result.features, **arrays)  # type: ignore[arg-type]
        else:
            with path.open("w", encoding="utf-8", newline="") as text:
                rows = csv.writer(text)
                numbered = [f"feature_{n}" for n in range(1, result.features.shape[1] + 1)]
                rows.writerow([*columns, *numbered])
                for cells, numbers in zip(
                    zip(*columns.values(), strict=True), result.features, strict=True
                ):
                    rows.writerow([*cells, *(f"{number:.9g}" for number in numbers)])
    return dataclasses.replace(result, output=output)
