"""Runs a command: parses its flags, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from absl import flags
from absl.flags import FlagValues

from zoo.commands.console import complain, console, finish_output, open_streams, reader_is_gone
from zoo.commands.fault import keep_traceback
from zoo.commands.flags.spelling import in_words
from zoo.commands.help import help_text
from zoo.errors import DamagedError, RequestError, StoppedError
from zoo.quiet import for_a_command

DONE, NOT_GOOD_ENOUGH, WRONG_REQUEST, FAULT, STOPPED = 0, 1, 2, 3, 130

# Flags that change what is printed and nothing else.
_OF_THE_TERMINAL = ("verbosity", "quiet")

# Hides TensorFlow's greetings.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@dataclass(frozen=True)
class Command:
    """A command of the zoo.

    Attributes:
        name: What the user types after `zoo`.
        about: What it does, for `--help`.
        flags: Its own flags. (absl's global ones would clash between commands.)
        main: Takes the parsed flags and the other arguments, and returns the exit code.
        required: Flags that `--help` shows first, see `zoo.commands.help.help_text`.
        usual: Flags that `--help` shows next; the others follow.
        examples: Whole command lines, for `--help`.
    """

    name: str
    about: str
    flags: FlagValues
    main: Callable[[FlagValues, list[str]], int]
    required: Sequence[str] = ()
    usual: Sequence[str] = ()
    examples: Sequence[str] = ()

    def run(self, argv: list[str] | None = None) -> int:
        """Parses and runs.

        Args:
            argv: The arguments; None: those of this process.

        Returns:
            0 done, 1 the result is not good enough, 2 the request was wrong, 3 a bug in the zoo,
            130 stopped.
        """
        arguments = sys.argv[1:] if argv is None else argv
        if "verbosity" not in self.flags:
            flags.DEFINE_integer(
                "verbosity", 0, "1 shows a traceback on errors", flag_values=self.flags
            )
        return guarded(self.name, lambda: self._run(arguments), self._is_verbose)

    def _is_verbose(self) -> bool:
        return bool(self.flags["verbosity"].value)

    def _run(self, arguments: list[str]) -> int:
        if {"--help", "-h", "-help", "--helpfull"} & set(arguments):
            print(
                help_text(
                    self.name,
                    self.about,
                    self.flags,
                    required=self.required,
                    usual=self.usual,
                    examples=self.examples,
                )
            )
            return DONE
        for_a_command()
        self.flags.unparse_flags()  # So that a second run in this process has the defaults.
        try:
            rest = self.flags([f"zoo {self.name}", *arguments])[1:]
        except flags.Error as error:
            raise RequestError(in_words(error, self.name, self.flags)) from error
        # SIGTERM raises, like Ctrl-C, so that temporary files are removed.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return self.main(self.flags, rest)


def guarded(
    name: str, work: Callable[[], int], is_verbose: Callable[[], bool] = lambda: False
) -> int:
    """Does some work and returns an exit code, even after an error.

    Args:
        name: Name of the command.
        work: Returns an exit code.
        is_verbose: Returns whether to print the traceback of an error.
    """
    open_streams()
    try:
        code = work()
        sys.stdout.flush()
        return code
    except BaseException as error:  # noqa: BLE001  Every error becomes one line.
        if is_verbose() and not isinstance(error, SystemExit):
            traceback.print_exc()
        return _explained(name, error)
    finally:
        finish_output()
        if sys.stdout.isatty():
            console().show_cursor()  # An interrupted progress bar leaves it hidden.


def _explained(name: str, error: BaseException) -> int:
    """Prints an error as one line, and returns the exit code."""
    match error:
        case BrokenPipeError() if reader_is_gone():
            complain("stopped: the program that read this output has ended")
            return STOPPED
        case RequestError() | OSError():
            complain(_sentence(error))
            return NOT_GOOD_ENOUGH if isinstance(error, DamagedError) else WRONG_REQUEST
        case StoppedError():
            complain(str(error))
            return STOPPED
        case KeyboardInterrupt():
            complain("interrupted")
            return STOPPED
        case MemoryError():
            complain("there is not enough memory for this; give it less at a time")
            return WRONG_REQUEST
        case Exception():
            complain(f"a fault of zoo's, not of what was asked: {keep_traceback(name, error)}")
            return FAULT
        case _:
            raise error


def command_line(name: str, values: FlagValues) -> str:
    """Returns the command that the user typed, for the card, without the output folder."""
    given = [
        f"--{flag}={value}"
        for flag, value in sorted(values.flag_values_dict().items())
        if values[flag].present and flag not in ("output", *_OF_THE_TERMINAL)
    ]
    return shlex.join(["zoo", name, *given])


def arguments_of(values: FlagValues) -> dict[str, Any]:
    """Returns the flags as keyword arguments of the function behind the command."""
    given = values.flag_values_dict().items()
    return {name: value for name, value in given if name not in _OF_THE_TERMINAL}


def no_more(rest: list[str]) -> None:
    """Refuses arguments that are not flags."""
    if rest:
        example = f": --{rest[0]}" if "=" in rest[0] else ", as in --data=FOLDER"
        raise RequestError(f"unexpected argument {rest[0]!r}; flags start with --{example}")


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
