"""Settings of a recipe that most trainings leave as they are."""

from __future__ import annotations

from typing import TypedDict


class Options(TypedDict, total=False):
    """Fields of a `zoo.training.recipe.Recipe`, which has what they mean.

    `zoo.train` and `zoo.finetune` take them as keyword arguments, the commands as flags of the same
    names.
    """

    teacher: str | None
    distillation_temperature: float | None
    distillation_weight: float | None
