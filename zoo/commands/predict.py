"""`zoo predict FILE…`: classifies pictures, sounds and recordings, or the rows of tables."""

from __future__ import annotations

import sys

from absl import flags

from zoo.artifacts.predicting.predict import predict
from zoo.artifacts.predicting.predictions import Predictions
from zoo.commands.console import complain, console, print_json, print_result
from zoo.commands.flags.trusting import define_trust
from zoo.commands.runner import DONE, NOT_GOOD_ENOUGH, WRONG_REQUEST, Command
from zoo.commands.terminal import bar

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string(
    "artifact", None,
    "or a .tflite file or a SavedModel's folder; with --checkpoint, prepared as its card says",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "labels", None,
    "of an artifact: text file with a label a line; default those inside it, or labels.txt beside",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer("top", 5, "labels for each", lower_bound=1, flag_values=FLAGS)
flags.DEFINE_string(
    "output", None, "FILE.csv for the predictions; of tables with their rows", flag_values=FLAGS
)
flags.DEFINE_float(
    "threshold", None, 'an answer whose score is below it is "unknown"', flag_values=FLAGS
)
flags.DEFINE_float(
    "decision_threshold", None,
    "tables of two classes: the second is predicted above it; default 0.5", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_bool("json", False, "print JSON instead of lines", flag_values=FLAGS)
define_trust(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Predicts."""
    terminal = console()
    with bar(terminal, "decoding") as progress:
        result = predict(
            rest,
            checkpoint=values.checkpoint,
            artifact=values.artifact,
            labels=values.labels,
            top=values.top,
            output=values.output,
            threshold=values.threshold,
            decision_threshold=values.decision_threshold,
            trust=values.trust,
            progress=progress,
        )
    if values.json:
        for warning in result.warnings:
            complain(warning)
        print_json(result.document)
    else:
        print_result(terminal, result)
    if isinstance(result, Predictions) and result.broken:
        return NOT_GOOD_ENOUGH if result.predictions else WRONG_REQUEST
    return DONE


COMMAND = Command(
    "predict",
    "FILE…: labels and scores for pictures, sounds or recordings, folders of them, and the rows "
    "of tables.\n\n"
    "Exit code 1 means that some files are broken, 2 that all are.",
    FLAGS,
    main,
    required=("checkpoint|artifact",),
    usual=("top", "threshold", "output", "json"),
    examples=(
        "zoo predict --checkpoint=runs/photos holiday/ cat.jpg",
        "zoo predict --artifact=exports/photos/edge.tflite holiday/ --output=answers.csv",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
