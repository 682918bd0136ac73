"""`zoo app`: an exported file as an app."""

from __future__ import annotations

import sys

from absl import flags

from zoo.artifacts.serving.app import PLATFORMS, app
from zoo.commands.console import console, print_result
from zoo.commands.runner import DONE, Command, arguments_of, no_more
from zoo.errors import RequestError

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "artifact", None, "an export's folder, or one of its .tflite files", flag_values=FLAGS
)
flags.DEFINE_string("platform", "web", f"of {', '.join(PLATFORMS)}", flag_values=FLAGS)
flags.DEFINE_string("output", None, "folder; default apps/NAME-PLATFORM", flag_values=FLAGS)
flags.DEFINE_string("title", None, "default the checkpoint's name", flag_values=FLAGS)
flags.DEFINE_float(
    "threshold", None, 'an answer whose score is below it is "unknown", until the user moves it',
    flag_values=FLAGS,
)  # fmt: skip


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Writes the app."""
    no_more(rest)
    if not values.artifact:
        raise RequestError("say what to make an app of: --artifact=FOLDER of an export")
    result = app(**arguments_of(values))
    print_result(console(), result)
    return DONE


COMMAND = Command(
    "app",
    "an exported file as an app. web: a static page for any phone, which works offline; android: a "
    "Gradle project; ios: a project for Xcode; python: a program for a Raspberry Pi; micro: a "
    "CMake project for microcontrollers.",
    FLAGS,
    main,
    required=("artifact",),
    examples=(
        "zoo app --artifact=exports/photos --output=app",
        "zoo app --artifact=exports/photos --platform=python",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
