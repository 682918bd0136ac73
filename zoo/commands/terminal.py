"""Progress on the terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def bars(terminal: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Gives a function that shows a progress bar; without a terminal it shows nothing.

    It takes a title, the finished steps, and all steps. A new title starts a new bar.
    """
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    )
    task = progress.add_task("", total=None)
    shown = ""

    def steps(title: str, done: int, total: int) -> None:
        nonlocal shown
        if title != shown:
            progress.reset(task, description=title, total=total)
            progress.start()
            shown = title
        progress.update(task, completed=done, total=total)
        if done == total:
            progress.stop()
            shown = ""

    try:
        yield steps
    finally:
        progress.stop()


@contextlib.contextmanager
def bar(terminal: Console, title: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that shows one bar. It takes the finished steps and all steps."""
    with bars(terminal) as steps:
        yield lambda done, total: steps(title, done, total)
