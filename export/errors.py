"""The error for a wrong request for an export."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_LONGEST = 200
_FRAME = ("Exception encountered when calling", "Arguments received by", "in user code:")


class ExportError(ValueError):
    """The request was wrong; nothing was written."""


def unknown(what: str, name: str, known: Iterable[str]) -> ExportError:
    """Builds the error for a name that does not exist, with the nearest one that does."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return ExportError(f"unknown {what} {name!r}; {hint}")


def one_line(error: Exception) -> str:
    """Returns the message of an error in a user's code, without what libraries add to it."""
    text = re.sub(r"\x1b\[\d*m", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(_FRAME)]
    raised = next((line for line in lines if re.match(r"\w*Error: ", line)), None)
    return (raised or (lines or ["no reason given"])[0])[:_LONGEST]
