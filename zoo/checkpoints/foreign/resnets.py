"""Turns torchvision's tensors into a checkpoint of the zoo, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import safetensors.numpy

from zoo.checkpoints.card import Card
from zoo.checkpoints.foreign.resnet_v2_names import as_timm
from zoo.checkpoints.foreign.torchvision_names import from_torchvision, to_torchvision
from zoo.errors import DamagedError, RequestError
from zoo.files import sha256, whole_file, whole_folder
from zoo.models import MODELS

_IMAGENET = (224, 224, 3)  # What torchvision's ResNets take.


class Tensor(Protocol):
    """Anything with a shape: an array, or a tensor that still lies in its file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its axes."""


def check_sha256(path: Path, expected: str | None) -> str:
    """Returns the SHA-256 of a file.

    Args:
        path: The file.
        expected: What it must be, in hexadecimal; None: anything.

    Raises:
        DamagedError: The file has another hash.
    """
    actual = sha256(path)
    if expected is not None and actual != expected.lower():
        raise DamagedError(f"{path} has sha256 {actual}, not {expected.lower()}; get it anew")
    return actual


def classes_and_channels(model: str, tensors: Mapping[str, Tensor]) -> tuple[int, int]:
    """Returns the width of the head and the channels of the stem.

    Args:
        model: A name of `zoo.list_models()`.
        tensors: By torchvision's names.

    Raises:
        RequestError: The model is no ResNet, or the head or the stem is missing.
    """
    row = MODELS.get(model)
    if row.family != "resnet":
        raise RequestError(f"only ResNets are imported, and {model} is of family {row.family!r}")
    stem = "conv1.0.weight" if row.config.get("stem") == "deep" else "conv1.weight"
    for name, axes, part in ((stem, 4, "stem"), ("fc.weight", 2, "head")):
        shape = tensors[name].shape if name in tensors else ()
        if shape[2:] == (1, 1) and part == "head":
            shape = shape[:2]  # The head of timm's ResNet-V2 is a convolution.
        if len(shape) != axes:
            raise RequestError(f"there is no tensor {name!r} of {axes} axes, a ResNet's {part}")
    return tensors["fc.weight"].shape[0], tensors[stem].shape[1]


def with_two_outputs(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Replaces the one output z of a network by two, -z/2 and z/2.

    Their softmax gives sigmoid(-z) and sigmoid(z). Halving is exact in floating point.

    Args:
        tensors: By torchvision's names.
    """
    halves = {name: tensors[name] / 2 for name in ("fc.weight", "fc.bias") if name in tensors}
    return {**tensors, **{name: np.concatenate([-half, half]) for name, half in halves.items()}}


def write_checkpoint(
    tensors: Mapping[str, np.ndarray], card: Card, folder: Path, *, dtype: str = "float32"
) -> Card:
    """Writes torchvision's tensors as a checkpoint.

    Args:
        tensors: By torchvision's names.
        card: Describes them.
        folder: Must not exist. It appears only when it is complete.
        dtype: Type of the stored floats.

    Returns:
        The card as written.

    Raises:
        RequestError: Tensors do not fit the card's model, or are not finite; the message names
            them.
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
        folder: Folder of the checkpoint.
        path: The file to write.

    Raises:
        RequestError: The checkpoint is damaged, or neither torchvision nor timm has such a network.
    """
    from zoo.checkpoints.card import read_card
    from zoo.checkpoints.store import read_weights

    card = read_card(folder)
    _check_standard(card)
    tensors = to_torchvision(read_weights(folder, card))
    row = MODELS.get(card.model).config
    if row.get("norm_first"):
        tensors = as_timm(tensors, pooled=bool(row.get("pooled_shortcut")))
    with whole_file(path) as temporary:
        # timm and transformers require this entry.
        temporary.write_bytes(safetensors.numpy.save(tensors, metadata={"format": "pt"}))
    return len(tensors)


def _check_standard(card: Card) -> None:
    """Refuses networks that torchvision's or timm's ResNet would compute differently."""
    known = [name for name in MODELS if MODELS.get(name).input_shape == _IMAGENET]
    if card.model not in known:
        raise RequestError(
            f"torchvision and timm have no {card.model}; they have {', '.join(known)}"
        )
    standard = {
        "stem": "imagenet",
        "shortcut": "auto",
        "order": "post_activation",
        "norm": "batch",
        "scale": "none",
        **MODELS.get(card.model).config,
    }
    for key, value in card.config.items():
        if key != "zero_init" and (key not in standard or value != standard[key]):
            raise RequestError(f"torchvision's and timm's {card.model} has no {key}={value!r}")
