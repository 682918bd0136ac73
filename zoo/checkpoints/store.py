"""Checkpoints on disk: a folder of `card.json` and `model.safetensors`."""

from __future__ import annotations

import dataclasses
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors
import safetensors.numpy

from zoo.checkpoints.adapt import adapt_channels
from zoo.checkpoints.card import CARD, WEIGHTS, Card, File, check_inside, task_of
from zoo.checkpoints.tensor_files import name_problems
from zoo.errors import DamagedError, RequestError
from zoo.files import sha256, whole_file, write_text
from zoo.frontends import frontend_of
from zoo.models.names import LOGITS, STEM_KERNELS, layer_of

if TYPE_CHECKING:
    import keras

_LOG = logging.getLogger("zoo")


def build_from_card(card: Card, **config: Any) -> keras.Model:
    """Builds the model that a card describes, with fresh weights.

    Args:
        card: The card.
        **config: Arguments of the builder that replace those of the card.
    """
    from zoo.models import build

    described: dict[str, Any] = {
        "num_classes": len(card.labels),
        "input_shape": card.input.shape,
        "mean": card.input.mean,
        "std": card.input.std,
    }
    if (frontend := frontend_of(card.input)) is not None:
        described["frontend"] = frontend
    return build(card.model, **{**described, **card.config, **config})


def save(
    model: keras.Model, folder: str | os.PathLike[str], card: Card, *, dtype: str = "float32"
) -> Card:
    """Writes a model as a checkpoint folder.

    The weights are written before the card, so a folder with a card is complete.

    Args:
        model: In the form that `card` describes.
        folder: Made if it does not exist; its other files stay.
        card: This function fills in `files`, `parameters` and `macs`.
        dtype: Type of the stored floats; "float16" halves the file. What float16 cannot hold stays
            as it is: larger numbers, and the values of a regression, which may have any unit.

    Returns:
        The card as it was written.

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
            if not np.isfinite(value).all():
                raise RequestError(f"weight {variable.path!r} is not finite")
            of_values = task_of(card).learns == "values" and layer_of(variable.path) == LOGITS
            if not of_values and np.abs(value).max(initial=0) <= np.finfo(dtype).max:
                value = value.astype(dtype)
        tensors[variable.path] = value

    (folder / CARD).unlink(missing_ok=True)
    with whole_file(folder / WEIGHTS) as path:
        path.write_bytes(safetensors.numpy.save(tensors))
    path = folder / WEIGHTS
    card = dataclasses.replace(
        card,
        files={WEIGHTS: File(path.stat().st_size, sha256(path))},
        parameters=sum(int(np.prod(v.shape)) for v in model.trainable_variables),
        macs=count_macs(model),
    )
    write_text(folder / CARD, card.to_json())
    return card


def _check_rebuilds(model: keras.Model, card: Card) -> None:
    """Refuses a model that differs from what its card builds, since its weights would be lost."""
    forms = [
        {variable.path: tuple(variable.shape) for variable in network.weights}
        for network in (model, build_from_card(card))
    ]
    differing = sorted(dict(forms[0].items() ^ forms[1].items()))
    if differing:
        raise RequestError(
            f"the card does not describe this model: they differ in {differing[0]!r} and "
            f"{len(differing) - 1} other weights; mend its config, and name every layer of a block"
        )


def load_weights(
    model: keras.Model,
    folder: Path,
    card: Card,
    *,
    skip: str | None = None,
    adapt_stem: bool = False,
    values: dict[str, np.ndarray] | None = None,
) -> None:
    """Loads the weights of a checkpoint's folder into a model, by the paths of its variables.

    The whole file is checked before any weight is assigned.

    Args:
        model: In the form that `card` describes.
        folder: Folder of the checkpoint.
        card: Its card.
        skip: Name of a layer that keeps its own weights.
        adapt_stem: Whether to adapt a stem for another number of channels.
        values: What `read_weights` returned for the folder; None: it is read.

    Raises:
        RequestError: The file does not fit, or a weight is not finite; the message names tensors.
        DamagedError: The file is missing or does not match the card.
    """
    path = folder / WEIGHTS
    variables = {v.path: v for v in model.weights if skip is None or layer_of(v.path) != skip}
    values = read_weights(folder, card) if values is None else values
    present = {name for name in values if skip is None or layer_of(name) != skip}
    if problems := name_problems(present, set(variables)):
        raise RequestError(f"{path} {'; '.join(problems)}")
    for name, variable in variables.items():
        shape = tuple(variable.shape)
        other_channels = values[name].ndim == 4 and values[name].shape != shape
        if adapt_stem and name in STEM_KERNELS and other_channels:
            _LOG.warning(
                "%s: the stem is adapted from %d to %d channels",
                model.name, values[name].shape[2], shape[2],
            )  # fmt: skip
            values[name] = adapt_channels(values[name], shape[2])
        if values[name].shape != shape:
            raise RequestError(
                f"{path}: tensor {name!r} has shape {values[name].shape}, the model has {shape}"
                + (f": the card has {len(card.labels)} labels" if layer_of(name) == LOGITS else "")
            )
        if (values[name].dtype.kind == "f") != ("float" in str(variable.dtype)):
            raise RequestError(
                f"{path}: tensor {name!r} is of type {values[name].dtype}, the model's is "
                f"{variable.dtype}"
            )
    for name, variable in variables.items():
        variable.assign(values[name])


def read_weights(folder: Path, card: Card) -> dict[str, np.ndarray]:
    """Reads the weights of a checkpoint's folder, by the paths of the variables.

    Raises:
        RequestError: It is no safetensors file, lies outside the folder, or a weight is not finite.
        DamagedError: The file is missing or does not match the card.
    """
    path = folder / WEIGHTS
    expected = _expected(path, card)
    problem: str | None = None
    values: dict[str, np.ndarray] = {}
    # Hashing takes longest. Reading and checking run at the same time, on the same mapped pages.
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(sha256, path)
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                values = {name: file.get_tensor(name) for name in file.offset_keys()}
        except (safetensors.SafetensorError, TypeError, ValueError) as error:
            problem = f"{path} is not a safetensors file: {error}"
        for name, value in values.items():
            if not _is_finite(value):
                problem = f"{path}: tensor {name!r} is not finite"
    if hashed.result() != expected.sha256:
        raise DamagedError(
            f"{path} has sha256 {hashed.result()[:12]}…, its card says {expected.sha256[:12]}…; "
            "get the checkpoint anew"
        )
    if problem is not None:
        raise RequestError(problem)
    return values


def _is_finite(value: np.ndarray) -> bool:
    # If any value is NaN or infinite, so are the extremes, and they need no temporary array.
    return not value.size or bool(np.isfinite([value.min(), value.max()]).all())


def _expected(path: Path, card: Card) -> File:
    if not path.is_file():
        raise DamagedError(f"{path.parent} is not a whole checkpoint: it holds no {path.name}")
    check_inside(path)
    if path.name not in card.files:
        raise RequestError(f"{path.parent / CARD} does not list {path.name}")
    return card.files[path.name]
