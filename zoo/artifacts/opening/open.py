"""An exported file or folder, ready to run: a `.tflite` or a SavedModel."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.publish import REPORT
from zoo.artifacts.opening.process import Process
from zoo.artifacts.opening.trust import check_only_calculates
from zoo.data.examples import Examples
from zoo.errors import RequestError
from zoo.quiet import import_keras

_BATCH = 32
# Name of the output of a file that gives features.
EMBEDDING = "embedding"


@dataclass(frozen=True)
class Artifact:
    """An exported file or folder, loaded.

    Attributes:
        path: As the user gave it.
        shape: Shape of one input, without the batch; None: any number.
        run: Takes (examples, *shape) raw inputs, and the true lengths of sequences or None; returns
            (examples, outputs) float32.
        labels: Those inside the file, in the order of its outputs; may be empty.
        hop: Of a file whose window slides: its new samples of a call; 0: no window slides.
        output: Name of its output, which says what it gives.
    """

    path: str
    shape: tuple[int | None, ...]
    run: Callable[[Examples, np.ndarray | None], np.ndarray]
    labels: tuple[str, ...] = ()
    hop: int = 0
    output: str = ""

    def check_answers(self) -> None:
        """Refuses an artifact that gives features, of which nothing can be said.

        Raises:
            RequestError: It does.
        """
        if self.output == EMBEDDING:
            raise RequestError(
                f"{self.path} gives features, no labels or values; zoo embed --artifact="
                f"{self.path} writes them"
            )


@contextlib.contextmanager
def open_artifact(path: str, *, trust: bool = False, threads: int = 2) -> Iterator[Artifact]:
    """Opens a `.tflite` file, or a SavedModel's folder or the folder of its numbered versions.

    Both may come from strangers. A `.tflite` runs in a process of its own, so a damaged file cannot
    crash this one. A SavedModel is a program; it is only run if all it does is calculate.

    Args:
        path: The file or folder.
        trust: Whether a SavedModel may do more, such as read and write the user's files.
        threads: For a `.tflite`.

    Raises:
        RequestError: It is missing, does not have one input and one output, or does more than
            calculate.
    """
    check_written(path)
    if Path(path).is_dir():
        yield load_saved_model(path, trust=trust)
        return
    with Process(path, threads=threads) as process:
        facts = process.facts
        shape, labels = tuple(facts["shape"]), tuple(facts["labels"])
        yield Artifact(path, shape, process.run, labels, facts["hop"], facts["output"])


def check_written(path: str) -> None:
    """Refuses a file that an export left out, and says why; and the folder of a whole export.

    Args:
        path: The file or folder. If it has nothing to do with an export, nothing happens.

    Raises:
        RequestError: It is one of these.
    """
    asked = Path(path)
    report = (asked if asked.is_dir() else asked.parent) / REPORT
    if not report.is_file() or (asked.exists() and not asked.is_dir()):
        return
    try:
        artifacts = json.loads(report.read_text(encoding="utf-8"))["artifacts"]
        files = ", ".join(item["file"] for item in artifacts.values() if item["file"])
        checks = {} if asked.is_dir() else artifacts.get(asked.stem, {}).get("checks", {})
        failed = [f"{name}: {text[6:]}" for name, text in checks.items() if text[:5] == "fail:"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # Another program's report.
    if asked.is_dir():
        raise RequestError(f"{path} is a whole export; give one of its files: {files or 'none'}")
    if failed:
        raise RequestError(
            f"{path} was not written, since it failed {failed[0]}; written: {files or 'none'}"
        )


def artifact_labels(artifact: Artifact, file: str | None = None) -> tuple[str, ...]:
    """Returns the labels of an artifact, in the order of its outputs; empty if it has none.

    Args:
        artifact: The artifact.
        file: Text file with a label in each line; None: the labels inside the artifact, or else
            those of the `labels.txt` that the export wrote beside it.

    Raises:
        RequestError: The file is empty or not text, or `labels.txt` differs from the labels inside.
    """
    if file:
        return read_labels(file)
    place = _labels_beside(Path(artifact.path).resolve())
    beside = read_labels(str(place)) if place.is_file() else ()
    if beside and artifact.labels and beside != artifact.labels:
        raise RequestError(
            f"the labels inside {artifact.path} are {_first(artifact.labels)}, those of {place} "
            f"{_first(beside)}; remove one, or say which with --labels=FILE"
        )
    return artifact.labels or beside


def _labels_beside(path: Path) -> Path:
    """Returns the path of an export's `labels.txt`: beside its files, and beside `saved_model/`."""
    is_version = path.is_dir() and path.name.isdecimal()
    return (path.parent if is_version else path).parent / "labels.txt"


def _first(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:3]) + (f", … ({len(labels)} in all)" if len(labels) > 3 else "")


def read_labels(path: str) -> tuple[str, ...]:
    """Returns the labels in a text file with one in each line.

    Raises:
        RequestError: It is not text in UTF-8, or it is empty.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig").rstrip("\n")
    except UnicodeDecodeError as error:
        raise RequestError(f"the file of labels {path} is not a text file in UTF-8") from error
    if not text:
        raise RequestError(f"the file of labels {path} is empty")
    return tuple(text.split("\n"))


def load_saved_model(path: str, *, trust: bool) -> Artifact:
    """Loads a SavedModel into this process; see `open_artifact`."""
    import_keras()
    import tensorflow as tf

    versions = [p for p in Path(path).iterdir() if p.name.isdecimal() and p.is_dir()]
    folder = max(versions, key=lambda p: int(p.name), default=Path(path))
    if not (folder / "saved_model.pb").is_file():
        raise RequestError(f"--artifact {path} is not a SavedModel: it holds no saved_model.pb")
    try:
        if not trust:
            check_only_calculates(folder)
        loaded = tf.saved_model.load(str(folder))
        serve = loaded.signatures["serving_default"]
    except RequestError:
        raise
    except (KeyError, ValueError, OSError, tf.errors.OpError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise RequestError(f"--artifact {path} does not load as a SavedModel: {reason}") from error
    inputs, outputs = serve.structured_input_signature[1], serve.structured_outputs
    if len(inputs) != 1 or len(outputs) != 1:
        raise RequestError(
            f"--artifact {path} has {len(inputs)} inputs and {len(outputs)} outputs; one of each "
            "is needed"
        )
    (name, form), (output,) = next(iter(inputs.items())), outputs

    def run(x: Examples, lengths: np.ndarray | None) -> np.ndarray:
        # This reference to `loaded` keeps its variables alive as long as this function.
        assert loaded is not None
        parts = [x[start : start + _BATCH] for start in range(0, len(x), _BATCH)]
        return np.concatenate(
            [serve(**{name: tf.constant(part, form.dtype)})[output].numpy() for part in parts]
        )

    labels = _labels_served(loaded)
    return Artifact(path, tuple(form.shape[1:]), run, labels, output=str(output))


def _labels_served(loaded: Any) -> tuple[str, ...]:
    """Returns the labels in `classify_bytes`, a signature of this package's exports."""
    import tensorflow as tf

    if "classify_bytes" not in loaded.signatures:
        return ()
    texts = [
        tensor
        for tensor in loaded.signatures["classify_bytes"].captured_inputs
        if tensor.dtype == tf.string and tensor.shape.rank == 1
    ]
    if len(texts) != 1:
        return ()
    return tuple(text.decode(errors="replace") for text in texts[0].numpy())
