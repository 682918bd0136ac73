"""`zoo push`: a checkpoint, its figures and its exported files to the Hugging Face Hub."""

from __future__ import annotations

import sys

from absl import flags

from zoo.artifacts.push import push
from zoo.commands.console import console, print_result
from zoo.commands.runner import DONE, Command, arguments_of, no_more

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string("repo", None, "OWNER/NAME; made if it does not exist", flag_values=FLAGS)
flags.DEFINE_string(
    "exports", None, "folder that zoo export wrote; default exports/CHECKPOINT, if it is of this "
    "checkpoint", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_list("examples", [], "files for the widget on the page", flag_values=FLAGS)
flags.DEFINE_bool("public", False, "let everybody see it; default private", flag_values=FLAGS)
flags.DEFINE_bool(
    "dry_run", False, "only print the files and the README, push nothing", flag_values=FLAGS
)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Pushes."""
    no_more(rest)
    terminal = console()
    result = push(**arguments_of(values), progress=lambda line: terminal.print(line))
    print_result(terminal, result)
    return DONE


COMMAND = Command(
    "push",
    "a checkpoint to the Hugging Face Hub, with its figures and exported files. It needs a token: "
    "hf auth login, or HF_TOKEN.",
    FLAGS,
    main,
    required=("checkpoint", "repo"),
    usual=("dry_run", "public", "exports"),
    examples=(
        "zoo push --checkpoint=runs/photos --repo=me/flowers --dry_run",
        "zoo push --checkpoint=runs/photos --repo=me/flowers --exports=exports/photos --public",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
