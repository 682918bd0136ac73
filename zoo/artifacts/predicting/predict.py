"""Classifies pictures, sounds and recordings, or predicts the rows of tables."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from zoo.artifacts.opening.columns import columns_of
from zoo.artifacts.opening.open import Artifact, artifact_labels, open_artifact
from zoo.artifacts.opening.origin import form_of, form_of_artifact, task_of_artifact
from zoo.artifacts.predicting.inputs import (
    AT_ONCE,
    Read,
    below,
    check_files,
    form_of_files,
    kind_of,
    read_pictures,
)
from zoo.artifacts.predicting.predictions import (
    BrokenFile,
    LabelScore,
    Prediction,
    Predictions,
    check_output,
    with_answer,
    written,
)
from zoo.checkpoints.card import task_of
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.errors import RequestError
from zoo.forms import Picture, Recording, Sound, Table
from zoo.quiet import import_keras
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.coverage import answered, check_threshold

if TYPE_CHECKING:
    from zoo.artifacts.predicting.rows import RowPredictions


@dataclass(frozen=True)
class Predictor:
    """What predicts files: a checkpoint or an exported file, loaded.

    Attributes:
        form: What it takes.
        labels: In the order of its outputs.
        run: Takes (examples, *form.shape), returns (examples, outputs) float32.
        hop: Samples between two answers, of a file whose window slides; 0: none does.
        task: What it learnt.
    """

    form: Picture | Sound | Recording
    labels: tuple[str, ...]
    run: Callable[[np.ndarray], np.ndarray]
    hop: int = 0
    task: Task = CLASSIFICATION


def predict(
    files: str | Path | Sequence[str | Path],
    *,
    checkpoint: str | None = None,
    artifact: str | None = None,
    labels: str | None = None,
    top: int = 5,
    output: str | Path | None = None,
    threshold: float | None = None,
    decision_threshold: float | None = None,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Predictions | RowPredictions:
    """Classifies pictures, sounds or recordings, or predicts the rows of tables.

    Over a sound longer than one and a half times what the classifier takes, a window moves by half
    its length, or by the hop of a file of a stream, and each window has its own prediction. A
    recording has one, the mean of those of its windows, which follow it.

    Args:
        files: Pictures, sounds or recordings, and folders of them; or tables, for what takes their
            rows.
        checkpoint: Name or folder of a checkpoint. With an artifact: the checkpoint that it was
            exported from, whose card says how files are prepared.
        artifact: A `.tflite` file or a SavedModel's folder, in place of a checkpoint.
        labels: For an artifact: text file with a label in each line; None: those inside it, or
            those of the `labels.txt` beside it.
        top: Number of labels for each.
        output: A CSV file for the predictions: a row for each file or part of one, the broken too;
            of tables, all their rows; None: no file.
        threshold: Where the highest score is below it, the answer is "unknown".
        decision_threshold: Tables of two classes: above this probability the second is the
            prediction, in place of 0.5.
        trust: Whether a SavedModel may do more than calculate: see `zoo.artifacts.opening.open`.
        progress: Called with the numbers of decoded and of all files.

    Raises:
        RequestError: There are no files or no classifier, or it takes something else.
    """
    if not checkpoint and not artifact:
        raise RequestError("say what to predict with: --checkpoint=NAME or --artifact=FILE")
    if labels and not artifact:
        raise RequestError("--labels is of an --artifact; a checkpoint has its own")
    if top < 1:
        raise RequestError(f"top is {top}; ask for 1 label or more")
    listed = [files] if isinstance(files, str | Path) else files
    if takes_rows(checkpoint, artifact):
        from zoo.artifacts.predicting.rows import predict_rows

        return predict_rows(
            listed,
            checkpoint=checkpoint,
            artifact=artifact,
            labels=labels,
            output=output,
            threshold=threshold,
            decision_threshold=decision_threshold,
            trust=trust,
        )
    if decision_threshold is not None:
        raise RequestError("--decision_threshold is of the rows of tables; leave it out")
    if output is not None:
        check_output(output, listed)
    check_files(listed, "predict")
    with open_predictor(checkpoint, artifact, labels, trust) as predictor:
        kind = kind_of(predictor.form)
        if threshold is not None:
            check_threshold(threshold, predictor.task.learns)
        paths, notes = below(listed, kind)
        predictions, broken = predict_files(predictor, paths, top, threshold, progress, notes)
    if threshold is not None:
        notes.append(answered([row.answer for row in predictions], threshold, kind.plural))
    result = Predictions(
        tuple(predictions), tuple(broken), tuple(notes), kind.plural, task=predictor.task
    )
    return result if output is None else written(result, Path(output))


def takes_rows(checkpoint: str | None, artifact: str | None) -> bool:
    """Returns whether a checkpoint or an exported file takes rows of a table."""
    if checkpoint:
        return isinstance(checkpoint_card(checkpoint).input, Table)
    return artifact is not None and Path(artifact).exists() and columns_of(artifact) is not None


def predict_files(
    predictor: Predictor,
    paths: Sequence[Path],
    top: int,
    threshold: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    notes: list[str] | None = None,
) -> tuple[list[Prediction], list[BrokenFile]]:
    """Predicts files of the kind that a predictor takes; see `predict`.

    What is to be said of the files is added to the notes.

    Returns:
        The predictions in the order of the files, and the files that are broken.
    """
    of_kind = _OF_KIND[type(predictor.form)]
    predictions, broken = of_kind(predictor, paths, top, progress, notes)
    if threshold is not None:
        predictions = [with_answer(prediction, threshold) for prediction in predictions]
    return predictions, broken


def _predict_sounds(
    predictor: Predictor,
    paths: Sequence[Path],
    top: int,
    progress: Callable[[int, int], None] | None,
    notes: list[str] | None,
) -> tuple[list[Prediction], list[BrokenFile]]:
    from zoo.artifacts.predicting.sounds import read_windows

    assert isinstance(predictor.form, Sound)
    windows = read_windows(paths, predictor.form, progress, predictor.hop)
    return _predict_windows(predictor, windows, top, overall=False)


def _predict_recordings(
    predictor: Predictor,
    paths: Sequence[Path],
    top: int,
    progress: Callable[[int, int], None] | None,
    notes: list[str] | None,
) -> tuple[list[Prediction], list[BrokenFile]]:
    from zoo.artifacts.predicting.recordings import read_windows

    assert isinstance(predictor.form, Recording)
    form = replace(predictor.form, hop=predictor.hop or predictor.form.hop)
    windows = read_windows(paths, form, progress, notes)
    return _predict_windows(predictor, windows, top, overall=True)


def _predict_windows(
    predictor: Predictor, files: Iterable[Read], top: int, *, overall: bool
) -> tuple[list[Prediction], list[BrokenFile]]:
    """Predicts files that are longer than what the model takes.

    Args:
        predictor: What predicts.
        files: Of each file its windows and their times, or why it is broken.
        top: Number of labels.
        overall: Whether a file of several windows has one prediction for the whole too, by the
            mean of their probabilities. A file of one window always has it.
    """
    predictions, broken = list[Prediction](), list[BrokenFile]()
    for path, answer in files:
        if isinstance(answer, str):
            broken.append(BrokenFile(str(path), answer))
            continue
        x, times = answer
        parts = [predictor.run(x[start : start + AT_ONCE]) for start in range(0, len(x), AT_ONCE)]
        scores = np.concatenate(parts)
        if overall or len(scores) == 1:
            best = _best(scores.mean(axis=0), predictor, top)
            predictions.append(Prediction(str(path), best))
        if len(scores) > 1:
            for row, seconds in zip(scores, times, strict=True):
                best = _best(row, predictor, top)
                predictions.append(Prediction(str(path), best, seconds))
    return predictions, broken


def _predict_pictures(
    predictor: Predictor,
    paths: Sequence[Path],
    top: int,
    progress: Callable[[int, int], None] | None,
    notes: list[str] | None,
) -> tuple[list[Prediction], list[BrokenFile]]:
    assert isinstance(predictor.form, Picture)
    predictions, broken = list[Prediction](), list[BrokenFile]()
    read = read_pictures(paths, predictor.form, progress)
    while part := list(itertools.islice(read, AT_ONCE)):
        broken += [BrokenFile(str(path), why) for path, why in part if isinstance(why, str)]
        whole = [(path, given[0]) for path, given in part if not isinstance(given, str)]
        if whole:
            scores = predictor.run(np.concatenate([x for _, x in whole]))
            predictions += [
                Prediction(str(path), _best(row, predictor, top))
                for (path, _), row in zip(whole, scores, strict=True)
            ]
    return predictions, broken


_OF_KIND = {
    Picture: _predict_pictures,
    Sound: _predict_sounds,
    Recording: _predict_recordings,
}


@contextlib.contextmanager
def open_predictor(
    checkpoint: str | None, artifact: str | None, labels: str | None = None, trust: bool = False
) -> Iterator[Predictor]:
    """Loads what predicts files; see `predict`.

    Raises:
        RequestError: It does not load, or takes something else than files.
    """
    card = checkpoint_card(checkpoint) if checkpoint else None
    form = None if card is None else form_of_files(card, str(checkpoint), "predict")
    if artifact:
        # What reads the files is imported while another process loads the artifact.
        Thread(target=kind_of, args=(form or form_of_artifact(artifact),)).start()
        with open_artifact(artifact, trust=trust) as opened:
            named = card.labels if card else ()
            predictor = _of_artifact(opened, labels, checkpoint, form, named)
            yield replace(predictor, task=task_of(card) if card else task_of_artifact(artifact))
    elif form is not None:
        yield _of_checkpoint(str(checkpoint), form)


def _of_checkpoint(name: str, form: Picture | Sound | Recording) -> Predictor:
    import_keras()
    from zoo.checkpoints.load import load
    from zoo.data.inference import run

    checkpoint = load(name)
    task = task_of(checkpoint.card)
    return Predictor(
        form,
        checkpoint.labels,
        lambda x: task.predictions(run(checkpoint.model, x)),
        task=task,
    )


def _of_artifact(
    artifact: Artifact,
    labels_file: str | None,
    checkpoint: str | None,
    form: Picture | Sound | Recording | None,
    named: tuple[str, ...],
) -> Predictor:
    artifact.check_answers()
    form = form or form_of(artifact)
    # A file of one step takes any number of them.
    if len(form.shape) != len(artifact.shape) or any(
        own not in (None, size) for size, own in zip(form.shape, artifact.shape, strict=True)
    ):
        raise RequestError(
            f"{artifact.path} takes {artifact.shape}, {checkpoint or 'its checkpoint'} "
            f"{form.shape}; give the checkpoint that it was made from"
        )
    dtype = np.uint8 if isinstance(form, Picture) else np.float32
    outputs = artifact.run(np.zeros((1, *form.shape), dtype), None).shape[1]
    labels = artifact_labels(artifact, labels_file) or named
    labels = labels or tuple(str(number) for number in range(outputs))
    if len(labels) != outputs:
        raise RequestError(f"{artifact.path} has {outputs} outputs, there are {len(labels)} labels")
    return Predictor(form, labels, lambda x: artifact.run(x, None), artifact.hop)


def _best(scores: np.ndarray, predictor: Predictor, top: int) -> tuple[LabelScore, ...]:
    answers = predictor.task.answers(scores, predictor.labels, top)
    return tuple(LabelScore(label, round(score, 6)) for label, score in answers)
