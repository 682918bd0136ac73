"""What can be wrong with a request for an export."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ExportError(ValueError):
    """The request was wrong; nothing was written."""


def unknown(what: str, name: str, known: Iterable[str]) -> ExportError:
    """Builds the error for a name that does not exist, with the nearest one that does."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return ExportError(f"unknown {what} {name!r}; {hint}")
