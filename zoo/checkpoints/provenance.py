"""How a checkpoint came about, as its card tells it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Learnt:
    """What a network was trained on.

    Attributes:
        name: Of the data set.
        fingerprint: Equal data have an equal one, see `Dataset.fingerprint`; empty: not known.
    """

    name: str
    fingerprint: str = ""


@dataclass(frozen=True)
class Provenance:
    """How the weights of a checkpoint came about.

    Attributes:
        command: What the user typed; run again, it makes them again.
        data: What they were trained on.
        recipe: Settings of the training, by the names of `zoo.training.recipe.Recipe`; of a
            fine-tuning by those of `zoo.training.plan.Plan`.
        versions: Of Python and of the packages that decide a result.
        weights: Type of the stored weights, "float32" or "float16".
        checkpoint: Name of the checkpoint that a fine-tuning started from; empty: fresh weights.
        checkpoint_sha256: Of that one's weights.
        taken: Which weights of a fine-tuning did best in validation: "head", "network" or "mean".
    """

    command: str = ""
    data: Learnt | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    weights: str = "float32"
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    taken: str = ""


def from_schema_2(training: Any) -> Any:
    """Returns what a card of schema 1 or 2 says of a training in the form of a `Provenance`.

    There it was one bag: the recipe's settings lay beside the command, and the model, its
    configuration and its input were told again.
    """
    if not isinstance(training, dict) or not training:
        return training or None
    known = {part.name for part in dataclasses.fields(Provenance)} - {"recipe"}
    again = {"model", "config", "shape"}
    kept = {name: value for name, value in training.items() if name in known}
    recipe = {name: value for name, value in training.items() if name not in known | again}
    if isinstance(kept.get("data"), str):  # Of published checkpoints.
        kept["data"] = {"name": kept["data"]}
        recipe["name"] = recipe.pop("recipe", "")
    return {**kept, "recipe": recipe}
