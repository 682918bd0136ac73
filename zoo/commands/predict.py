"""`zoo predict FILE…`: what is on a person's own pictures."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from absl import flags

from zoo.artifacts.open import Artifact, artifact_labels, open_artifact
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.commands.console import complain, console, print_json
from zoo.commands.flags.trusting import define_trust
from zoo.commands.runner import DONE, NOT_GOOD_ENOUGH, WRONG_REQUEST, Command
from zoo.commands.terminal import bar
from zoo.errors import RequestError
from zoo.printable import printable
from zoo.quiet import import_keras

if TYPE_CHECKING:
    from zoo.checkpoints.card import Card, Input

_AT_ONCE = 256  # Decoded pictures held in memory.

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string(
    "artifact", None,
    "or a .tflite file or a SavedModel's folder; with --checkpoint, prepared as its card says",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "labels", None,
    "of an artifact: text file with a label a line; default those inside it, or labels.txt beside",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer("top", 5, "labels for each picture", lower_bound=1, flag_values=FLAGS)
flags.DEFINE_bool("json", False, "print JSON instead of lines", flag_values=FLAGS)
define_trust(FLAGS)


class _Score(TypedDict):
    label: str
    score: float


class _Row(TypedDict):
    file: str
    labels: list[_Score]


@dataclass(frozen=True)
class _Predictor:
    """What tells pictures apart: how it wants them, its labels, and pixels to probabilities."""

    form: Input
    labels: tuple[str, ...]
    run: Callable[[np.ndarray], np.ndarray]


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Predicts."""
    if not values.checkpoint and not values.artifact:
        raise RequestError("say what to predict with: --checkpoint=NAME or --artifact=FILE")
    if values.labels and not values.artifact:
        raise RequestError("--labels is of an --artifact; a checkpoint has its own")
    files = _files(rest)
    card = checkpoint_card(values.checkpoint) if values.checkpoint else None
    if card is not None:
        _check(card, values.checkpoint)
    with contextlib.ExitStack() as stack:
        if values.artifact:
            artifact = stack.enter_context(open_artifact(values.artifact, trust=values.trust))
            predictor = _of_artifact(artifact, values, card)
        else:
            predictor = _of_checkpoint(values.checkpoint)
        return _tell(predictor, files, values)


def _tell(predictor: _Predictor, files: Sequence[Path], values: flags.FlagValues) -> int:
    top = min(values.top, len(predictor.labels))
    from zoo.data.pictures.files import decode_into

    sides = [side or 0 for side in predictor.form.shape]
    told: list[_Row] = []
    broken: list[dict[str, str]] = []
    terminal = console()
    for start in range(0, len(files), _AT_ONCE):
        part = files[start : start + _AT_ONCE]
        pictures = np.empty((len(part), *sides), np.uint8)
        with bar(terminal, "decoding") as progress:
            reasons = decode_into(pictures, part, predictor.form, progress)
        for index, reason in reasons.items():
            broken.append({"file": printable(str(part[index])), "reason": reason})
            complain(f"skipped {part[index]}: {reason}")
        whole = [path for index, path in enumerate(part) if index not in reasons]
        if not whole:
            continue
        scores = predictor.run(pictures[: len(whole)])
        rows: list[_Row] = [
            {"file": printable(str(path)), "labels": _best(row, predictor.labels, top)}
            for path, row in zip(whole, scores, strict=True)
        ]
        told += rows
        if not values.json:
            for row in rows:
                best = ", ".join(f"{each['label']} {each['score']:.2%}" for each in row["labels"])
                terminal.print(f"{row['file']}: {best}", soft_wrap=True)
    if values.json:
        print_json({"predictions": told, "broken": broken})
    if broken:
        complain(f"{len(broken)} of {len(files)} pictures are broken and were skipped")
        return NOT_GOOD_ENOUGH if told else WRONG_REQUEST
    return DONE


def _files(rest: Sequence[str]) -> list[Path]:
    from zoo.data.pictures.tree import scan

    if not rest:
        raise RequestError("say which pictures: zoo predict --checkpoint=NAME FILE…, or a folder")
    files: list[Path] = []
    for name in rest:
        path = Path(name)
        if path.is_dir():
            folder, left_out = scan(path)
            if not folder.holds_pictures():
                raise RequestError(f"{name} holds no JPEG, PNG, GIF, BMP or WebP files")
            for note in left_out.notes():
                complain(note)
            files += folder.below()
        elif path.exists():
            files.append(path)
        else:
            raise RequestError(f"there is no file {name!r}")
    return files


def _check(card: Card, name: str) -> None:
    from zoo.models import MODELS
    from zoo.tasks import find_task

    kind = MODELS.get(card.model).input
    if kind != "image" or find_task(card.task).learns != "classes":
        raise RequestError(f"zoo predict tells the classes of pictures; {name} takes a {kind}")


def _of_checkpoint(name: str) -> _Predictor:
    import_keras()
    from zoo.checkpoints.load import load
    from zoo.tasks import find_task
    from zoo.training.inference import run

    checkpoint = load(name)
    predictions = find_task(checkpoint.card.task).predictions
    return _Predictor(
        checkpoint.card.input, checkpoint.labels, lambda x: predictions(run(checkpoint.model, x))
    )


def _of_artifact(artifact: Artifact, values: flags.FlagValues, card: Card | None) -> _Predictor:
    from zoo.checkpoints.card import Input

    match artifact.shape:
        case (int(height), int(width), 1 | 3 as channels):
            shape = (height, width, channels)
        case _:
            raise RequestError(f"{artifact.path} takes {artifact.shape}, which is no picture")
    form = card.input if card else Input(shape=shape, mean=(), std=())
    if form.shape != shape:
        raise RequestError(
            f"{artifact.path} takes {shape}, {values.checkpoint} {form.shape}; "
            "give the checkpoint that it was made from"
        )
    probe = artifact.run(np.zeros((1, *shape), np.uint8), None)
    labels = artifact_labels(artifact, values.labels) or (card.labels if card else ())
    labels = labels or tuple(str(number) for number in range(probe.shape[1]))
    if len(labels) != probe.shape[1]:
        raise RequestError(
            f"{artifact.path} tells {probe.shape[1]} classes apart, there are {len(labels)} labels"
        )
    return _Predictor(form, labels, lambda x: artifact.run(x, None))


def _best(scores: np.ndarray, labels: Sequence[str], top: int) -> list[_Score]:
    order = np.argsort(-scores, kind="stable")[:top]
    return [{"label": labels[index], "score": round(float(scores[index]), 6)} for index in order]


COMMAND = Command(
    "predict",
    "FILE…: labels and scores for pictures and folders of pictures.\n\n"
    "Exit code 1 means that some pictures are broken, 2 that all are.",
    FLAGS,
    main,
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
