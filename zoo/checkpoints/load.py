"""From the name of a checkpoint to a model with its weights."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.checkpoints.adapt import adapt_statistics
from zoo.checkpoints.card import CARD, Card, read_card
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.checkpoints.pushed import HUB
from zoo.checkpoints.store import build_from_card, load_weights, read_weights
from zoo.errors import RequestError
from zoo.forms import Picture
from zoo.models.names import LOGITS

if TYPE_CHECKING:
    import keras

_LOG = logging.getLogger("zoo")


@dataclass(frozen=True)
class Checkpoint:
    """A model with its card."""

    model: keras.Model
    card: Card

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the logits."""
        return self.card.labels


def load(name: str | os.PathLike[str], **config: Any) -> Checkpoint:
    """Loads a checkpoint.

    Args:
        name: A name of `zoo.list_checkpoints()`, the path of a checkpoint's folder, or
            "hf:OWNER/NAME" of one that was pushed to the Hub. A published or pushed checkpoint is
            downloaded at its first use.
        **config: Arguments of the model's builder that replace those of the card, such as another
            `input_shape`. All weights must still fit.

    Raises:
        RequestError: There is no such checkpoint, it cannot be downloaded, or its files do not fit.
        DamagedError: Its files do not match its card.
    """
    folder = find_checkpoint(name)
    card = read_card(folder)
    with ThreadPoolExecutor(1) as pool:  # Reading and checking leave Python to the builder.
        values = pool.submit(read_weights, folder, card)
        model = build_from_card(card, **config)
        load_weights(model, folder, card, values=values.result())
    return Checkpoint(model, card)


def create_model(
    name: str, *, checkpoint: str | None = None, features_only: bool = False, **config: Any
) -> keras.Model:
    """Builds a model of the zoo, with fresh weights or those of a checkpoint.

    Args:
        name: A name of `zoo.list_models()`.
        checkpoint: The tag of a checkpoint of that model ("cifar10" for "resnet18.cifar10"), its
            whole name, or the path of a checkpoint's folder.
        features_only: Whether a ResNet gives the features of its stem and of each stage, in place
            of logits: see `zoo.models.features.features`.
        **config: Arguments of the model's builder, such as `num_classes` and `input_shape`. Where
            `num_classes` differs from the checkpoint's, the head is fresh; 0 leaves it out, and the
            model gives the pooled features. Where the channels differ, the stem is adapted (see
            `zoo.checkpoints.adapt`). A fresh head and an adapted stem are logged as warnings.

    Returns:
        A functional `keras.Model` that gives logits.

    Raises:
        RequestError: Unknown model, checkpoint or argument, or a value that the builder refuses.
    """
    from zoo.models import build

    if features_only:
        from zoo.models.features import features

        if "num_classes" in config:
            raise RequestError("features_only leaves out the head; leave out num_classes too")
        return features(create_model(name, checkpoint=checkpoint, num_classes=0, **config))
    if checkpoint is None:
        return build(name, **config)
    whole = checkpoint.startswith((f"{name}.", HUB)) or (Path(checkpoint) / CARD).is_file()
    folder = find_checkpoint(checkpoint if whole else f"{name}.{checkpoint}")
    card = read_card(folder)
    if card.model != name:
        raise RequestError(f"checkpoint {checkpoint!r} is of a {card.model}, not of a {name}")
    classes = config.get("num_classes", len(card.labels))
    fresh_head = classes != len(card.labels)
    if fresh_head and classes:
        _LOG.warning(
            "%s: the head is fresh, for %d classes; the checkpoint tells %d apart",
            name, classes, len(card.labels),
        )  # fmt: skip
    model = build_from_card(card, **{**_statistics(card, config), **config})
    load_weights(model, folder, card, skip=LOGITS if fresh_head else None, adapt_stem=True)
    return model


def _statistics(card: Card, config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the card's mean and std for the channels of another input shape."""
    shape = config.get("input_shape", card.input.shape)
    if not isinstance(card.input, Picture) or len(shape) != 3:
        return {}
    return {
        "mean": adapt_statistics(card.input.mean, shape[2]),
        "std": adapt_statistics(card.input.std, shape[2]),
    }
