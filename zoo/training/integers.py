"""A fine-tuning whose network rounds as its int8 file will: see `zoo.quantization`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import keras
import numpy as np

from zoo.checkpoints.card import Card
from zoo.data.dataset import Dataset, balanced_sample
from zoo.errors import RequestError
from zoo.models.front import front_names
from zoo.models.names import LOGITS, MEMBERS
from zoo.quantization import aware
from zoo.tasks import Scale

# The least and the greatest result, by the name of the layer.
Ranges: TypeAlias = Mapping[str, tuple[float, float]]

# Examples on which the first ranges are measured.
_SAMPLES = 200


def check_quantize(quantize: str | None, *, alone: bool, freeze: str, members: int = 1) -> None:
    """Refuses what does not go with a training in integers, before the data are read.

    Args:
        quantize: The integers; None: it is no such training.
        alone: Whether one process trains.
        freeze: What stays as it is, see `zoo.training.recipes.plan.Plan`.
        members: Networks of the checkpoint, if it is an ensemble.

    Raises:
        RequestError: Several processes train, or only the head does, or an ensemble.
    """
    if quantize is not None and members > 1:
        raise RequestError(
            f"--quantize trains no ensemble, and this one has {members} members; train a network "
            "without: zoo train --config=members=1"
        )
    if quantize is not None and not alone:
        raise RequestError("--quantize trains in one process; leave --distribution out")
    if quantize is not None and freeze == "backbone":
        raise RequestError("--quantize trains the network, and --freeze=backbone only the head")


def keeps_head(quantize: str | None, origin: Card, dataset: Dataset) -> bool:
    """Whether the head stays, since the checkpoint knows the very classes of the data."""
    same = tuple(origin.labels) == tuple(dataset.labels) and origin.task == dataset.task.name
    return quantize is not None and same


def in_integers(network: keras.Model, dataset: Dataset, ranges: Ranges | None) -> keras.Model:
    """Returns a model over the same weights that rounds as an int8 file does.

    Args:
        network: To be trained.
        dataset: The first ranges are measured on its training split.
        ranges: Those of an earlier training; None: there was none.

    Raises:
        RequestError: The network is an ensemble.
    """
    names = [layer.name for layer in network.layers]
    if MEMBERS in names:
        raise RequestError("--quantize trains no ensemble; train a network without members")
    samples = balanced_sample(dataset.train, _SAMPLES).x[:]
    return aware(network, samples, ranges=ranges, front=front_names(network))


def scaled(ranges: Ranges, factor: float, offset: float = 0.0) -> Ranges:
    """Returns ranges after the last layer was multiplied, and moved."""
    if LOGITS not in ranges:
        return ranges
    low, high = (end * factor + offset for end in ranges[LOGITS])
    return {**ranges, LOGITS: (min(low, 0.0), max(high, 0.0))}


def in_units(ranges: Ranges, scale: Scale | None) -> Ranges:
    """Returns ranges after the last layer got the units of the truth, if it has any."""
    return ranges if scale is None else scaled(ranges, scale.std, scale.mean)


def out_of_units(ranges: Ranges | None, scale: Scale | None, y: np.ndarray) -> Ranges | None:
    """Returns ranges of a network of values for its training, in which it gives standardised ones.

    In units, the last range holds zero too, which may be far from all values. So here it begins
    with that of the truth, and follows the results from there.

    Args:
        ranges: In units; None: there are none.
        scale: Of the truth; None: it has no units.
        y: (examples,) the truth, in its units.
    """
    if ranges is None or scale is None:
        return ranges
    values = scale.standardised(y)
    return {**ranges, LOGITS: (float(values.min()), float(values.max()))}
