"""What is said of broken files, and how many are too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zoo.errors import RequestError

MOST_BROKEN = 0.05
_SHOWN = 10


def broken_notes(
    name: str, broken: Mapping[int, str], places: Sequence[str], plural: str
) -> list[str]:
    """Returns the first broken files with their reasons, and their number.

    Args:
        name: Name of the data set.
        broken: Why files are broken, by index.
        places: Names of all files.
        plural: What the files are, such as "pictures".

    Raises:
        RequestError: More than a twentieth is broken.
    """
    if not broken:
        return []
    lines = [f"{places[index]}: {reason}" for index, reason in broken.items()]
    count = f"{len(broken)} of {len(places):,} {plural}"
    if len(broken) > MOST_BROKEN * len(places):
        raise RequestError(
            f"{name}: {count} are broken, more than {MOST_BROKEN:.0%}; mend or remove them. "
            f"The first is {lines[0]}"
        )
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    skipped = [f"skipped {line}" for line in lines[:_SHOWN]]
    return [*skipped, *more, f"{count} {'is' if len(broken) == 1 else 'are'} broken and skipped"]
