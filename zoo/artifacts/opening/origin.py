"""What an exported file says about the raw data that it takes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import export
from export.tflite.metadata import OUTPUTS
from zoo.artifacts.opening.open import Artifact
from zoo.checkpoints.card import WEIGHTS, Card
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.checkpoints.typed_json import construct, parse_json
from zoo.errors import RequestError
from zoo.forms import Form, Picture, Recording, Sound
from zoo.tasks import Task, find_task
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.multilabel import MULTILABEL
from zoo.tasks.regression import REGRESSION

# Fields of the origin that an exported file and its report name.
_FORM, _LEARNT = "form", "data_fingerprint"
_TASK, _THRESHOLDS = "task", "thresholds"


def origin_of(card: Card) -> dict[str, str]:
    """Returns what an exported file has to say about what it takes and what it tells.

    Of classes of pictures that are scaled as a whole it says nothing: see `picture_of`.
    """
    form, learnt = card.input, card.training.data if card.training else None
    of_classes = find_task(card.task).learns == "classes"
    if not isinstance(form, (Picture, Recording, Sound)):
        return {}
    if isinstance(form, Picture) and of_classes and _is_plain(form):
        return {}
    return {
        _FORM: json.dumps({"kind": form.kind, **dataclasses.asdict(form)}),
        _LEARNT: learnt.fingerprint if learnt else "",
        **({} if of_classes else {_TASK: card.task}),
        **({_THRESHOLDS: json.dumps(card.thresholds)} if card.thresholds else {}),
    }


def form_of_artifact(path: str) -> Picture | Recording | Sound | None:
    """Returns the form that `origin_of` wrote; None: the file was exported for other data.

    A `.tflite` holds it. For a SavedModel it is in the `report.json` that the export wrote beside.

    Raises:
        RequestError: It is no such form.
    """
    text = _origin(path).get(_FORM)
    try:
        form = construct(Form, parse_json(text)) if isinstance(text, str) else None
    except ValueError as error:
        raise RequestError(f"{path} does not say which data it takes: {error}") from error
    return form if isinstance(form, (Picture, Recording, Sound)) else None


def picture_of(shape: tuple[int | None, ...]) -> Picture | None:
    """Returns the form of a file that says nothing, by its input; None: it takes no picture.

    Any classifier of pictures takes them whole, scaled to its size.
    """
    match shape:
        case (int(height), int(width), 1 | 3 as channels):
            return Picture((height, width, channels), mean=(), std=())
    return None


def form_of(artifact: Artifact) -> Picture | Sound | Recording:
    """Returns what an artifact takes, by its shape and by what the export wrote.

    Raises:
        RequestError: It is neither a picture, nor a sound or a recording that the export described.
    """
    if (form := form_of_artifact(artifact.path)) is not None:
        return form
    if (picture := picture_of(artifact.shape)) is not None:
        return picture
    raise RequestError(
        f"{artifact.path} takes {artifact.shape}, which is no picture; if it takes sounds or "
        "recordings, say --checkpoint too, the one that it was exported from, whose card holds "
        "their rate"
    )


def _is_plain(form: Picture) -> bool:
    plain = picture_of(form.shape)
    return plain is not None and plain.preparation == form.preparation


def task_of_artifact(path: str) -> Task:
    """Returns the task that `origin_of` wrote, with its thresholds; else what the outputs are.

    Of models that are no checkpoint's, `export.export_model` says what the outputs are.

    Raises:
        RequestError: There is no such task, or the thresholds are no probabilities.
    """
    origin = _origin(path)
    outputs = origin.get(OUTPUTS)
    outputs = outputs if isinstance(outputs, dict) else {}
    said = outputs.get(_THRESHOLDS, [])
    of_outputs = REGRESSION if outputs.get("kind") == "values" else CLASSIFICATION
    task = find_task(str(origin.get(_TASK, (MULTILABEL if said else of_outputs).name)))
    try:
        known = parse_json(str(origin[_THRESHOLDS])) if _THRESHOLDS in origin else said
        thresholds = tuple(map(float, known))
        if not all(0 <= threshold <= 1 for threshold in thresholds):
            raise ValueError("they are not from 0 to 1")
    except (TypeError, ValueError) as error:
        raise RequestError(f"the thresholds of {path} cannot be read: {error}") from error
    return task.decided(thresholds)


def card_of_artifact(path: str, labels: tuple[str, ...]) -> Card | None:
    """Returns a card with which data are read and divided as for the checkpoint of an artifact.

    Args:
        path: Path of the artifact.
        labels: Its labels.

    Raises:
        RequestError: As `form_of_artifact`, which says too when there is none.
    """
    if (form := form_of_artifact(path)) is None:
        return None
    fingerprint = _origin(path).get(_LEARNT)
    learnt = Learnt("", fingerprint if isinstance(fingerprint, str) else "")
    task = task_of_artifact(path)
    return Card(
        model="",
        labels=labels,
        input=form,
        training=Provenance(data=learnt),
        task=task.name,
        thresholds=task.thresholds,
    )


def data_of_artifact(path: str) -> str:
    """Returns the name of the data that an export was measured with; empty: it has none."""
    return str(_origin(path).get("data", ""))


def check_origin(path: str, name: str, card: Card) -> None:
    """Refuses a checkpoint if a `.tflite` file says that it was exported from another one.

    Args:
        path: Path of the file; a SavedModel does not say.
        name: Name of the checkpoint, as the user gave it.
        card: Card of the checkpoint.

    Raises:
        RequestError: The file was made from other weights.
    """
    weights = card.files.get(WEIGHTS)
    if weights is None or Path(path).is_dir():
        return
    origin = _origin(path)
    made_from = origin.get("weights_sha256")
    if made_from is not None and made_from != weights.sha256:
        raise RequestError(
            f"{path} was not exported from {name}, whose weights are others; give the checkpoint "
            f"that it was made from ({origin.get('checkpoint')})"
        )


def _origin(path: str) -> Mapping[str, Any]:
    place = Path(path).resolve()
    origin: Any
    try:
        if place.is_file():
            text = export.file_inside(place, export.IDENTITY)
        else:
            folder = place.parent if place.name.isdecimal() else place
            text = (folder.parent / "report.json").read_text(encoding="utf-8")
        origin = parse_json(text)
    except (export.ExportError, OSError, ValueError):
        return {}
    return origin if isinstance(origin, dict) else {}
