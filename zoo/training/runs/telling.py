"""How work says where it is: lines for a person, and steps for a bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Tell: TypeAlias = Callable[[str], None]
# A title, steps done, and steps in all.
Steps: TypeAlias = Callable[[str, int, int], None]


def silent(line: str) -> None:
    """Ignores a line of progress."""


def stepless(title: str, done: int, total: int) -> None:
    """Shows no bar."""


def counted(steps: Steps, title: str, total: int) -> Callable[[], None]:
    """Returns a function that says, at each call, that one more of `total` steps is done."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        steps(title, done, total)

    return step
