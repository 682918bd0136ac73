"""A training run: its folder, and how it becomes a checkpoint."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import importlib.metadata
import io
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from zoo.checkpoints.card import Card, Input, Metric, read_card
from zoo.checkpoints.load import load
from zoo.checkpoints.store import WEIGHTS, build_from_card, save
from zoo.checkpoints.typed_json import parse_json
from zoo.data.dataset import Dataset, input_statistics
from zoo.errors import RequestError
from zoo.files import held, write_text
from zoo.tasks.classification import ClassificationScore
from zoo.training.differences import differences
from zoo.training.distribution.distribution import ALONE, Distribution
from zoo.training.fit import check_recipe, fit
from zoo.training.inference import run
from zoo.training.recipe import PRECISIONS, Recipe
from zoo.training.report.curves import plot_curves
from zoo.training.report.page import write_result
from zoo.training.state import Row

RECORD = "run.json"
STATE = "state.safetensors"
_TEMPORARY = (STATE, "head.state.safetensors", "features.safetensors")


def train(
    model: str,
    dataset: Dataset,
    recipe: Recipe,
    output: Path,
    *,
    config: Mapping[str, Any] | None = None,
    weights: str = "float32",
    licence: str = "unknown",
    command: str = "",
    callbacks: Sequence[keras.callbacks.Callback] = (),
    distribution: Distribution = ALONE,
) -> Card:
    """Trains a model from scratch into a checkpoint folder.

    The folder also gets `run.json`, `history.csv`, `curves.png` and the page of
    `zoo.training.report.page`. The same call on an unfinished
    folder goes on after its last whole epoch; on a finished one it does nothing.

    Args:
        model: A name of `zoo.list_models()`.
        dataset: What to learn.
        recipe: How.
        output: The folder.
        config: Arguments of the model's builder.
        weights: Type of the stored weights, "float32" or "float16"; accuracy is measured with them.
        licence: Of the checkpoint, an SPDX name.
        command: What the user typed, for the record.
        callbacks: Told of the progress.
        distribution: Who else trains; all call this with the same arguments. The chief alone
            writes, and the others return when it has.

    Returns:
        The card of the checkpoint.

    Raises:
        RequestError: `output` holds something else; a wrong name or value; a loss gone NaN.
        StoppedError: It was stopped before its end; the same call goes on.
    """
    config = dict(config or {})
    settings = {
        "model": model,
        "config": config,
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint()},
        "shape": list(dataset.example_shape),
        "weights": weights,
        **dataclasses.asdict(recipe),
    }
    distribution.check_precision(recipe.precision)
    distribution.check_same(settings)
    if (done := distribution.card_of_chief(lambda: finished(output, settings))) is not None:
        return done

    check_recipe(recipe, dataset)
    card = dataclasses.replace(
        describe(model, dataset, config),
        training={"command": command, **settings, "versions": versions()},
        licence=licence,
        source="trained from scratch with zoo train",
    )
    keras.utils.set_random_seed(recipe.seed)
    final = build_from_card(card)  # Before anything is written: it refuses what is wrong.
    network = final
    if distribution.strategy is not None or recipe.precision != "float32":
        with distribution.scope():
            network = in_precision(card, recipe.precision)
        for variable, initial in zip(network.variables, final.variables, strict=True):
            variable.assign(initial)
    with begun(output, card.training, settings, distribution):
        history = fit(
            network, dataset, recipe, output / STATE, callbacks, distribution=distribution
        )
        final.set_weights(network.get_weights())
        done = distribution.card_of_chief(
            lambda: finish(final, card, dataset, history, output, weights)
        )
    assert done is not None
    return done


def describe(model: str, dataset: Dataset, config: Mapping[str, Any]) -> Card:
    """Returns the card that a training of a model on a data set begins with.

    Args:
        model: A name of `zoo.list_models()`.
        dataset: Its shape, classes and statistics decide the rest.
        config: Arguments of the model's builder.

    Raises:
        RequestError: `config` sets what follows from the data.
    """
    for key in ("name", "num_classes", "input_shape", "mean", "std"):
        if key in config:
            raise RequestError(f"config cannot set {key!r}: it follows from the data")
    mean, std = input_statistics(dataset)
    return Card(
        model=model,
        labels=dataset.labels,
        input=Input(shape=dataset.example_shape, mean=mean, std=std),
        config=dict(config),
        task=dataset.task.name,
        columns=dataset.columns,
    )


def finish(
    model: keras.Model,
    card: Card,
    dataset: Dataset,
    history: Sequence[Row],
    output: Path,
    dtype: str,
) -> Card:
    """Makes a trained model the checkpoint of its run, and removes what resuming needed.

    Args:
        model: In the form that `card` describes.
        card: Its metrics are measured here.
        dataset: What it learnt.
        history: Rows of `zoo.training.fit.fit`.
        output: The folder of the run.
        dtype: Of the stored weights.

    Returns:
        The card as written.
    """
    _write_history(history, output / "history.csv")
    plot_curves(
        history, output / "curves.png", f"{card.model} on {dataset.name}", dataset.task.watched
    )
    save(model, output, card, dtype=dtype)
    card = measure(output, dataset)
    _tidy(output)
    return card


def measure(folder: Path, dataset: Dataset) -> Card:
    """Writes the test figures of a checkpoint, as it lies on disk, into its card.

    Of a classifier, also `result.html` and the pictures that it shows.

    Args:
        folder: Of the checkpoint.
        dataset: Its test split is the measure.

    Returns:
        The card as written.
    """
    checkpoint = load(folder)
    card, test, task = checkpoint.card, dataset.test, dataset.task
    predictions = task.predictions(run(checkpoint.model, test.x))
    score = task.score(predictions, test.y, card.labels)
    metrics = tuple(
        Metric(name, round(value, 6), dataset.name, "test", len(test))
        for name, value in score.figures.items()
    )
    card = dataclasses.replace(card, metrics=metrics)
    if isinstance(score, ClassificationScore):
        write_result(folder, card, predictions, test)
    write_text(folder / "card.json", card.to_json())
    return card


def in_precision(card: Card, precision: str) -> keras.Model:
    """Builds the model of a card for training with the arithmetic of `Recipe.precision`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(PRECISIONS[precision])
    try:
        return build_from_card(card)
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def begun(
    output: Path,
    record: Mapping[str, Any],
    settings: Mapping[str, Any],
    distribution: Distribution,
) -> Iterator[None]:
    """Writes the record of a run, and keeps other processes from its folder while the block runs.

    Args:
        output: The folder of the run.
        record: What `run.json` tells.
        settings: The part of it in which a run that goes on must be the same.
        distribution: Who else trains; the chief alone writes. All have to call this.

    Raises:
        RequestError: Another process writes into the folder, or it holds something else.
    """
    with contextlib.ExitStack() as stack:

        def begin() -> str:
            stack.enter_context(held(output))
            finished(output, settings)  # Again: another run may have ended there a moment ago.
            write_text(output / RECORD, json.dumps(record, indent=2) + "\n")
            return ""

        distribution.on_chief(begin)
        yield


