"""Searches labelled data for what a person should look at, by the features of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from zoo.checkpoints.card import task_of
from zoo.checkpoints.load import load
from zoo.data.dataset import SPLITS, Dataset, Split
from zoo.data.excluding import as_array, listed
from zoo.data.place import Place, trained_on
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Picture, Recording, Sound, Table
from zoo.result import Result, TextTable
from zoo.training.cleaning.mislabels import suspected_labels
from zoo.training.cleaning.suspicion import (
    DUPLICATE,
    MISLABEL,
    NEAR,
    UNREADABLE,
    Suspicion,
    write_list,
)
from zoo.training.cleaning.twins import Twins, equal_examples, twin_pictures
from zoo.training.features import backbone_of, compute_features

_SHOWN = 20


@dataclass(frozen=True)
class Cleaned(Result):
    """What there is to look at.

    Attributes:
        suspicions: The best founded first.
        output: The CSV that holds them; None: there are none.
        examples: How many were searched.
        agreeing: The share of files whose label a head that did not see it predicts; None: labels
            were not judged.
        notes: Decisions of the reader of the data, a sentence each.
    """

    suspicions: tuple[Suspicion, ...]
    output: Path | None
    examples: int
    agreeing: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """The first of them."""
        rows = tuple(
            (
                one.file,
                one.split,
                one.label,
                one.kind,
                f"{one.suggested}{one.other} {one.other_split}".strip(),
                f"{one.score:.2f}",
            )
            for one in self.suspicions[:_SHOWN]
        )
        head = ("file", "split", "label", "suspicion", "seems to be", "score")
        return (TextTable("", head, rows),) if rows else ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The notes, how many of each kind there are, and what to do with the list."""
        counts = Counter(one.kind for one in self.suspicions)
        leaks = sum(one.leaks for one in self.suspicions)
        kinds = [f"{count:,} {kind}" for kind, count in counts.items()]
        found = ", ".join(kinds) if kinds else "nothing to look at"
        where = [f"{leaks:,} of them in two splits"] if leaks else []
        sure = sum(one.sure for one in self.suspicions)
        then = (
            f"{self.output}: look at the files and write yes in the column exclude of those to "
            f"leave out ({sure:,} have it: broken files, and copies with the same label); then add "
            f"--exclude={self.output} to zoo finetune or zoo train. Or correct the data itself"
        )
        return (
            *self.notes,
            f"of {self.examples:,} examples: {'; '.join([found, *where])}",
            *([self._doubt] if MISLABEL in counts else []),
            *([then] if self.output else []),
        )

    @property
    def _doubt(self) -> str:
        """How far the suspected labels can be believed."""
        return (
            f"heads that did not see them tell {self.agreeing:.1%} of the labels; the fewer, the "
            "more right labels are suspected too"
        )


