"""`zoo compare`: trains twins that differ in one thing, and shows them side by side."""

from __future__ import annotations

import sys

from absl import flags

from zoo.analysis.compare.compare import compare
from zoo.commands.console import console, print_figures
from zoo.commands.flags.configuring import parse_config, parse_vary
from zoo.commands.flags.reading import define_reading
from zoo.commands.runner import DONE, Command, arguments_of, command_line, no_more
from zoo.commands.terminal import bars

FLAGS = flags.FlagValues()
flags.DEFINE_string("model", "residual_mlp", "a model of zoo list", flag_values=FLAGS)
flags.DEFINE_multi_string(
    "vary", ["shortcut=auto,none"],
    "what twins differ in, an argument of the model and its values; given more than once, all "
    "combinations, as in --vary=depth=4,16,32 --vary=shortcut=auto,none",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("config", "", "what all have, as in depth=16,norm=none", flag_values=FLAGS)
flags.DEFINE_string("data", "digits", "what to learn, as of zoo train", flag_values=FLAGS)
flags.DEFINE_integer("image_size", None, "as of zoo train", flag_values=FLAGS)
flags.DEFINE_integer("seeds", 3, "trainings of each twin, from seed 0", flag_values=FLAGS)
flags.DEFINE_integer("epochs", None, "default the model's recipe's", flag_values=FLAGS)
flags.DEFINE_integer("batch_size", None, "default the model's recipe's", flag_values=FLAGS)
flags.DEFINE_float("learning_rate", None, "default the model's recipe's", flag_values=FLAGS)
flags.DEFINE_integer(
    "landscape", 21, "places along each direction of the loss surface of seed 0; 0: none",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "curvature", 0,
    "places along each direction at which the Hessian's lowest eigenvalue is looked for, around "
    "every seed; 0: none",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "folder for checkpoints, pictures and the page; default runs/compare-MODEL",
    flag_values=FLAGS,
)  # fmt: skip
define_reading(FLAGS, task=True)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Trains, measures and shows."""
    no_more(rest)
    asked = arguments_of(values)
    asked["config"], asked["vary"] = parse_config(values.config), parse_vary(values.vary)
    terminal = console()
    with bars(terminal) as steps:
        result = compare(
            **asked, command=command_line("compare", values), progress=terminal.print, steps=steps
        )
    print_figures(terminal, result)
    return DONE


COMMAND = Command(
    "compare",
    "trains twins that differ in one thing, such as their shortcut, from the same seeds on the "
    "same data, and shows accuracy, curves, gradients and loss surfaces side by side.",
    FLAGS,
    main,
    usual=("model", "vary", "data", "epochs", "seeds", "output"),
    examples=(
        "zoo compare --model=residual_mlp --vary=depth=4,16,32 --vary=shortcut=auto,none",
        "zoo compare --model=resnet20 --vary=order=post_activation,linear_output --epochs=5",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
