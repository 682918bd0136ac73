"""How good a checkpoint or an exported file is, on the same data."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from zoo.artifacts.evaluation import Evaluation
from zoo.artifacts.opening.columns import columns_of
from zoo.artifacts.opening.open import Artifact, artifact_labels, open_artifact
from zoo.artifacts.opening.origin import card_of_artifact, check_origin, data_of_artifact
from zoo.artifacts.predicting.predict import predict
from zoo.artifacts.predicting.predictions import Predictions
from zoo.artifacts.views import averaged, check_views
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.forms import PLAIN, Table
from zoo.quiet import import_keras
from zoo.tasks.coverage import check_threshold, coverage_of
from zoo.tasks.decision import check_decision, effect, shifted
from zoo.tasks.foreign import Foreign, foreign_of

if TYPE_CHECKING:
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset, Split
    from zoo.data.place import Place
    from zoo.data.reading import Reading

SPLITS = ("test", "validation", "val", "train", "all")

# A data set, the split that was measured, the predictions for it, and notes.
Measured: TypeAlias = "tuple[Dataset, str, np.ndarray, tuple[str, ...]]"


def evaluate(
    *,
    checkpoint: str | None = None,
    artifact: str | None = None,
    data: str | None = None,
    split: str = "test",
    output: str | Path | None = None,
    label_column: str | None = None,
    header: bool | None = None,
    time_column: str | None = None,
    recording_column: str | None = None,
    group: str | None = None,
    path_column: str | None = None,
    folder: str | None = None,
    exclude: str | None = None,
    data_dir: str | None = None,
    threshold: float | None = None,
    decision_threshold: float | None = None,
    foreign: str | None = None,
    views: int = 1,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Measures a checkpoint or an exported file on data whose truth is known.

    Args:
        checkpoint: Name or folder of a checkpoint. With an artifact: the checkpoint that it was
            exported from, whose card says how data is read.
        artifact: A `.tflite` file or a SavedModel's folder, in place of a checkpoint.
        data: As for `zoo.data.sources.load_dataset`; None: those of the training, if they still
            lie where they were.
        split: "test", "validation" or "val", "train" or "all". If data has a validation split of
            its own and no test split, the two are the same. In data without either that the
            checkpoint was not trained on, "test" means all examples.
        output: File for the score, as JSON; None: no file.
        label_column: Tables: see `zoo.data.sources.Reading`, also for the next two.
        header: Whether the first line of a table holds names.
        time_column: Recordings: see `zoo.data.reading.Reading`, also for the next two.
        recording_column: One table of many recordings: the column that tells them apart.
        group: What may not be in two splits; None: as the checkpoint was trained.
        path_column: Lists of pictures or sounds: see `zoo.data.reading.Reading`, also for the next.
        folder: Where their paths begin.
        exclude: A list of files to leave out, see `zoo.data.excluding`.
        data_dir: Where prepared data sets of "tfds:" are.
        threshold: Answers whose score is below it are "unknown": the share of the others, and how
            many of these are right, are told too.
        decision_threshold: Of two classes: above this probability the second is the prediction, in
            place of 0.5. A note says what that changes.
        foreign: A file or folder of files that belong to none of the classes: how well their scores
            differ from those of the data is measured too.
        views: Of pictures: 2 takes the mean of the answers to a picture and to its mirror image, at
            twice the cost. It is of networks that were trained with mirrored pictures.
        trust: Whether a SavedModel may do more than calculate: see `zoo.artifacts.opening.open`.
        progress: Called with the numbers of decoded and of all pictures.

    Raises:
        RequestError: There is nothing to measure, or the data does not fit it.
    """
    if not checkpoint and not artifact:
        raise RequestError("say what to evaluate: --checkpoint=NAME or --artifact=FILE")
    if threshold is not None and decision_threshold is not None:
        raise RequestError("give --threshold or --decision_threshold, not both")
    if split not in SPLITS:
        raise RequestError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    check_views(views)
    if foreign is not None and not Path(foreign).exists():
        raise RequestError(f"--foreign={foreign}: there is no such file or folder")
    if threshold is not None:
        check_threshold(threshold, "classes")  # Of which task it is, is known later.
    if decision_threshold is not None:
        check_decision(decision_threshold)
    if output is not None:
        check_writable(Path(output))
    import_keras()
    from zoo.data.place import Place
    from zoo.data.reading import Reading

    reading = Reading(
        label_column=label_column,
        header=header,
        time_column=time_column,
        recording_column=recording_column,
        group=group,
        path_column=path_column,
        folder=folder,
        exclude=exclude,
        measured=True,
        data_dir=data_dir,
        progress=progress,
    )
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(open_artifact(artifact, trust=trust)) if artifact else None
        place = Place(data) if data is not None else _place(checkpoint, artifact)
        data, reading = place.data, place.read_by(reading)
        if opened is not None:
            measured = _of_artifact(opened, checkpoint, data, split, reading, views)
        else:
            measured = _of_checkpoint(str(checkpoint), data, split, reading, views)
    evaluation = _score(*measured, threshold, decision_threshold)
    evaluation = dataclasses.replace(evaluation, views=views)
    if foreign is not None:
        found = _foreign(foreign, measured, checkpoint, artifact, threshold, trust)
        evaluation = dataclasses.replace(evaluation, foreign=found)
    if place.note:
        evaluation = dataclasses.replace(evaluation, notes=(place.note, *evaluation.notes))
    if output is not None:
        score = evaluation.score
        figures = {**dataclasses.asdict(score), "intervals": score.intervals}
        if views != 1:
            figures["views"] = views
        for name in ("coverage", "foreign"):
            if (part := getattr(evaluation, name)) is not None:
                figures[name] = dataclasses.asdict(part)
        text = json.dumps(figures, indent=2)
        write_text(Path(output), text + "\n")
    return evaluation


