"""`zoo evaluate`: measures a checkpoint or an exported file."""

from __future__ import annotations

import sys

from absl import flags

from zoo.artifacts.evaluate import SPLITS, evaluate
from zoo.commands.console import console, print_result
from zoo.commands.flags.reading import define_reading
from zoo.commands.flags.trusting import define_trust
from zoo.commands.runner import DONE, Command, arguments_of, no_more
from zoo.commands.terminal import bar

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string(
    "artifact", None,
    "or a .tflite file or a SavedModel's folder; for a table with the checkpoint it was made from",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "data", None, "the measure; default what the checkpoint was trained on", flag_values=FLAGS
)
flags.DEFINE_enum(
    "split", "test", SPLITS,
    "of the data; test of data without splits that the checkpoint was not trained on: all",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("output", None, "file for the figures, as JSON", flag_values=FLAGS)
flags.DEFINE_float(
    "threshold", None, 'an answer whose score is below it is "unknown"', flag_values=FLAGS
)
flags.DEFINE_float(
    "decision_threshold", None,
    "of two classes: the second is predicted above it; default 0.5", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "foreign", None, "folder of files of none of the classes: how well their scores differ",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "views", 1, "2: the mean of the answers to a picture and its mirror image", flag_values=FLAGS
)
define_reading(FLAGS)
define_trust(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Evaluates."""
    no_more(rest)
    terminal = console()
    with bar(terminal, "reading") as progress:
        result = evaluate(**arguments_of(values), progress=progress)
    print_result(terminal, result)
    return DONE


COMMAND = Command(
    "evaluate",
    "accuracy, per-class table and confusion matrix of a checkpoint or of an exported file.",
    FLAGS,
    main,
    required=("checkpoint|artifact",),
    usual=("data", "split", "output", "threshold", "label_column"),
    examples=(
        "zoo evaluate --checkpoint=runs/photos",
        "zoo evaluate --artifact=exports/photos/edge.tflite --data=photos/ --output=figures.json",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
