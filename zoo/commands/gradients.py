"""`zoo gradients`: how gradients shatter and grow with depth, with shortcuts and without."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from zoo.analysis.gradients.gradients import gradients
from zoo.commands.console import console, print_figures
from zoo.commands.flags.configuring import parse_config
from zoo.commands.flags.reading import define_reading
from zoo.commands.runner import DONE, Command, arguments_of, command_line, no_more
from zoo.commands.terminal import bars

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "model", None, "a model of zoo list, as --config says, beside its plain twin (shortcut=none)",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "checkpoint", None, "or a checkpoint's name or folder: trained, beside fresh weights and a "
    "plain twin",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "config", "", "the model's configuration, as in depth=32,zero_init=false", flag_values=FLAGS
)
flags.DEFINE_string(
    "data", None, "what inputs and losses are of; default digits, of a checkpoint what it was "
    "trained on", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer("image_size", None, "as of zoo train", flag_values=FLAGS)
flags.DEFINE_integer("seeds", 5, "fresh weights of each network, from seed 0", flag_values=FLAGS)
flags.DEFINE_integer("lines", 8, "pairs of examples for each seed", flag_values=FLAGS)
flags.DEFINE_integer(
    "points", 100, "inputs between two examples, a multiple of 100", flag_values=FLAGS
)
flags.DEFINE_integer(
    "epochs", 0, "of --model: passes that each network is also trained for, into --output",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "folder for pictures and figures; default runs/gradients-NAME",
    flag_values=FLAGS,
)  # fmt: skip
define_reading(FLAGS, task=True)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Measures and draws."""
    no_more(rest)
    asked = arguments_of(values)
    asked["config"] = parse_config(values.config)
    name = Path(values.checkpoint).resolve().name if values.checkpoint else values.model
    asked["output"] = values.output or f"runs/gradients-{name}"
    terminal = console()
    with bars(terminal) as steps:
        result = gradients(
            **asked, command=command_line("gradients", values), progress=terminal.print, steps=steps
        )
    print_figures(terminal, result)
    return DONE


COMMAND = Command(
    "gradients",
    "how gradients shatter along lines between inputs (Balduzzi et al. 2017), and how large they "
    "are at each residual unit; with shortcuts and without.",
    FLAGS,
    main,
    required=("model|checkpoint",),
    usual=("data", "seeds", "epochs", "output"),
    examples=(
        "zoo gradients --model=resnet56",
        "zoo gradients --checkpoint=runs/photos --data=photos/",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