def _foreign(
    files: str,
    measured: Measured,
    checkpoint: str | None,
    artifact: str | None,
    threshold: float | None,
    trust: bool,
) -> Foreign:
    """Compares the scores of the measured split with those of files that belong to no class."""
    dataset, _, probabilities, _ = measured
    if dataset.task.learns != "classes" or isinstance(dataset.form, Table):
        raise RequestError(
            f"--foreign={files}: it is of classifiers of pictures, sounds or recordings"
        )
    result = predict(files, checkpoint=checkpoint, artifact=artifact, top=1, trust=trust)
    assert isinstance(result, Predictions)
    if not result.predictions:
        raise RequestError(f"--foreign={files}: none of its files can be read")
    scores = np.array([prediction.labels[0].score for prediction in result.predictions])
    return foreign_of(probabilities.max(axis=1), scores, threshold)


def _place(checkpoint: str | None, artifact: str | None) -> Place:
    """Returns the data of a training, where nobody says which data to measure with."""
    from zoo.data.place import place_by_name, trained_on

    if checkpoint:
        return trained_on(checkpoint, checkpoint_card(checkpoint))
    assert artifact is not None
    return place_by_name(data_of_artifact(artifact), artifact)


def _of_checkpoint(name: str, data: str, asked: str, reading: Reading, views: int) -> Measured:
    from zoo.checkpoints.load import load
    from zoo.data.inference import run
    from zoo.data.sources import load_for

    checkpoint = load(name)
    dataset = load_for(checkpoint.card, data, reading)
    split, notes = _split(asked, dataset, checkpoint.card, data, name)
    check_views(views, dataset, checkpoint.card)
    task = dataset.task
    answers = averaged(lambda part: task.predictions(run(checkpoint.model, part.x)), views)
    return dataset, split, _outputs(dataset, split, answers), notes


def _of_artifact(
    artifact: Artifact,
    checkpoint: str | None,
    data: str,
    asked: str,
    reading: Reading,
    views: int,
) -> Measured:
    from zoo.data.sequences import of_length

    artifact.check_answers()
    dataset, split, notes = _data_for(artifact, checkpoint, data, asked, reading)
    if len(artifact.shape) == 2 and artifact.shape[0] is not None:
        dataset = of_length(dataset, artifact.shape[0])
    _check_fits(artifact, dataset)
    if views != 1:
        named = card_of_artifact(artifact.path, artifact_labels(artifact))
        check_views(views, dataset, checkpoint_card(checkpoint) if checkpoint else named)
    answers = averaged(lambda part: artifact.run(part.x, part.lengths), views)
    outputs = _outputs(dataset, split, answers)
    if outputs.shape[1] != len(dataset.labels):
        raise RequestError(
            f"{artifact.path} tells {outputs.shape[1]} classes apart, "
            f"{dataset.name} has {len(dataset.labels)}"
        )
    if dataset.task.learns != "values":
        _check_labels(artifact, dataset, data)
    return dataset, split, outputs, notes


def _data_for(
    artifact: Artifact, checkpoint: str | None, data: str, asked: str, reading: Reading
) -> tuple[Dataset, str, tuple[str, ...]]:
    """Returns data in the form that an artifact takes, the split to measure, and notes."""
    from zoo.data.sources import load_dataset, load_for, numbered
    from zoo.data.tables.table import table_files

    if checkpoint:
        card = checkpoint_card(checkpoint)
        dataset = load_for(card, data, reading)
        if isinstance(dataset.form, Table):
            check_origin(artifact.path, checkpoint, card)
        return dataset, *_split(asked, dataset, card, data, checkpoint)
    if (named := card_of_artifact(artifact.path, artifact_labels(artifact))) is not None:
        dataset = load_for(named, data, reading)
        return dataset, *_split(asked, dataset, named, data, artifact.path)
    if len(artifact.shape) != 3 and table_files(data):
        columns = columns_of(artifact.path)
        if columns is None:
            raise RequestError(
                f"{data} is a table, and nothing says how {artifact.path} reads one: say "
                "--checkpoint too, the one that it was exported from, whose card holds the columns"
            )
        card = columns.card(artifact_labels(artifact))
        dataset = load_for(card, data, reading)
        return dataset, *_split(asked, dataset, card, data, artifact.path)
    if len(artifact.shape) not in PLAIN:
        raise RequestError(f"{artifact.path} takes {artifact.shape}, and no data has that form")
    size = artifact.shape[0] if len(artifact.shape) == 3 else None
    dataset = load_dataset(data, PLAIN[len(artifact.shape)], image_size=size, reading=reading)
    labels = artifact_labels(artifact)
    if dataset.task.learns == "classes" and {*dataset.labels} <= {*labels}:
        dataset = numbered(dataset, labels)
    return dataset, _named(asked, dataset), dataset.notes


