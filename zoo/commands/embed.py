"""`zoo embed FILE…`: the features of pictures, sounds and recordings, or of the rows of tables."""

from __future__ import annotations

import sys

from absl import flags

from zoo.artifacts.embed import embed
from zoo.commands.console import console, print_result
from zoo.commands.flags.trusting import define_trust
from zoo.commands.runner import DONE, NOT_GOOD_ENOUGH, WRONG_REQUEST, Command, arguments_of
from zoo.commands.terminal import bar
from zoo.errors import RequestError

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string(
    "artifact", None, "or a file or a SavedModel's folder, exported with --embedder",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "FILE.npz (arrays: features, files) or FILE.csv (a row each)", flag_values=FLAGS
)
define_trust(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Embeds."""
    if not values.output:
        raise RequestError("say where the features go: --output=FILE.npz or FILE.csv")
    terminal = console()
    with bar(terminal, "embedding") as progress:
        result = embed(rest, **arguments_of(values), progress=progress)
    print_result(terminal, result)
    if result.broken:
        return NOT_GOOD_ENOUGH if result.places else WRONG_REQUEST
    return DONE


COMMAND = Command(
    "embed",
    "FILE…: the features that the last layer reads, of pictures, sounds or recordings, folders of "
    "them, and the rows of tables.\n\n"
    "Exit code 1 means that some files are broken, 2 that all are.",
    FLAGS,
    main,
    required=("checkpoint|artifact", "output"),
    examples=(
        "zoo embed --checkpoint=resnet18.cifar10 photos/ --output=features.npz",
        "zoo embed --checkpoint=runs/photos cat.jpg dog.jpg --output=features.csv",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
