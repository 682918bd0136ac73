"""Settings of a recipe that most trainings leave as they are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypedDict

# Those that also hold for a new head on cached features.
OF_HEADS = ("label_smoothing", "teacher", "distillation_temperature", "distillation_weight")
# Those that Keras calculates for each device by itself.
OF_ONE_DEVICE = ("ema", "clip", "accumulate")


class Options(TypedDict, total=False):
    """Fields of a `zoo.training.recipes.recipe.Recipe`, which has what they mean.

    `zoo.train` and `zoo.finetune` take them as keyword arguments, the commands as flags of the same
    names. None: as the recipe has it.
    """

    minutes: float | None
    find_learning_rate: bool | None
    label_smoothing: float | None
    optimizer: str | None
    ema: float | None
    mixup: float | None
    cutmix: float | None
    stochastic_depth: float | None
    clip: float | None
    accumulate: int | None
    teacher: str | None
    distillation_temperature: float | None
    distillation_weight: float | None
    teacher_once: bool | None


def given(options: Options, names: Collection[str] = Options.__annotations__) -> dict[str, Any]:
    """Returns the options that are not None, of some names."""
    return {name: value for name, value in options.items() if value is not None and name in names}