def _named(asked: str, dataset: Dataset) -> str:
    """Returns the split that is asked for, by the name that the data set has for it."""
    if asked not in ("val", "validation"):
        return asked
    return "test" if dataset.validation_is_test else "validation"


def _split(
    asked: str, dataset: Dataset, card: Card, data: str, checkpoint: str
) -> tuple[str, tuple[str, ...]]:
    """Returns the split to measure, and notes.

    Data that is new to a checkpoint is measured as a whole.
    """
    asked = _named(asked, dataset)
    if asked != "test" or not dataset.divided:
        return asked, dataset.notes
    if learnt_whole(card, dataset):
        note = (
            f"{checkpoint} learnt all examples of {data}, so that these figures flatter it; those "
            f"of its cross-validation: {', '.join(map(card.text, card.metrics))}"
        )
        return "all", (*dataset.notes, note)
    known = card.training.data if card.training else None
    # Of a table that an older version learnt, only the name is known.
    if known and dataset.name == known.name and not known.fingerprint:
        return asked, dataset.notes
    if known and dataset.fingerprint() == known.fingerprint:
        return asked, dataset.notes
    note = (
        f"{data} is not what {checkpoint} was trained on, and has no test split of its own: all "
        "examples count"
    )
    return "all", (*dataset.notes, note)


def learnt_whole(card: Card, dataset: Dataset) -> bool:
    """Returns whether a checkpoint learnt all of a data set, after a cross-validation."""
    known = card.training
    if known is None or known.data is None or "folds" not in known.recipe:
        return False
    return dataset.fingerprint() == known.data.fingerprint


def _parts(dataset: Dataset, split: str) -> list[Split]:
    parts = [part for name, part in dataset.splits.items() if split in (name, "all") and len(part)]
    if not parts:
        raise RequestError(
            f"{dataset.name} has too few examples: none is left for the {split} split"
        )
    return parts


def _outputs(dataset: Dataset, split: str, run: Callable[[Split], np.ndarray]) -> np.ndarray:
    """Returns the outputs for a split. "all" is run split by split, to save memory."""
    return np.concatenate([run(part) for part in _parts(dataset, split)])


def _check_fits(artifact: Artifact, dataset: Dataset) -> None:
    shape, own = artifact.shape, dataset.train.x.shape[1:]
    if len(shape) != len(own) or any(a not in (None, b) for a, b in zip(shape, own, strict=True)):
        raise RequestError(f"{artifact.path} takes {shape}, {dataset.name} has {own}")


def _check_labels(artifact: Artifact, dataset: Dataset, data: str) -> None:
    labels = artifact_labels(artifact)
    # Classes of an .npz file without names are numbers.
    numbers = tuple(map(str, range(len(dataset.labels))))
    numbered = data.lower().endswith(".npz") and dataset.labels == numbers
    if labels and not numbered and labels != dataset.labels:
        raise RequestError(
            f"the labels of {artifact.path} are {', '.join(labels)}, those of {dataset.name} "
            f"{', '.join(dataset.labels)}; they must be the same, in this order"
        )


def _score(
    dataset: Dataset,
    split: str,
    predictions: np.ndarray,
    notes: tuple[str, ...],
    threshold: float | None,
    decision_threshold: float | None,
) -> Evaluation:
    task = dataset.task
    parts = _parts(dataset, split)
    recordings = [part.recordings for part in parts if part.recordings is not None]
    y = np.concatenate([part.y for part in parts])
    whole = np.concatenate(recordings) if recordings else None
    score = task.scored(predictions, y, dataset.labels, whole)
    if decision_threshold is not None:
        check_decision(decision_threshold, dataset.labels if task.learns == "classes" else ())
        before, moved = score, shifted(predictions, decision_threshold)
        score = task.scored(moved, y, dataset.labels, whole)
        notes = (*notes, effect(decision_threshold, before, score))
    coverage = None
    if threshold is not None:
        check_threshold(threshold, task.learns)
        (coverage,) = coverage_of(predictions, y, (threshold,))
    intervals = score.intervals
    text = ", ".join(
        task.text(name, value, intervals.get(name)) for name, value in score.figures.items()
    )
    return Evaluation(score, text, dataset.name, split, notes, coverage)
