"""Weights that others trained: read from their files, written as a checkpoint of the zoo."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy

from zoo.checkpoints.card import Card, Input
from zoo.checkpoints.foreign.torchvision_names import from_torchvision, to_torchvision
from zoo.errors import DamagedError, RequestError
from zoo.files import sha256, whole_file, whole_folder
from zoo.models import MODELS
from zoo.models.imagenet import IMAGENET_MEAN, IMAGENET_STD, imagenet_labels


def check_sha256(path: Path, expected: str | None) -> str:
    """Returns the SHA-256 of a file.

    Args:
        path: The file.
        expected: What it must be, in hexadecimal; None: anything.

    Raises:
        DamagedError: It is another.
    """
    found = sha256(path)
    if expected is not None and found != expected.lower():
        raise DamagedError(f"{path} has sha256 {found}, not {expected.lower()}; get it anew")
    return found


def describe(
    model: str, tensors: Mapping[str, np.ndarray], labels: tuple[str, ...] | None = None
) -> Card:
    """Returns a card for torchvision's tensors, with torchvision's usual preprocessing.

    Args:
        model: A name of `zoo.list_models()`.
        tensors: By torchvision's names: the head tells the classes, the stem the channels.
        labels: Names of the classes; None: ImageNet's for 1,000, else their numbers.

    Raises:
        RequestError: The model is no ResNet, the head or stem is missing, or the number of labels
            is another than that of the classes.
    """
    row = MODELS.get(model)
    if row.family != "resnet":
        raise RequestError(f"only ResNets are imported, and {model} is of family {row.family!r}")
    for name, axes, part in (("conv1.weight", 4, "stem"), ("fc.weight", 2, "head")):
        if name not in tensors or tensors[name].ndim != axes:
            raise RequestError(f"there is no tensor {name!r} of {axes} axes, a ResNet's {part}")
    classes, channels = tensors["fc.weight"].shape[0], tensors["conv1.weight"].shape[1]
    if labels is None:
        labels = imagenet_labels() if classes == 1000 else tuple(map(str, range(classes)))
    if len(labels) != classes:
        raise RequestError(f"there are {len(labels)} labels for the {classes} classes of the head")
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    if channels != 3:
        mean, std = (sum(mean) / 3,) * channels, (sum(std) / 3,) * channels
    side = row.input_shape[0]
    return Card(
        model=model,
        labels=labels,
        # 224 of 256, torchvision's and timm's custom for ImageNet.
        input=Input(
            shape=(side, side, channels), mean=mean, std=std, resize=256 if side == 224 else None
        ),
    )


def write_checkpoint(
    tensors: Mapping[str, np.ndarray], card: Card, folder: Path, *, dtype: str = "float32"
) -> Card:
    """Writes torchvision's tensors as a checkpoint.

    Args:
        tensors: By torchvision's names.
        card: What they are.
        folder: Must not exist; appears when it is whole.
        dtype: Of the stored floats.

    Returns:
        The card as written.

    Raises:
        RequestError: The tensors do not fit the card's model, or are not finite; they are named.
    """
    from zoo.checkpoints.store import build_from_card, save

    for name, value in tensors.items():
        if not np.isfinite(value).all():
            raise RequestError(f"tensor {name!r} is not finite")
    model = build_from_card(card)
    values = from_torchvision(tensors, {v.path: tuple(v.shape) for v in model.weights})
    for variable in model.weights:
        variable.assign(values[variable.path])
    with whole_folder(folder) as temporary:
        return save(model, temporary, card, dtype=dtype)


def write_torchvision(folder: Path, path: Path) -> int:
    """Writes a ResNet's checkpoint as torchvision-named safetensors, and returns their number.

    Args:
        folder: Of the checkpoint.
        path: The file to write.

    Raises:
        RequestError: The checkpoint is damaged, or torchvision has no such network.
    """
    from zoo.checkpoints.card import read_card
    from zoo.checkpoints.store import read_weights

    card = read_card(folder)
    _check_standard(card)
    tensors = to_torchvision(read_weights(folder, card))
    with whole_file(path) as temporary:
        # timm and transformers look for this word before they open a file.
        temporary.write_bytes(safetensors.numpy.save(tensors, metadata={"format": "pt"}))
    return len(tensors)


def with_origin(card: Card, source: str, **origin: str) -> Card:
    """Returns the card with where its weights come from."""
    return dataclasses.replace(card, source=source, origin=origin)


def _check_standard(card: Card) -> None:
    """Refuses networks that torchvision's ResNet would compute otherwise, whatever the names."""
    if card.model not in ("resnet18", "resnet34", "resnet50"):
        raise RequestError(f"torchvision has no {card.model}; it has resnet18, resnet34, resnet50")
    standard = {
        **MODELS.get(card.model).config,
        "stem": "imagenet",
        "shortcut": "auto",
        "order": "post_activation",
    }
    for key, value in card.config.items():
        if key != "zero_init" and (key not in standard or value != standard[key]):
            raise RequestError(f"torchvision's {card.model} has no {key}={value!r}")
