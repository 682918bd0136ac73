"""How far a share of a few examples may be from the share of all that could be measured."""

from __future__ import annotations


def wilson(share: float, examples: int) -> tuple[float, float]:
    """Returns the ends of the 95 % interval of a share, by Wilson 1927.

    It assumes that the examples are independent of each other.

    Args:
        share: From 0 to 1.
        examples: How many it was counted on.
    """
    from scipy.stats import binomtest

    interval = binomtest(round(share * examples), examples).proportion_ci(method="wilson")
    return round(float(interval.low), 6), round(float(interval.high), 6)


def in_words(interval: tuple[float, float] | None) -> str:
    """Returns an interval as it stands behind a share: " (95% interval 46.7 to 82.0)"."""
    if interval is None:
        return ""
    low, high = interval
    return f" (95% interval {100 * low:.1f} to {100 * high:.1f})"