def finished(output: Path, settings: Mapping[str, Any]) -> Card | None:
    """Returns the card of a finished run of these settings, None where there is work to do.

    Raises:
        RequestError: The folder holds something else, or a run of other settings.
    """
    # Hidden is what a kill left of a file that it was writing.
    if not output.exists() or (
        output.is_dir() and all(path.name.startswith(".") for path in output.iterdir())
    ):
        return None
    path = output / RECORD
    if not path.is_file():
        raise RequestError(f"--output {output} exists and is not a run; choose another folder")
    if not any(_unfinished(output)) and not (output / "card.json").exists():
        return None  # It stopped before there was anything to keep.
    if changed := differences(_read_record(path), json.loads(json.dumps(settings))):
        raise RequestError(
            f"--output {output} holds another run: {'; '.join(changed)}. Choose another folder, or "
            "ask for the same"
        )
    if not (output / "card.json").exists():
        return None
    card = read_card(output)
    if not card.metrics or not (output / WEIGHTS).exists():
        return None
    _tidy(output)
    return card


def _unfinished(output: Path) -> list[Path]:
    """Returns the files of a run that only an unfinished one has."""
    return [path for path in map(output.joinpath, _TEMPORARY) if path.exists()]


def _tidy(output: Path) -> None:
    """Removes what only an unfinished run needs, and what kills left of files being written."""
    names = (*_TEMPORARY, RECORD)
    partly = (part for name in names for part in output.glob(f".{name}.*"))
    for path in (*_unfinished(output), *partly):
        path.unlink(missing_ok=True)


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RequestError(f"{path} is not the record of a run: {error}") from error
    if not isinstance(record, dict):
        raise RequestError(f"{path} is not the record of a run; choose another --output")
    return record


def _write_history(history: Sequence[Row], path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(path, text.getvalue())


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that decide a result."""
    packages = ("zoo-residual", "keras", "tensorflow", "numpy")
    found = {"python": platform.python_version(), "backend": keras.backend.backend()}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