def clean(
    run: str,
    data: str | None = None,
    *,
    output: str | Path = "clean.csv",
    label_column: str | None = None,
    header: bool | None = None,
    time_column: str | None = None,
    recording_column: str | None = None,
    group: str | None = None,
    path_column: str | None = None,
    folder: str | None = None,
    exclude: str | None = None,
    data_dir: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Cleaned:
    """Searches data for wrong labels, copies and broken files, as `zoo clean` does.

    Nothing of the data is changed. Labels are judged in all splits, by heads on the features of the
    run's network that did not see them: see `zoo.training.cleaning.mislabels`. Copies are searched
    among pictures, sounds and recordings, but not among the rows of tables, which may be equal.

    Args:
        run: Folder or name of a checkpoint, best of one that learnt this data.
        data: As for `zoo.finetune`; None: what the run learnt, if it still lies where it was.
        output: The CSV to write, which `exclude` of `zoo.finetune` takes.
        label_column: See `zoo.train`, also for the next seven.
        header: Of a table.
        time_column: Of recordings.
        recording_column: Of recordings.
        group: Of recordings, sounds and lists of pictures.
        path_column: Of lists of pictures or sounds.
        folder: Of lists of pictures or sounds.
        exclude: A list of files to leave out; None: those that the run left out.
        data_dir: Of "tfds:".
        progress: Called with the numbers of examples that are searched and of all.

    Raises:
        RequestError: The output exists; the run takes something else than the data holds; no data
            is given, and what the run learnt is not there.
    """
    path = Path(output)
    if path.exists():
        raise RequestError(f"--output={path} exists, perhaps with your marks; name another file")
    checkpoint = load(run)
    card = checkpoint.card
    form = card.input
    if not isinstance(form, Picture | Sound | Recording | Table):
        raise RequestError(
            f"zoo clean searches pictures, sounds, recordings and tables; {run} takes a {form.kind}"
        )
    learnt = card.training.data if card.training else None
    reading = Reading(
        task=task_of(card),
        columns=form if isinstance(form, Table) else None,
        label_column=label_column or (form.label if isinstance(form, Table) else None),
        header=header,
        time_column=time_column,
        recording_column=recording_column,
        group=group,
        path_column=path_column,
        folder=folder,
        exclude=exclude,
        excluded=frozenset(learnt.excluded if learnt else ()),
        few=True,
        data_dir=data_dir,
        progress=progress,
    )
    place = Place(data) if data is not None else trained_on(run, card)
    given = None if isinstance(form, Table) else form
    dataset = load_dataset(place.data, type(form), form=given, reading=place.read_by(reading))
    notes = (*filter(None, [place.note]), *dataset.notes)
    if dataset.excluded and exclude is None:
        notes = (*notes, f"left out, as in the training: {listed(dataset.excluded)}")
    suspicions, agreeing = suspicions_of(checkpoint.model, dataset, progress)
    if suspicions:
        write_list(path, suspicions)
    count = sum(map(len, dataset.splits.values()))
    return Cleaned(tuple(suspicions), path if suspicions else None, count, agreeing, notes)


def suspicions_of(
    network: keras.Model, dataset: Dataset, progress: Callable[[int, int], None] | None = None
) -> tuple[list[Suspicion], float | None]:
    """Returns what there is to look at in a data set, the best founded first.

    Args:
        network: Takes the raw inputs of the data set.
        dataset: Files of several examples, such as the windows of a recording, are judged whole.
        progress: Called with the numbers of examples that are searched and of all.

    Returns:
        The suspicions, and what `Cleaned.agreeing` is.
    """
    names = {name: dataset.splits[name] for name in SPLITS if len(dataset.splits.get(name, ()))}
    parts = [*names.values()]
    files = _Files(dataset, names)
    suspicions = [Suspicion(UNREADABLE, name) for name in dataset.broken]
    twins: list[Twins] = []
    if parts[0].x.ndim == 4:
        twins = twin_pictures([part.x for part in parts])
    elif not isinstance(dataset.form, Table):
        x = np.concatenate([part.x[:] for part in parts])
        twins = equal_examples(x[rows] for rows in files.rows)
    suspicions += files.duplicates(twins)
    agreeing = None
    if dataset.task.learns == "classes":
        mislabels, agreeing = files.mislabels(_features(network, parts, progress))
        suspicions += mislabels
    return sorted(suspicions, key=lambda one: one.rank), agreeing


class _Files:
    """The files of a data set, in which examples are.

    Attributes:
        numbers: (examples,) the number of the file of each, all splits one after the other.
        files: Names of the files.
    """

    def __init__(self, dataset: Dataset, parts: dict[str, Split]) -> None:
        self._dataset = dataset
        names = [
            name
            for split, part in parts.items()
            for name in (
                [f"{split}[{row}]" for row in range(len(part))]
                if part.names is None
                else part.names
            )
        ]
        splits = [split for split, part in parts.items() for _ in range(len(part))]
        number = {name: index for index, name in enumerate(dict.fromkeys(names))}
        self.numbers = np.array([number[name] for name in names])
        self.files = [*number]
        firsts = np.unique(self.numbers, return_index=True)[1]
        self._splits = [splits[first] for first in firsts]
        self._y = np.concatenate([part.y for part in parts.values()])[firsts]

    @property
    def rows(self) -> list[np.ndarray]:
        """The places of the examples of each file, in their order."""
        ends = np.cumsum(np.bincount(self.numbers))
        return np.split(np.argsort(self.numbers, kind="stable"), ends[:-1])

    def label(self, index: int) -> str:
        """Returns the truth of a file as text."""
        labels, y = self._dataset.labels, self._y[index]
        if self._dataset.task.learns == "values":
            return f"{y:g}"
        if self._dataset.task.learns == "sets":
            return "|".join(label for label, held in zip(labels, y, strict=True) if held)
        return labels[y]

    def duplicates(self, twins: list[Twins]) -> list[Suspicion]:
        """Returns a suspicion for each file that is there twice, but the one that stays.

        Of two splits, the file that is measured stays and the one that is learnt goes.
        """
        best: dict[int, Suspicion] = {}
        for pair in twins:
            stays, goes = pair.first, pair.second
            if SPLITS.index(self._splits[stays]) < SPLITS.index(self._splits[goes]):
                stays, goes = goes, stays
            one = Suspicion(
                DUPLICATE if pair.alike == 1 else NEAR,
                self.files[goes],
                self._splits[goes],
                self.label(goes),
                round(pair.alike, 4),
                other=self.files[stays],
                other_split=self._splits[stays],
                other_label=self.label(stays),
            )
            if goes not in best or one.rank < best[goes].rank:
                best[goes] = one
        return [*best.values()]

    def mislabels(self, features: np.ndarray) -> tuple[list[Suspicion], float | None]:
        """Returns the files whose label is probably another, by the features of their examples.

        Then the share of files whose label is the prediction.
        """
        counts = np.bincount(self.numbers)
        sums = np.zeros((len(self.files), features.shape[1]))
        np.add.at(sums, self.numbers, features)
        means = (sums / counts[:, None]).astype(np.float32)
        whole = Split(means, self._y, names=as_array(self.files))
        labels = self._dataset.labels
        suspected, agreeing = suspected_labels(whole, len(labels))
        return [
            Suspicion(
                MISLABEL,
                self.files[index],
                self._splits[index],
                self.label(index),
                score,
                suggested=labels[seems],
            )
            for index, seems, score in suspected
        ], agreeing


def _features(
    network: keras.Model, parts: list[Split], progress: Callable[[int, int], None] | None
) -> np.ndarray:
    backbone = backbone_of(network)
    total, features = sum(map(len, parts)), list[np.ndarray]()
    for part in parts:
        before = sum(map(len, features))

        def tell(count: int, before: int = before) -> None:
            if progress is not None:
                progress(before + count, total)

        features.append(compute_features(backbone, part.x, tell))
    return np.concatenate(features)
