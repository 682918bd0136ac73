"""The flags that are options of a recipe, see `zoo.training.recipes.options`."""

from __future__ import annotations

from absl import flags

_OPTIONS = (
    (
        "minutes",
        flags.DEFINE_float,
        "that all may take, in as many epochs as fit, --epochs at most",
    ),
    (
        "find_learning_rate",
        flags.DEFINE_boolean,
        "before the training, take the rate at which the loss falls fastest",
    ),
    ("label_smoothing", flags.DEFINE_float, "share of the truth spread over all classes"),
    ("optimizer", flags.DEFINE_string, "adamw, sgd, lion or lamb; default adamw"),
    ("ema", flags.DEFINE_float, "average the weights; share that a step keeps, such as 0.999"),
    ("mixup", flags.DEFINE_float, "blend examples, by shares from Beta(mixup, mixup): 0.2"),
    ("cutmix", flags.DEFINE_float, "patch pictures, by shares from Beta(cutmix, cutmix): 1"),
    ("stochastic_depth", flags.DEFINE_float, "share of examples that skip the last branch: 0.1"),
    ("clip", flags.DEFINE_float, "largest norm of the gradient, such as 1"),
    ("accumulate", flags.DEFINE_integer, "batches whose mean gradient makes a step"),
    ("teacher", flags.DEFINE_string, "a checkpoint of the same classes, to learn from it too"),
    ("distillation_temperature", flags.DEFINE_float, "softens what a teacher says; default 4"),
    ("distillation_weight", flags.DEFINE_float, "a teacher's share of the loss; default 0.9"),
    (
        "teacher_once",
        flags.DEFINE_boolean,
        "the teacher sees examples once, as they are, not as --augment changes them",
    ),
)


def define_options(values: flags.FlagValues) -> None:
    """Adds the flags to those of a command; what is not given is as the recipe has it."""
    for name, define, text in _OPTIONS:
        define(name, None, text, flag_values=values)
