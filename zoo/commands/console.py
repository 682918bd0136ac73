"""The terminal that commands print to. Text that others wrote is made safe here."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from zoo.printable import printable
from zoo.result import Result, TextTable


class _Console(Console):
    """A console on which no label, title or file name can control the terminal."""

    def render_str(self, text: str, **look: Any) -> Text:
        """Makes a text; its width is that of the shown characters."""
        return super().render_str(self._shown(text), **look)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yields what is written. Control segments are rich's own, such as those of a bar."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(self._shown(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Leaves the error to `zoo.commands.runner`."""
        raise

    def _shown(self, text: str) -> str:
        text = printable(text)
        if self.encoding.startswith("utf"):
            return text
        known = text.replace("×", "x").encode(self.encoding, "backslashreplace")
        return known.decode(self.encoding)


def console(*, quiet: bool = False) -> Console:
    """Returns the terminal. Without one, lines may be longer than the usual 80 characters.

    Args:
        quiet: Whether nothing that is printed to it shall appear.
    """
    terminal = _Console(highlight=False, markup=False, quiet=quiet)
    if terminal.is_terminal:
        return terminal
    return _Console(highlight=False, markup=False, quiet=quiet, width=200)


def complain(message: str) -> None:
    """Prints an error as one line."""
    with contextlib.suppress(OSError, ValueError):  # The program that read the output has ended.
        print(f"zoo: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)


def print_result(terminal: Console, result: Result) -> None:
    """Prints a result; its warnings go to standard error."""
    for warning in result.warnings:
        complain(warning)
    for text in result.tables:
        table = Table(title=text.title or None, title_justify="left")
        terminal.print(_filled(table, text))
    for line in result.lines:
        terminal.print(line, soft_wrap=True)


def print_figures(terminal: Console, result: Result) -> None:
    """Prints the result of a laboratory command: its tables are wide, so they have few lines."""
    for text in result.tables:
        table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0))
        terminal.print(_filled(table, text))
    for line in result.lines:
        terminal.print(line)


def _filled(table: Table, text: TextTable) -> Table:
    """Puts columns and rows into a table: the first column, of names, to the left."""
    for index, name in enumerate(text.head):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in text.rows:
        table.add_row(*row)
    return table


def print_json(data: Any) -> None:
    """Prints JSON. Characters that control a terminal, or that it cannot encode, are escaped."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(data, indent=2, ensure_ascii=not unicode)
    print("".join(c if printable(c) == c else json.dumps(c)[1:-1] for c in text))


def open_streams() -> None:
    r"""Makes standard streams that work. A closed one is replaced by one that drops its output.

    Otherwise the next opened file would get the number of a closed standard error, and TensorFlow
    would write into it. Letters that a stream cannot encode are written as "\xe9".
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            _lead_nowhere(number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def reader_is_gone() -> bool:
    """Returns whether the program that reads standard output has ended."""
    waiting = select.poll()
    waiting.register(1, select.POLLOUT)
    return any(event & select.POLLERR for _, event in waiting.poll(0))


def finish_output() -> None:
    """Flushes standard output, and drops what cannot be written."""
    try:
        sys.stdout.flush()
    except OSError:
        _lead_nowhere(1)


def _lead_nowhere(number: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != number:
        os.dup2(null, number)
        os.close(null)
