"""Checkpoints on disk: a folder of `card.json` and `model.safetensors`."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors
import safetensors.numpy

from zoo.checkpoints.card import Card, File, read_card
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.errors import RequestError
from zoo.files import sha256, whole_file, write_text

if TYPE_CHECKING:
    import keras

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A model with all that travels with it."""

    model: keras.Model
    card: Card

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the logits."""
        return self.card.labels


def build_from_card(card: Card, **config: Any) -> keras.Model:
    """Builds the model that a card describes, with fresh weights.

    Args:
        card: The card.
        **config: Arguments of the builder over those of the card.
    """
    from zoo.models import build

    described = {
        "num_classes": len(card.labels),
        "input_shape": card.input.shape,
        "mean": card.input.mean,
        "std": card.input.std,
    }
    return build(card.model, **{**described, **card.config, **config})


def save(
    model: keras.Model, folder: str | os.PathLike[str], card: Card, *, dtype: str = "float32"
) -> Card:
    """Writes a model as a checkpoint folder.

    The weights are written before the card, so that a folder with a card is whole.

    Args:
        model: In the form that `card` describes.
        folder: Made where it does not exist; its other files stay.
        card: Its `files`, `parameters` and `macs` are filled in here.
        dtype: Of the stored floats; "float16" halves the file.

    Returns:
        The card as written.

    Raises:
        RequestError: A weight is not finite, or the labels do not fit the logits.
    """
    from zoo.models.macs import count_macs

    folder = Path(folder)
    if model.output_shape[-1] != len(card.labels):
        raise RequestError(
            f"the card has {len(card.labels)} labels for {model.output_shape[-1]} logits"
        )
    _check_rebuilds(model, card)
    tensors = {}
    for variable in model.weights:
        value = np.asarray(variable.value)
        if np.issubdtype(value.dtype, np.floating):
            value = value.astype(dtype)
            if not np.isfinite(value).all():
                raise RequestError(f"weight {variable.path!r} is not finite in {dtype}")
        tensors[variable.path] = value

    (folder / "card.json").unlink(missing_ok=True)
    with whole_file(folder / WEIGHTS) as path:
        path.write_bytes(safetensors.numpy.save(tensors))
    path = folder / WEIGHTS
    card = dataclasses.replace(
        card,
        files={WEIGHTS: File(path.stat().st_size, sha256(path))},
        parameters=sum(int(np.prod(v.shape)) for v in model.trainable_variables),
        macs=count_macs(model),
    )
    write_text(folder / "card.json", card.to_json())
    return card


def _check_rebuilds(model: keras.Model, card: Card) -> None:
    """Refuses a model that its card would not build again, before its weights are lost."""
    forms = [
        {variable.path: tuple(variable.shape) for variable in each.weights}
        for each in (model, build_from_card(card))
    ]
    differing = sorted(dict(forms[0].items() ^ forms[1].items()))
    if differing:
        raise RequestError(
            f"the card does not describe this model: they differ in {differing[0]!r} and "
            f"{len(differing) - 1} other weights; mend its config, and name every layer of a block"
        )


def load(name: str | os.PathLike[str]) -> Checkpoint:
    """Loads a checkpoint.

    Args:
        name: A name of `zoo.list_checkpoints()`, or the path of a checkpoint's folder.

    Raises:
        RequestError: There is no such checkpoint, or its files are not what its card says.
    """
    folder = find_checkpoint(name)
    card = read_card(folder)
    model = build_from_card(card)
    load_weights(model, folder, card)
    return Checkpoint(model, card)


def create_model(name: str, *, checkpoint: str | None = None, **config: Any) -> keras.Model:
    """Builds a model of the zoo; with a checkpoint, starts from its weights.

    Args:
        name: A name of `zoo.list_models()`.
        checkpoint: The tag of a checkpoint of that model ("cifar10" for "resnet18.cifar10"), or
            the path of a checkpoint's folder.
        **config: Arguments of the model's builder, such as `num_classes` and `input_shape`. Where
            `num_classes` differs from the checkpoint's, the head is fresh.

    Returns:
        A functional `keras.Model` that gives logits.

    Raises:
        RequestError: Unknown model, checkpoint or argument, or a value that the builder refuses.
    """
    from zoo.models import build

    if checkpoint is None:
        return build(name, **config)
    folder = find_checkpoint(
        checkpoint if (Path(checkpoint) / "card.json").is_file() else f"{name}.{checkpoint}"
    )
    card = read_card(folder)
    if card.model != name:
        raise RequestError(f"checkpoint {checkpoint!r} is of a {card.model}, not of a {name}")
    model = build_from_card(card, **config)
    fresh_head = config.get("num_classes", len(card.labels)) != len(card.labels)
    load_weights(model, folder, card, skip="logits" if fresh_head else None)
    return model


def load_weights(model: keras.Model, folder: Path, card: Card, *, skip: str | None = None) -> None:
    """Loads the weights of a checkpoint's folder into a model, by the paths of its variables.

    Args:
        model: In the form that `card` describes.
        folder: Of the checkpoint.
        card: Its card.
        skip: Name of a layer that keeps its own weights.

    Raises:
        RequestError: The file is missing, changed, or does not fit; tensors are named.
    """
    path = folder / WEIGHTS
    _check_file(path, card.files.get(WEIGHTS))
    variables = {
        variable.path: variable
        for variable in model.weights
        if skip is None or not variable.path.startswith(f"{skip}/")
    }
    try:
        # Mapped: each tensor is read from the page cache into its variable, no copy between.
        with safetensors.safe_open(path, framework="numpy") as file:
            found = set(file.keys())
            if skip is not None:
                found = {name for name in found if not name.startswith(f"{skip}/")}
            _check_names(path, found, set(variables))
            for name, variable in variables.items():
                value = file.get_tensor(name)
                if value.shape != tuple(variable.shape):
                    raise RequestError(
                        f"{path}: tensor {name!r} has shape {value.shape}, "
                        f"the model has {tuple(variable.shape)}"
                    )
                if not np.isfinite(value).all():
                    raise RequestError(f"{path}: tensor {name!r} is not finite")
                variable.assign(value)
    except safetensors.SafetensorError as error:
        raise RequestError(f"{path} is not a safetensors file: {error}") from error


def _check_file(path: Path, expected: File | None) -> None:
    if not path.is_file():
        raise RequestError(f"{path.parent} is not a whole checkpoint: it holds no {path.name}")
    if expected is None:
        raise RequestError(f"{path.parent / 'card.json'} does not list {path.name}")
    found = sha256(path)
    if found != expected.sha256:
        raise RequestError(
            f"{path} has sha256 {found[:12]}…, its card says {expected.sha256[:12]}…; "
            "get the checkpoint anew"
        )


def _check_names(path: Path, found: set[str], wanted: set[str]) -> None:
    for names, problem in ((wanted - found, "lacks"), (found - wanted, "has in excess")):
        if names:
            first = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
            raise RequestError(f"{path} {problem} {len(names)} tensors: {first}")
