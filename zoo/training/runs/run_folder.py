"""The folder of a training: the names of its files, its lock, and whether the run is finished."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from zoo.checkpoints.card import CARD, WEIGHTS, Card, read_card
from zoo.checkpoints.load import load
from zoo.checkpoints.provenance import RUN_RECORD, SEARCH_RECORD
from zoo.checkpoints.typed_json import parse_json
from zoo.errors import RequestError
from zoo.files import check_writable, held, whole_folder, write_text
from zoo.training.runs.differences import differences, more_epochs

Row: TypeAlias = dict[str, float]  # The figures of an epoch.

RECORD, HISTORY, CURVES, PAGE = RUN_RECORD, "history.csv", "curves.png", "result.html"
RESULT, RATES = "result.json", "learning_rate.png"
LOGS, TRAJECTORY = "tensorboard", "trajectory"  # Folders.
# Files that only an unfinished run has.
STATE, HEAD_STATE = "state.safetensors", "head.state.safetensors"
FEATURES, TAUGHT = "features.safetensors", "teacher.safetensors"
_TEMPORARY = (STATE, HEAD_STATE, FEATURES, TAUGHT)
_COUNTS = ("stage", "epoch")  # Columns of the history that hold whole numbers.
# While a finished run gets more epochs: a folder of what it was, and a key of its record.
BEFORE, EXTENDS = "before", "extends"


@contextlib.contextmanager
def begun(output: Path, record: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[None]:
    """Writes the record of a run, and locks its folder during the block.

    Args:
        output: The folder of the run.
        record: The content of `run.json`.
        settings: The part of it that must be equal to continue a run.

    Raises:
        RequestError: Another process writes into the folder, it holds something else, or a run to
            extend has no readable weights.
    """
    with held(output):
        # Checked again: another run may have ended there meanwhile.
        done = finished(output, settings) is not None
        if not done and _is_to_extend(output, settings):
            load(output)  # What cannot be extended stays as it is.
            shutil.rmtree(output / BEFORE, ignore_errors=True)
            with whole_folder(output / BEFORE) as before:
                for name in (CARD, WEIGHTS, HISTORY):
                    shutil.copy2(output / name, before / name)
            record = {**record, EXTENDS: True}
        elif extends(output):
            record = {**record, EXTENDS: True}
        write_text(output / RECORD, json.dumps(record, indent=2) + "\n")
        yield


def extends(output: Path) -> bool:
    """Returns whether a run is being extended: its folder `BEFORE` holds what it was."""
    return (output / BEFORE / CARD).exists() and EXTENDS in read_record(output / RECORD)


def is_run(output: Path) -> bool:
    """Returns whether a folder holds a run, be it finished or not; otherwise one can begin there.

    Raises:
        RequestError: It holds something else, or cannot be written.
    """
    # A hidden file is an unfinished one of a killed process.
    if not output.exists() or (
        output.is_dir()
        and all(
            path.name.startswith(".") or path.name in (SEARCH_RECORD, RATES)
            for path in output.iterdir()
        )
    ):
        check_writable(output)
        return False
    if not (output / RECORD).is_file():
        raise RequestError(f"--output {output} exists and is not a run; choose another folder")
    return True


def finished(output: Path, settings: Mapping[str, Any], *, extensible: bool = True) -> Card | None:
    """Returns the card of a finished run of these settings; None if it is not finished.

    A run that differs in having fewer epochs is not finished either, if it may be extended.

    Raises:
        RequestError: The folder holds something else, or a run of other settings.
    """
    if not is_run(output):
        return None
    if not _has_saved(output):
        return None
    if changed := differences(read_record(output / RECORD), json.loads(json.dumps(settings))):
        if extensible and _is_to_extend(output, settings):
            return None
        crossed = settings.get("folds") and all(word.startswith("epochs:") for word in changed)
        why = ", and a cross-validated run gets no more epochs" if crossed else ""
        raise RequestError(
            f"--output {output} holds another run: {'; '.join(changed)}{why}. Choose another "
            "folder, or ask for the same"
        )
    if not (output / CARD).exists() or extends(output):
        return None
    card = read_card(output)
    if not card.metrics or not (output / WEIGHTS).exists():
        return None
    tidy(output)
    return card


def _is_to_extend(output: Path, settings: Mapping[str, Any]) -> bool:
    """Returns whether a finished run is asked for again with more epochs, and nothing else."""
    whole = all((output / name).is_file() for name in (CARD, WEIGHTS, HISTORY))
    if not whole or extends(output) or any(_unfinished(output)):
        return False
    return more_epochs(read_record(output / RECORD), json.loads(json.dumps(settings)))


def tidy(output: Path) -> None:
    """Removes files that only an unfinished run needs, and unfinished files of killed processes."""
    shutil.rmtree(output / BEFORE, ignore_errors=True)
    names = (*_TEMPORARY, RECORD)
    partly = (part for name in names for part in output.glob(f".{name}.*"))
    for path in (*_unfinished(output), *partly):
        path.unlink(missing_ok=True)


def write_history(output: Path, history: Sequence[Row]) -> None:
    """Writes the figures of the epochs, which all have the same names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(output / HISTORY, text.getvalue())


def read_history(output: Path) -> list[Row]:
    """Returns the figures of the epochs of a finished run."""
    with (output / HISTORY).open(encoding="utf-8", newline="") as file:
        return [
            {key: (int if key in _COUNTS else float)(value) for key, value in row.items()}
            for row in csv.DictReader(file)
        ]


def kept_recipe(output: Path) -> dict[str, Any]:
    """Returns the recipe of a run that goes on, as its record has it; empty: none does.

    Where nothing was saved yet, any other run may begin, so the record says nothing about it.

    Args:
        output: The folder of the run. Of a fine-tuning, the recipe is that of the network.
    """
    if not (output / RECORD).is_file() or not _has_saved(output):
        return {}
    record = read_record(output / RECORD)
    recipe = record.get("whole", record)
    return recipe if isinstance(recipe, dict) else {}


def _has_saved(output: Path) -> bool:
    return any(_unfinished(output)) or (output / CARD).exists()


def _unfinished(output: Path) -> list[Path]:
    return [path for path in map(output.joinpath, _TEMPORARY) if path.exists()]


def read_record(path: Path) -> dict[str, Any]:
    """Returns the content of `run.json`.

    Raises:
        RequestError: It is damaged, or no record of a run.
    """
    try:
        record = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RequestError(f"{path} is not the record of a run: {error}") from error
    if not isinstance(record, dict):
        raise RequestError(f"{path} is not the record of a run; choose another --output")
    return record
