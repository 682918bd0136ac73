"""The stages of a network, from "stem" to "logits", and which of them to train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import safetensors

from zoo.checkpoints.card import WEIGHTS
from zoo.errors import RequestError
from zoo.models.names import LOGITS, part_of
from zoo.registry import unknown
from zoo.training.recipes.options import OF_HEADS
from zoo.training.recipes.plan import Plan


def check_freeze(freeze: str, groups: Sequence[str]) -> None:
    """Refuses to freeze a stage that a network does not have.

    Args:
        freeze: See `Plan`.
        groups: Result of `stages`.

    Raises:
        RequestError: It has no such stage; the message names those that it has.
    """
    known = ["none", "backbone", *(group for group in groups if group != LOGITS)]
    if freeze not in known:
        raise RequestError(unknown("stage to freeze:", freeze, known))


def of_network(settings: Mapping[str, Any]) -> list[str]:
    """Returns the flags among settings that are of the network, not of the head, and asked for.

    Args:
        settings: By name; None, False and "none": not asked for.
    """
    return [
        f"--{name}"
        for name, value in settings.items()
        if name not in OF_HEADS and value not in (None, False, "none")
    ]


def check_of_network(freeze: str, given: Sequence[str]) -> None:
    """Refuses settings of a network that is not trained: they would change nothing.

    Args:
        freeze: See `Plan`.
        given: Flags of the network.

    Raises:
        RequestError: Only the head is trained, and there are such flags.
    """
    if freeze == "backbone" and given:
        instead = " (--head_epochs is of the head)" if "--epochs" in given else ""
        raise RequestError(
            f"--freeze=backbone trains the head alone; leave out {', '.join(given)}, of the "
            f"network{instead}"
        )


def stages_of_checkpoint(folder: Path) -> list[str]:
    """Returns what `stages` does, sorted. It only reads the names of the weights, which is fast."""
    with safetensors.safe_open(folder / WEIGHTS, framework="numpy") as file:
        return sorted({part_of(name) for name in file.keys()})  # noqa: SIM118


def stages(network: keras.Model) -> list[str]:
    """Returns the parts of a network, from its input to its output: "stem", …, "logits"."""
    names = [part_of(layer.name) for layer in network.layers if layer.trainable_weights]
    return list(dict.fromkeys(names))


def freeze_stages(network: keras.Model, plan: Plan, groups: Sequence[str]) -> None:
    """Makes the stages that a plan freezes untrainable, and all others trainable."""
    frozen = groups[: groups.index(plan.freeze) + 1] if plan.freeze in groups else []
    for layer in network.layers:
        # An untrainable batch normalisation keeps its statistics. (`training=False` in the call of
        # a nested model would have no effect, since `fit` overrides it.)
        kept = plan.frozen_statistics and isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = part_of(layer.name) not in frozen and not kept
