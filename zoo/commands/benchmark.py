"""`zoo benchmark`: the speed and memory of artifacts and checkpoints on this computer."""

from __future__ import annotations

import dataclasses
import sys

from absl import flags

from zoo.artifacts.timing import benchmark
from zoo.commands.console import console, print_json, print_result
from zoo.commands.flags.trusting import define_trust
from zoo.commands.runner import DONE, Command, no_more
from zoo.commands.terminal import bar

FLAGS = flags.FlagValues()
flags.DEFINE_list(
    "artifact", [], "a .tflite file or a SavedModel's folder, or several, with commas between",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_list("checkpoint", [], "a checkpoint, or several", flag_values=FLAGS)
flags.DEFINE_integer("threads", 1, "of the CPU, for each", lower_bound=1, flag_values=FLAGS)
flags.DEFINE_integer("runs", 50, "timed calls of each", lower_bound=1, flag_values=FLAGS)
flags.DEFINE_integer("warmup", 5, "calls before them", lower_bound=0, flag_values=FLAGS)
flags.DEFINE_bool("json", False, "print JSON instead of a table", flag_values=FLAGS)
define_trust(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Times."""
    no_more(rest)
    terminal = console()
    with bar(terminal, "timing") as progress:
        result = benchmark(
            artifact=values.artifact,
            checkpoint=values.checkpoint,
            threads=values.threads,
            runs=values.runs,
            warmup=values.warmup,
            trust=values.trust,
            progress=progress,
        )
    if values.json:
        print_json([dataclasses.asdict(timing) for timing in result.timings])
    else:
        print_result(terminal, result)
    return DONE


COMMAND = Command(
    "benchmark",
    "how fast artifacts and checkpoints are on this CPU, and what memory they take.",
    FLAGS,
    main,
    required=("artifact|checkpoint",),
    usual=("threads", "runs", "json"),
    examples=(
        "zoo benchmark --artifact=exports/mine/cpu.tflite,exports/mine/edge.tflite --threads=2",
        "zoo benchmark --checkpoint=resnet8.digits",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
