"""`zoo clean`: what in labelled data a person should look at."""

from __future__ import annotations

import sys

from absl import flags

from zoo.commands.console import console, print_result
from zoo.commands.flags.reading import define_reading
from zoo.commands.runner import DONE, Command, arguments_of, no_more
from zoo.commands.terminal import bar
from zoo.errors import RequestError
from zoo.quiet import check_backend, quiet

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "run", None, "a checkpoint's name or folder, best of one that learnt this data",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "data", None, "what to search, as for zoo finetune; default what the run learnt",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", "clean.csv", "the list, which zoo finetune --exclude takes", flag_values=FLAGS
)
define_reading(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Searches."""
    no_more(rest)
    if not values.run:
        raise RequestError("--run is missing: zoo clean --run=RUN --data=FOLDER")
    check_backend()
    with quiet():
        from zoo.training.cleaning.clean import clean

    terminal = console()
    with bar(terminal, "searching") as progress:
        cleaned = clean(**arguments_of(values), progress=progress)
    print_result(terminal, cleaned)
    return DONE


COMMAND = Command(
    "clean",
    "wrong labels, copies and broken files of labelled data, as a list to look at.",
    FLAGS,
    main,
    required=("run",),
    usual=("data", "output"),
    examples=(
        "zoo clean --run=runs/photos",
        "zoo clean --run=runs/photos --data=photos/ --output=doubtful.csv",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
