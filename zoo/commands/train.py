"""`zoo train`: train a model from scratch into a checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from absl import flags

from zoo.commands.console import console, print_result
from zoo.commands.flags.budgeting import define_budget, parse_bytes
from zoo.commands.flags.configuring import parse_config
from zoo.commands.flags.distributing import define_distribution
from zoo.commands.flags.quieting import define_quiet
from zoo.commands.flags.reading import define_reading
from zoo.commands.flags.training import define_options
from zoo.commands.runner import DONE, Command, arguments_of, command_line, no_more
from zoo.commands.terminal import bars
from zoo.errors import RequestError
from zoo.models import MODELS
from zoo.quiet import check_backend, quiet

FLAGS = flags.FlagValues()
flags.DEFINE_string("model", "resnet18", "a model of zoo list", flag_values=FLAGS)
flags.DEFINE_string(
    "data",
    "digits",
    "what to learn: digits, a folder of photos or sounds, tfds:NAME, hf:OWNER/NAME, a .csv or .npz "
    "file, or a folder of train.csv and test.csv",
    flag_values=FLAGS,
)
flags.DEFINE_string("output", None, "folder of the run; default runs/MODEL-DATA", flag_values=FLAGS)
# Flags without a default here get one from the model's own recipe.
flags.DEFINE_integer("epochs", None, "passes over the training split", flag_values=FLAGS)
flags.DEFINE_integer("batch_size", None, "examples in a step", flag_values=FLAGS)
flags.DEFINE_float("learning_rate", None, "highest learning rate", flag_values=FLAGS)
flags.DEFINE_enum(
    "loss", None, ["huber"], "of values with outliers; default the squared error",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "patience", None, "epochs without a better one in validation, which end it and keep the best",
    lower_bound=1, flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_list(
    "columns", None, "tables: what columns are, whatever they look like: age:number,zip:category",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "image_size", None, "height and width in pixels; default the data's own, from 32 to 224",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "augment",
    "none",
    "how training pictures and sounds are changed: none, shift, light, strong or trivial",
    flag_values=FLAGS,
)
flags.DEFINE_enum(
    "class_weights", None, ["balanced"], "rare classes count as much as others", flag_values=FLAGS
)
flags.DEFINE_string(
    "precision", "float32", "float32, bfloat16, float16, or auto: the fastest here",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_bool(
    "tensorboard", False, "write logs for TensorBoard into the run's folder", flag_values=FLAGS
)
flags.DEFINE_bool(
    "trajectory", False, "keep the weights of every epoch, for zoo landscape", flag_values=FLAGS
)
flags.DEFINE_enum(
    "weights", "float32", ["float32", "float16"], "type of the stored weights", flag_values=FLAGS
)
flags.DEFINE_string("licence", "unknown", "of the checkpoint, an SPDX name", flag_values=FLAGS)
flags.DEFINE_string(
    "author", "", "of the checkpoint, for its card and exported files", flag_values=FLAGS
)
flags.DEFINE_integer("seed", 0, "of weights and order", flag_values=FLAGS)
flags.DEFINE_string(
    "config", "", "the model's configuration, as in shortcut=none,depths=[1,1,1]",
    flag_values=FLAGS,
)  # fmt: skip
define_budget(FLAGS)
define_reading(FLAGS, task=True)
define_options(FLAGS)
define_distribution(FLAGS)
define_quiet(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Trains."""
    no_more(rest)
    MODELS.get(values.model)  # Before anything slow: the name may be wrong.
    arguments = {**arguments_of(values), "config": parse_config(values.config)}
    budget = {name: parse_bytes(arguments.pop(name), name) for name in ("flash", "arena")}
    within = any(budget.values())
    if within:
        _check_searchable(values)
    check_backend()
    with quiet():
        from zoo.training.train import train

    terminal = console(quiet=values.quiet)
    if within:
        arguments |= _searched(arguments, budget, terminal.print)
    with bars(terminal) as steps:
        trained = train(
            **arguments,
            command=command_line("train", values),
            progress=terminal.print,
            steps=steps,
        )
    print_result(console(), trained)
    return DONE


def _check_searchable(values: flags.FlagValues) -> None:
    for name in ("model", "config"):
        if values[name].present:
            raise RequestError(
                f"--flash and --arena search a network in place of --{name}; leave it out"
            )
    if values.distribution != "none":
        raise RequestError("--flash and --arena search on one device; leave out --distribution")


def _searched(
    arguments: dict[str, Any], budget: dict[str, int | None], tell: Callable[[str], None]
) -> dict[str, Any]:
    """Searches a network, prints the table, and returns what trains it."""
    from zoo.artifacts.search import search
    from zoo.data.reading import Reading
    from zoo.tasks import find_task

    options = ("label_column", "header", "group", "path_column", "folder", "exclude", "data_dir")
    reading = Reading(
        task=find_task(arguments["task"]),
        kinds=tuple(arguments["columns"] or ()),
        **{name: arguments[name] for name in options},
    )
    wanted = {name: arguments[name] for name in ("data", "output", "image_size")}
    searched = search(**wanted, reading=reading, progress=tell, **budget)  # type: ignore[arg-type]
    tell(str(searched))
    return searched.arguments


COMMAND = Command(
    "train",
    "train a model from scratch into a checkpoint.",
    FLAGS,
    main,
    usual=(
        "model",
        "data",
        "output",
        "epochs",
        "minutes",
        "batch_size",
        "learning_rate",
        "image_size",
        "flash",
        "arena",
        "augment",
        "task",
        "label_column",
        "seed",
    ),
    examples=(
        "zoo train --model=resnet18 --data=photos/ --augment=light --output=runs/photos",
        "zoo train --model=residual_mlp --data=people.csv --label_column=income",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
