"""How a checkpoint was made, as its card records it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RUN_RECORD = "run.json"  # Beside a card that a training wrote: its settings, and where data lay.
# Beside it, of a network that was searched to fit a device: what was tried.
SEARCH_RECORD = "search.json"


@dataclass(frozen=True)
class Learnt:
    """What a network was trained on.

    Attributes:
        name: Name of the data set.
        fingerprint: Equal data have equal fingerprints, see `Dataset.fingerprint`; empty: unknown.
        excluded: Names of examples that were left out at the user's request.
    """

    name: str
    fingerprint: str = ""
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """How the weights of a checkpoint were made.

    Attributes:
        command: What the user typed. Run again, it makes the same weights.
        data: What they were trained on.
        recipe: Settings of the training: the fields of `zoo.training.recipes.recipe.Recipe`, or for
            a fine-tuning those of `zoo.training.recipes.plan.Plan`.
        versions: Versions of Python and of the packages that decide a result.
        weights: Type of the stored weights, "float32" or "float16".
        checkpoint: Name of the checkpoint that a fine-tuning started from; empty: fresh weights.
        checkpoint_sha256: SHA-256 of that checkpoint's weights.
        taken: Which weights of a fine-tuning did best in validation: "head", "network" or "mean".
        temperature: What the logits were divided by after training, so that the probabilities are
            as sure as they are right in validation; the last layer holds it. 1: they were left.
    """

    command: str = ""
    data: Learnt | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    weights: str = "float32"
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    taken: str = ""
    temperature: float = 1.0
