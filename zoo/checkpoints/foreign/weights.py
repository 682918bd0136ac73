"""`zoo.import_weights`: a ResNet that others trained, as a checkpoint of the zoo."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zoo.cache import cache_folder, locked
from zoo.checkpoints.card import Card
from zoo.checkpoints.foreign.acquire import acquire
from zoo.checkpoints.foreign.file_facts import FileFacts, facts_of
from zoo.checkpoints.foreign.find_network import Network, find_network
from zoo.checkpoints.foreign.preprocessing import Preprocessing, imagenet_input, prepared
from zoo.checkpoints.foreign.resnets import (
    classes_and_channels,
    with_two_outputs,
    write_checkpoint,
)
from zoo.checkpoints.foreign.timm_config import (
    check_network,
    labels_of,
    preprocessing_of,
    problem_of,
)
from zoo.checkpoints.published import PUBLISHED, Published, published_card, published_form
from zoo.checkpoints.tensor_files import listed, open_tensors
from zoo.errors import RequestError
from zoo.forms import Picture
from zoo.models import MODELS
from zoo.models.imagenet import imagenet_labels
from zoo.quiet import import_keras

_SIGMOID = (
    "the one output is taken for a sigmoid's logit: the checkpoint has two classes, with the "
    "sigmoid's probabilities (--task=regression: it is a value)"
)
_SHA256 = re.compile("[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class ImportedWeights:
    """The result of an import.

    Attributes:
        folder: Folder of the checkpoint.
        card: Card of the checkpoint.
        notes: What was done to the weights, in sentences.
        assumed: What had to be assumed, each with the flag that sets it.
        left_out: Tensors of the file that do not belong to the network.
    """

    folder: Path
    card: Card
    notes: tuple[str, ...]
    assumed: tuple[str, ...]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        card = self.card
        lines = [
            f"{card.model}: {card.parameters or 0:,} parameters, {len(card.labels):,} classes, "
            f"licence {card.licence}",
            *self.notes,
        ]
        if self.left_out:
            lines.append(f"left out: {_grouped(self.left_out)}")
        if self.assumed:
            lines.append(f"assumed, for nothing says it: {'; '.join(self.assumed)}")
        return "\n".join([*lines, f"checkpoint: {self.folder}"])


def import_weights(
    source: str | os.PathLike[str],
    *,
    model: str | None = None,
    output: str | os.PathLike[str] | None = None,
    sha256: str | None = None,
    labels: Sequence[str] | None = None,
    licence: str | None = None,
    dtype: Literal["float32", "float16"] = "float32",
    task: Literal["classification", "regression"] | None = None,
    image_size: int | tuple[int, int] | None = None,
    resize: int | Literal["squash"] | None = None,
    crop_pct: float | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    interpolation: str | None = None,
    weights_key: str | None = None,
    ignore: Sequence[str] = (),
) -> ImportedWeights:
    """Imports a ResNet of torchvision or timm.

    Arguments that are None are taken from the file and the `config.json` beside it. If these say
    nothing either, ImageNet's usual values are assumed; the result names them.

    Args:
        source: A `.safetensors` file, a file of `torch.save` (nothing in it is run), a folder that
            timm saved, or a Hugging Face Hub id.
        model: "resnet50"; or "resnet50.a1_in1k", to take labels, preprocessing and licence of that
            published checkpoint. None: timm's `config.json` says it.
        output: Folder of the checkpoint. None: the place of a published one in the cache.
        sha256: The hash that the file must have.
        labels: Names of the classes, or the name of the one value.
        licence: Licence of the weights, an SPDX name.
        dtype: Type of the stored weights.
        task: Whether a single output is the logit of a class or a value. None: the file decides,
            or else it is a logit.
        image_size: Side of the pictures in pixels, or height and width.
        resize: The shorter side before a central crop; "squash": the whole picture is scaled.
        crop_pct: In place of `resize`: `image_size` as a share of it.
        mean: A value for each channel, of pixels from 0 to 1 or from 0 to 255.
        std: The deviations, in the same units.
        interpolation: "nearest", "bilinear", "bicubic" or "lanczos".
        weights_key: Which of several networks in the file, such as "state_dict_ema".
        ignore: Layers beside the network that may be left out, by the start of their names.

    Raises:
        RequestError: There are no such weights, they do not fit, or an argument is wrong.
        DamagedError: The file has another SHA-256.
    """
    source = os.fspath(source)
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise RequestError(f"--sha256 is 64 hexadecimal digits, not {sha256!r}")
    given = _preprocessing(image_size, resize, crop_pct, mean, std, interpolation)
    name = model or source.removeprefix("timm/")
    published = PUBLISHED.get(name)
    folder = _output(output, name if published else None)
    weights = acquire(source, sha256, published=published, model=model or "MODEL")
    config = dict(weights.config)
    architecture = published.model if published else model or config.get("architecture")
    if not isinstance(architecture, str):
        raise RequestError("say what it is: --model=resnet50, or another ResNet of zoo list")
    check_network(config, architecture)

    file = open_tensors(weights.path)
    network = find_network(file.tensors, weights_key=weights_key, ignore=ignore)
    facts = facts_of(file)
    outputs, channels = classes_and_channels(architecture, network.tensors)
    for flag, values in (("mean", given.mean), ("std", given.std)):
        if values is not None and len(values) not in (1, channels):
            raise RequestError(f"--{flag} has {len(values)} values for the {channels} channels")
    head = _Head(outputs, _task(task or problem_of(config) or facts.problem, outputs, asked=task))
    assumed: tuple[str, ...] = ()
    if published:
        card = _published(published, given, labels, head)
    else:
        usual = imagenet_input(MODELS.get(architecture).input_shape[0], channels)
        card, assumed = _described(architecture, usual, given, labels, head, config, facts)
    notes = (*_whereabouts(network), *([_SIGMOID] if head.is_binary else []))
    tensors = file.read(network.tensors)
    if head.is_binary:
        tensors = with_two_outputs(tensors)
    card = dataclasses.replace(
        card,
        licence=licence or card.licence,
        source=card.source or weights.name,
        origin={**card.origin, **weights.origin, "sha256": weights.sha256},
        notes=_noted(card.notes, notes, assumed),
    )
    import_keras()
    with contextlib.nullcontext() if output else locked(folder):
        card = write_checkpoint(tensors, card, folder, dtype=dtype)
    return ImportedWeights(folder, card, notes, assumed, network.left_out)


@dataclass(frozen=True)
class _Head:
    """The outputs of a network, and their meaning."""

    outputs: int
    task: Literal["classification", "regression"]

    @property
    def is_binary(self) -> bool:
        """Whether a single output separates two classes, by a sigmoid."""
        return self.outputs == 1 and self.task == "classification"

    def labels(self, given: Sequence[str]) -> tuple[str, ...]:
        """Returns the labels of the checkpoint.

        Raises:
            RequestError: There are too few or too many.
        """
        if self.is_binary and len(given) == 1:
            return f"not {given[0]}", given[0]
        if len(given) != self.outputs + self.is_binary:
            raise RequestError(
                f"there are {len(given)} labels for the {self.outputs + self.is_binary} classes of "
                "the head"
            )
        return tuple(given)

    def default_labels(self) -> tuple[tuple[str, ...], str]:
        """Returns labels for a file without any, and a description of them."""
        if self.task == "regression":
            return ("value",), "its one value is called 'value' (--labels)"
        if self.outputs == 1000:
            return imagenet_labels(), "its labels are ImageNet's (--labels)"
        classes = self.outputs + self.is_binary
        return tuple(map(str, range(classes))), f"its labels are 0 to {classes - 1} (--labels)"


def _task(says: str, outputs: int, *, asked: str | None) -> Literal["classification", "regression"]:
    if says == "multilabel":
        raise RequestError(
            "these weights tell several labels of one picture, each by a sigmoid, which the zoo "
            "cannot do yet; --task=classification takes them for one class of several"
        )
    if says == "regression" and outputs == 1:
        return "regression"
    if asked == "regression":
        raise RequestError(f"--task=regression is of one output, and the head has {outputs}")
    return "classification"


def _published(
    row: Published, given: Preprocessing, labels: Sequence[str] | None, head: _Head
) -> Card:
    card, (form, _) = published_card(row), prepared([given], published_form(row))
    return dataclasses.replace(card, input=form, labels=head.labels(labels or card.labels))


def _described(
    architecture: str,
    usual: Picture,
    given: Preprocessing,
    labels: Sequence[str] | None,
    head: _Head,
    config: dict[str, Any],
    facts: FileFacts,
) -> tuple[Card, tuple[str, ...]]:
    """Returns the card, made from all that is known, and what was assumed."""
    stated, licence = preprocessing_of(config)
    form, assumed = prepared([given, stated, facts.preprocessing], usual)
    named = labels or labels_of(config)
    if named is None and facts.labels is not None:
        with contextlib.suppress(RequestError):  # The list may not be labels.
            named = head.labels(facts.labels)
    if named is None:
        named, what = head.default_labels()
        assumed = (what, *assumed)
    card = Card(architecture, head.labels(named), form, task=head.task)
    return dataclasses.replace(card, licence=licence or card.licence), assumed


def _preprocessing(
    image_size: int | tuple[int, int] | None,
    resize: int | Literal["squash"] | None,
    crop_pct: float | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    interpolation: str | None,
) -> Preprocessing:
    try:
        return Preprocessing(
            image_size=(image_size, image_size) if isinstance(image_size, int) else image_size,
            resize=resize,
            crop_pct=crop_pct,
            mean=None if mean is None else tuple(map(float, mean)),
            std=None if std is None else tuple(map(float, std)),
            interpolation=interpolation,
        )
    except (TypeError, ValueError) as error:
        raise RequestError(str(error)) from error


def _output(given: str | os.PathLike[str] | None, name: str | None) -> Path:
    if given is None and name is None:
        raise RequestError("say where to write the checkpoint: --output=FOLDER")
    output = Path(given) if given else cache_folder() / str(name)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise RequestError(f"{output} exists already; remove it or choose another --output")
    return output


def _whereabouts(network: Network) -> Iterator[str]:
    """Yields notes on where in the file the network was."""
    if network.place:
        yield f"the network lies at {network.place!r} in the file"
    if network.head:
        yield f"its head is {network.head!r}"
    if network.copies:
        copies = ", ".join(repr(copy) for copy in network.copies)
        yield f"the file holds another such network at {copies}; --weights_key takes that one"


def _noted(before: str, notes: Sequence[str], assumed: Sequence[str]) -> str:
    """Joins the notes of the card: those before, what was done, and what was assumed."""
    sentences = [f"{note[0].upper()}{note[1:]}." for note in notes]
    if assumed:
        sentences.append(f"Assumed at the import: {'; '.join(assumed)}.")
    return " ".join(filter(None, [before, *sentences]))


def _grouped(names: Sequence[str]) -> str:
    """Returns the names of tensors in one line. Of a container with many, it says how many."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition(".")[0], []).append(name)
    shown = [
        f"{group} ({len(members)} tensors)" if len(members) > 3 else ", ".join(members)
        for group, members in groups.items()
    ]
    return listed(shown, 6)
