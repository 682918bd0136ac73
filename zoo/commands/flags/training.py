"""The flags that are options of a recipe, see `zoo.training.options`."""

from __future__ import annotations

from absl import flags


def define_options(values: flags.FlagValues) -> None:
    """Adds the flags to those of a command."""
    flags.DEFINE_string(
        "teacher", None, "a checkpoint of the same classes, from whose probabilities to learn too",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_float(
        "distillation_temperature", None, "by which these are softened; default 4",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_float(
        "distillation_weight", None, "their share of the loss, up to 1; default 0.9",
        flag_values=values,
    )  # fmt: skip
