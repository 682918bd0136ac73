"""What is wrong with the names of the tensors in a file, in words."""

from __future__ import annotations

from collections.abc import Sequence


def name_problems(found: set[str], wanted: set[str]) -> list[str]:
    """Returns what is wrong with a set of tensor names, in words; nothing where they agree."""
    return [
        f"{problem} {len(names)} tensors: {listed(sorted(names))}"
        for names, problem in ((wanted - found, "lacks"), (found - wanted, "has in excess"))
        if names
    ]


def listed(names: Sequence[str], most: int = 12) -> str:
    """Returns names in one line, the first ones where they are many."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
