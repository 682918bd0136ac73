"""`zoo landscape`: the loss surface around a checkpoint."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from zoo.analysis.asked import SPLITS
from zoo.analysis.landscape.landscape import PLANES, STATISTICS, landscape
from zoo.commands.console import console, print_figures
from zoo.commands.flags.reading import define_reading
from zoo.commands.runner import DONE, Command, arguments_of, no_more
from zoo.commands.terminal import bars

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string(
    "to", None, "another checkpoint of the same model: the loss on the line between the two",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_enum(
    "plane", "random", PLANES,
    "through the checkpoint: two random directions with filter-wise normalisation, or those that "
    "its training with --trajectory moved in most",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "data", None, "what the loss is of; default what the checkpoint was trained on",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_enum("split", "train", SPLITS, "of the data", flag_values=FLAGS)
flags.DEFINE_integer("examples", 512, "how many of them, of each class alike", flag_values=FLAGS)
flags.DEFINE_integer("points", 51, "places along each direction", flag_values=FLAGS)
flags.DEFINE_float(
    "reach", 1.0, "how far along random directions; 1 moves a filter by its own length",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "curvature", 0,
    "places along each direction at which the Hessian's extreme eigenvalues are looked for",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_enum(
    "statistics", "running", STATISTICS,
    "which batch normalisation uses: the running ones, or on a plane those of the examples, as in "
    "training",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer("seed", 0, "of the directions", flag_values=FLAGS)
flags.DEFINE_string(
    "output", None, "folder for grids and pictures; default runs/landscape-NAME", flag_values=FLAGS
)
define_reading(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Measures and draws."""
    no_more(rest)
    asked = arguments_of(values)
    name = Path(values.checkpoint or "").resolve().name
    asked["output"] = values.output or f"runs/landscape-{name}"
    terminal = console()
    with bars(terminal) as steps:
        result = landscape(**asked, progress=terminal.print, steps=steps)
    print_figures(terminal, result)
    return DONE


COMMAND = Command(
    "landscape",
    "the loss surface around a checkpoint.",
    FLAGS,
    main,
    required=("checkpoint",),
    usual=("data", "plane", "examples", "points", "output"),
    examples=(
        "zoo landscape --checkpoint=runs/photos --data=photos/",
        "zoo landscape --checkpoint=resnet8.digits --points=21 --statistics=batch",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
