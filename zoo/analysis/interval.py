"""Means over repetitions, such as seeds, with confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat

import numpy as np
from scipy.stats import t

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Means with the half width of their 95 % interval.

    Attributes:
        mean: The means, an array of any shape.
        half: Half widths, in the same shape; NaN with only one repetition.
    """

    mean: np.ndarray
    half: np.ndarray

    @property
    def low(self) -> np.ndarray:
        """The lower end of the interval."""
        return self.mean - self.half

    @property
    def high(self) -> np.ndarray:
        """The upper end of the interval."""
        return self.mean + self.half

    def apart(self, other: Interval) -> bool | None:
        """Returns whether the intervals of two single means do not overlap; None: one has none."""
        if not (np.isfinite(self.half) and np.isfinite(other.half)):
            return None
        return bool(self.high < other.low or other.high < self.low)

    def to_json(self) -> dict[str, Any]:
        """Returns "mean" and "half" as JSON holds them; null stands for NaN."""
        return {"mean": plain(self.mean), "half": plain(self.half)}


def interval(values: Sequence[float] | np.ndarray) -> Interval:
    """Returns the mean over repetitions with its 95 % interval, by Student's t-distribution.

    It assumes that the repetitions are independent and about normally distributed.

    Args:
        values: (repetitions, ...). A NaN makes its mean NaN.
    """
    array = np.asarray(values, np.float64)
    count = len(array)
    mean = array.mean(axis=0)
    if count < 2:
        return Interval(mean, np.full_like(mean, np.nan))
    error = array.std(axis=0, ddof=1) / np.sqrt(count)
    return Interval(mean, np.asarray(t.ppf((1 + LEVEL) / 2, count - 1) * error))


def spread(mean: SupportsFloat, half: SupportsFloat, form: str = ".3g", wide: str = "") -> str:
    """Returns "0.9917 ± 0.0040", the mean alone without an interval, and "–" without a mean.

    Args:
        mean: The mean.
        half: Half of the interval; NaN with only one repetition.
        form: How numbers are written, as for `format`.
        wide: How the half is, if otherwise.
    """
    middle, ends = float(mean), float(half)
    if not math.isfinite(middle):
        return "–"
    return f"{middle:{form}}" + (f" ± {ends:{wide or form}}" if math.isfinite(ends) else "")


def geometric(values: Sequence[float] | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the geometric mean over repetitions, and both ends of its 95 % interval.

    It suits figures that differ by factors. The interval is computed from the logarithms.

    Args:
        values: (repetitions, ...), not negative. A zero has no logarithm and makes its mean NaN.
    """
    array = np.asarray(values, np.float64)
    logs = interval(np.log(np.where(array > 0, array, np.nan)))
    return np.exp(logs.mean), np.exp(logs.low), np.exp(logs.high)


def plain(values: np.ndarray | float) -> Any:
    """Returns numbers as JSON holds them: lists, with null for NaN and infinity."""
    if isinstance(values, np.ndarray) and values.ndim:
        return [plain(value) for value in values]
    return float(f"{float(values):.6g}") if np.isfinite(values) else None
