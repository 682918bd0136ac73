"""An exported file or folder, ready to run: a `.tflite` or a SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import export
from zoo.errors import RequestError

_BATCH = 32


@dataclass(frozen=True)
class Artifact:
    """What was exported, loaded.

    Attributes:
        path: As the user gave it.
        shape: Of one input, without the batch; None: any number.
        run: From (examples, *shape) raw inputs, and of sequences their true lengths or None, to
            (examples, outputs) float32.
    """

    path: str
    shape: tuple[int | None, ...]
    run: Callable[[np.ndarray, np.ndarray | None], np.ndarray]


def open_artifact(path: str) -> Artifact:
    """Opens a `.tflite` file, or a SavedModel's folder or the folder of its numbered versions.

    Raises:
        RequestError: There is none, or it has not one input and one output.
    """
    if Path(path).is_dir():
        return _open_saved_model(path)
    if not Path(path).is_file():
        raise RequestError(f"--artifact {path} is not a file or folder")
    try:
        model = export.load_lite(path, threads=2)
    except ValueError as error:
        raise RequestError(f"--artifact {path}: {error}") from error
    shape: tuple[int | None, ...] = tuple(model.input.shape[1:])
    if isinstance(model, export.LiteStream):
        shape = (None, *shape[1:])
    return Artifact(path, shape, model)


def artifact_labels(path: str, file: str | None) -> tuple[str, ...] | None:
    """Returns the labels of an artifact, in the order of its outputs.

    Args:
        path: Of the artifact.
        file: Text file with a label a line; None: the `labels.txt` that the export wrote beside.

    Returns:
        None where there are none.

    Raises:
        RequestError: The file is not text, or empty.
    """
    beside = Path(path).resolve().parent
    places = [Path(file)] if file else [beside / "labels.txt", beside.parent / "labels.txt"]
    for place in places:
        if file or place.is_file():
            return read_labels(str(place))
    return None


def read_labels(path: str) -> tuple[str, ...]:
    """Returns the labels in a text file with one a line.

    Raises:
        RequestError: It is no text in UTF-8, or an empty one.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig").rstrip("\n")
    except UnicodeDecodeError as error:
        raise RequestError(f"the file of labels {path} is not a text file in UTF-8") from error
    if not text:
        raise RequestError(f"the file of labels {path} is empty")
    return tuple(text.split("\n"))


def _open_saved_model(path: str) -> Artifact:
    import tensorflow as tf

    versions = [p for p in Path(path).iterdir() if p.name.isdecimal() and p.is_dir()]
    folder = max(versions, key=lambda p: int(p.name), default=Path(path))
    if not (folder / "saved_model.pb").is_file():
        raise RequestError(f"--artifact {path} is not a SavedModel: it holds no saved_model.pb")
    try:
        loaded = tf.saved_model.load(str(folder))
        serve = loaded.signatures["serving_default"]
    except (KeyError, ValueError, OSError, tf.errors.OpError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise RequestError(f"--artifact {path} does not load as a SavedModel: {reason}") from error
    inputs, outputs = serve.structured_input_signature[1], serve.structured_outputs
    if len(inputs) != 1 or len(outputs) != 1:
        raise RequestError(
            f"--artifact {path} has {len(inputs)} inputs and {len(outputs)} outputs; one of each "
            "is needed"
        )
    (name, form), (told,) = next(iter(inputs.items())), outputs

    def run(x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        # `loaded` is named here so that its variables live as long as this function.
        assert loaded is not None
        parts = [x[start : start + _BATCH] for start in range(0, len(x), _BATCH)]
        return np.concatenate(
            [serve(**{name: tf.constant(part, form.dtype)})[told].numpy() for part in parts]
        )

    return Artifact(path, tuple(form.shape[1:]), run)
