"""A training run: its folder, and how it becomes a checkpoint."""

from __future__ import annotations

import csv
import dataclasses
import importlib.metadata
import io
import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from zoo.checkpoints.card import Card, Input, Metric, read_card
from zoo.checkpoints.store import WEIGHTS, build_from_card, load, save
from zoo.data.dataset import Dataset, channel_statistics
from zoo.errors import RequestError
from zoo.files import write_text
from zoo.training.curves import plot_curves
from zoo.training.evaluation import evaluate
from zoo.training.fit import fit
from zoo.training.recipe import PRECISIONS, Recipe
from zoo.training.state import Row


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
) -> Card:
    """Trains a model from scratch into a checkpoint folder.

    The folder also gets `run.json`, `history.csv` and `curves.png`. The same call on an unfinished
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

    Returns:
        The card of the checkpoint.

    Raises:
        RequestError: `output` holds something else; a wrong name or value; a loss gone NaN.
    """
    config = dict(config or {})
    for key in ("name", "num_classes", "input_shape", "mean", "std"):
        if key in config:
            raise RequestError(f"config cannot set {key!r}: it follows from the data")
    settings = {
        "model": model,
        "config": config,
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint()},
        "shape": list(dataset.example_shape),
        "weights": weights,
        **dataclasses.asdict(recipe),
    }
    if (card := _finished(output, settings)) is not None:
        return card

    mean, std = channel_statistics(dataset.train)
    card = Card(
        model=model,
        labels=dataset.labels,
        input=Input(shape=dataset.example_shape, mean=mean, std=std),
        config=config,
        training={"command": command, **settings, "versions": versions()},
        licence=licence,
        source="trained from scratch with zoo train",
        task=dataset.task,
        columns=dataset.columns,
    )
    keras.utils.set_random_seed(recipe.seed)
    final = build_from_card(card)  # Before anything is written: it refuses what is wrong.
    network = _in_precision(card, recipe.precision) if recipe.precision != "float32" else final
    write_text(output / "run.json", json.dumps(dict(card.training), indent=2) + "\n")
    state = output / "state.safetensors"
    history = fit(network, dataset, recipe, state, callbacks)
    _write_history(history, output / "history.csv")
    plot_curves(history, output / "curves.png", f"{model} on {dataset.name}")
    final.set_weights(network.get_weights())
    save(final, output, card, dtype=weights)
    card = measure(output, dataset)
    state.unlink(missing_ok=True)
    return card


def measure(folder: Path, dataset: Dataset) -> Card:
    """Writes the test figures of a checkpoint, as it lies on disk, into its card.

    Args:
        folder: Of the checkpoint.
        dataset: Its test split is the measure.

    Returns:
        The card as written.
    """
    checkpoint = load(folder)
    result = evaluate(checkpoint.model, dataset, dataset.test)
    names = ("top1",) if dataset.task == "classification" else ("r2", "mae")
    metrics = tuple(
        Metric(name, round(getattr(result, name), 6), dataset.name, "test", result.examples)
        for name in names
    )
    card = dataclasses.replace(checkpoint.card, metrics=metrics)
    write_text(folder / "card.json", card.to_json())
    return card


def _in_precision(card: Card, precision: str) -> keras.Model:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(PRECISIONS[precision])
    try:
        return build_from_card(card)
    finally:
        keras.config.set_dtype_policy(before)


def _finished(output: Path, settings: Mapping[str, Any]) -> Card | None:
    """Returns the card of a finished run of these settings, None where there is work to do."""
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return None
    path = output / "run.json"
    if not path.is_file():
        raise RequestError(f"--output {output} exists and is not a run; choose another folder")
    if not (output / "state.safetensors").exists() and not (output / "card.json").exists():
        return None  # It stopped before there was anything to keep.
    run = _read_record(path)
    for key, value in json.loads(json.dumps(settings)).items():
        if run.get(key) != value:
            raise RequestError(
                f"--output {output} holds another run ({key} {run.get(key)!r}, now {value!r}); "
                "choose another folder"
            )
    if not (output / "card.json").exists():
        return None
    card = read_card(output)
    return card if card.metrics and (output / WEIGHTS).exists() else None


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
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
