"""`zoo units`: what the residual units of trained networks do."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from zoo.analysis.asked import SPLITS
from zoo.analysis.units.units import units
from zoo.commands.console import console, print_figures
from zoo.commands.flags.reading import define_reading
from zoo.commands.runner import DONE, Command, arguments_of, command_line, no_more
from zoo.commands.terminal import bars

FLAGS = flags.FlagValues()
flags.DEFINE_list(
    "checkpoint", None,
    "names or folders of checkpoints, with commas between; those of one configuration are its "
    "trainings from several seeds, others, such as a plain twin, are shown beside it",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "data", None, "what it is measured on; default what the first checkpoint was trained on",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_enum("split", "test", SPLITS, "of the data", flag_values=FLAGS)
flags.DEFINE_integer("examples", 512, "how many of them, of each class alike", flag_values=FLAGS)
flags.DEFINE_integer(
    "draws", 10, "random choices of so many deleted or exchanged units, or of a path of a length",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "folder for pictures and figures; default runs/units-NAME", flag_values=FLAGS
)
define_reading(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Measures and draws."""
    no_more(rest)
    first, *_ = values.checkpoint or [""]
    asked = arguments_of(values)
    asked["output"] = values.output or f"runs/units-{Path(first).resolve().name}"
    terminal = console()
    with bars(terminal) as steps:
        result = units(
            **asked, command=command_line("units", values), progress=terminal.print, steps=steps
        )
    print_figures(terminal, result)
    return DONE


COMMAND = Command(
    "units",
    "what the residual units of trained networks do: each deleted, several deleted, units "
    "reordered, how long the paths are that gradients come through, and how alike outputs are.",
    FLAGS,
    main,
    required=("checkpoint",),
    usual=("data", "split", "examples", "draws", "output"),
    examples=(
        "zoo units --checkpoint=runs/photos --data=photos/",
        "zoo units --checkpoint=runs/residual/seed0,runs/residual/seed1,runs/plain/seed0",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
