"""`zoo runs [FOLDER]`: trainings and exports side by side."""

from __future__ import annotations

import dataclasses
import sys

from absl import flags

from zoo.artifacts.runs import runs
from zoo.commands.console import complain, console, print_json, print_result
from zoo.commands.runner import DONE, Command
from zoo.errors import RequestError

FLAGS = flags.FlagValues()
flags.DEFINE_bool("json", False, "print JSON instead of tables", flag_values=FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Lists."""
    if len(rest) > 1:
        raise RequestError(f"one folder at a time, not {len(rest)}: zoo runs FOLDER")
    result = runs(rest[0] if rest else ".")
    if values.json:
        for warning in result.warnings:
            complain(warning)
        print_json(dataclasses.asdict(result))
    else:
        print_result(console(), result)
    return DONE


COMMAND = Command(
    "runs",
    "[FOLDER]: the trainings and exports below a folder, the newest first; default this folder.",
    FLAGS,
    main,
    usual=("json",),
    examples=("zoo runs", "zoo runs runs/ --json"),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
