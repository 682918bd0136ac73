"""Runs a command: parses its flags, and turns what goes wrong into a line and an exit code."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from unicodedata import category

from absl import flags
from absl.flags import FlagValues
from rich.console import Console

from zoo.errors import DamagedError, RequestError, StoppedError

DONE, NOT_GOOD_ENOUGH, WRONG_REQUEST, STOPPED = 0, 1, 2, 130

# TensorFlow's greetings are not ours to show.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@dataclass(frozen=True)
class Command:
    """A command of the zoo.

    Attributes:
        name: What the user types after `zoo`.
        about: What it does, for `--help`.
        flags: Its own flags. (absl's global ones would clash between commands.)
        main: Does it; takes the parsed flags, with what is not a flag, and returns the exit code.
    """

    name: str
    about: str
    flags: FlagValues
    main: Callable[[FlagValues, list[str]], int]

    def run(self, argv: list[str] | None = None) -> int:
        """Parses and runs.

        Args:
            argv: The arguments; None: those of this process.

        Returns:
            0 done, 1 the result is not good enough, 2 the request was wrong, 130 stopped.
        """
        arguments = sys.argv[1:] if argv is None else argv
        if "verbosity" not in self.flags:
            flags.DEFINE_integer(
                "verbosity", 0, "1 shows a traceback on errors", flag_values=self.flags
            )
        if {"--help", "-h", "-help", "--helpfull"} & set(arguments):
            print(f"zoo {self.name}: {textwrap.dedent(self.about).strip()}\n")
            print(self.flags.get_help())
            return DONE
        self.flags.unparse_flags()  # A second run in one process starts from the defaults.
        try:
            rest = self.flags([f"zoo {self.name}", *arguments])[1:]
        except flags.Error as error:
            complain(str(error))
            return WRONG_REQUEST
        # A scheduler's SIGTERM ends like Ctrl-C, so that temporary files are removed.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            return self.main(self.flags, rest)
        except (RequestError, OSError) as error:
            if self.flags.verbosity > 0:
                traceback.print_exc()
            complain(_sentence(error))
            return NOT_GOOD_ENOUGH if isinstance(error, DamagedError) else WRONG_REQUEST
        except StoppedError as error:
            complain(str(error))
            return STOPPED
        except KeyboardInterrupt:
            complain("interrupted")
            return STOPPED
        finally:
            if sys.stdout.isatty():
                Console().show_cursor()  # A bar that did not end well has hidden it.


def console() -> Console:
    """Returns the terminal; where there is none, lines may be longer than its usual 80."""
    terminal = Console(highlight=False, markup=False)
    return terminal if terminal.is_terminal else Console(highlight=False, markup=False, width=200)


def command_line(name: str, values: FlagValues) -> str:
    """Returns what the user typed, for the record; not where it is written to."""
    given = [
        f"--{flag}={value}"
        for flag, value in sorted(values.flag_values_dict().items())
        if values[flag].present and flag != "output"
    ]
    return shlex.join(["zoo", name, *given])


def no_more(rest: list[str]) -> None:
    """Refuses arguments that are not flags."""
    if rest:
        raise RequestError(f"unexpected argument {rest[0]!r}; flags start with --")


def complain(message: str) -> None:
    """Prints an error as one line."""
    print(f"zoo: {shown(' '.join(message.split()))}", file=sys.stderr)


def shown(text: str) -> str:
    """Returns a text from a file of others without the characters that steer a terminal."""
    return "".join("\N{REPLACEMENT CHARACTER}" if category(c) == "Cc" else c for c in text)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
