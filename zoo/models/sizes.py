"""What a builder refuses before it builds: sizes and shares out of their range."""

from __future__ import annotations

from zoo.errors import RequestError


def check_sizes(**sizes: int) -> None:
    """Refuses sizes, by their names, that are not whole numbers from 1 up.

    Raises:
        RequestError: One is not; the message names it.
    """
    for name, size in sizes.items():
        if type(size) is not int or size < 1:  # Not True, which is an int as well.
            raise RequestError(f"{name} must be a whole number from 1 up, not {size!r}")


def check_shares(**shares: float) -> None:
    """Refuses shares, such as of dropout, by their names, that are not in [0, 1).

    Raises:
        RequestError: One is not; the message names it.
    """
    for name, share in shares.items():
        if not isinstance(share, (int, float)) or not 0 <= share < 1:
            raise RequestError(f"{name} must be in [0, 1), not {share!r}")
