"""What can go wrong with an export: the request, or the result."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from export.report import Report


class ExportError(ValueError):
    """The request was wrong; nothing was written."""


class GateFailure(Exception):  # noqa: N818 (its name is part of the interface)
    """An artifact is not good enough; only the report was written.

    Attributes:
        report: All figures and checks, those of the artifacts that passed included.
    """

    def __init__(self, report: Report) -> None:
        failures = [
            f"{target}: {check.name}: {check.detail}"
            for target, artifact in report.artifacts.items()
            for check in artifact.checks
            if check.status == "fail"
        ]
        super().__init__(f"the export failed {_count(failures)}: {'; '.join(failures)}")
        self.report = report


def _count(failures: list[str]) -> str:
    return "a gate" if len(failures) == 1 else f"{len(failures)} gates"


def unknown(what: str, name: str, known: Iterable[str]) -> ExportError:
    """Builds the error for a name that does not exist, with the nearest one that does."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return ExportError(f"unknown {what} {name!r}; {hint}")
