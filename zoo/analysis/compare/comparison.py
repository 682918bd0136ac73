"""Results of trained twins: figures over seeds, and whether depth degrades them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.analysis.compare.twins import Twin
from zoo.analysis.gradients.measured import NetworkGradients
from zoo.analysis.interval import Interval, interval, plain, spread
from zoo.analysis.landscape.measured import Surface


@dataclass(frozen=True)
class Outcome:
    """The results of one twin.

    Attributes:
        twin: The twin.
        figures: A value for each seed, by name ("test accuracy").
        histories: For each seed's training, the rows of `zoo.training.fit.fit`.
        initial: Gradients before the training.
        trained: Gradients after the training.
        surface: The loss around the weights of the first seed; None: not asked for.
    """

    twin: Twin
    figures: Mapping[str, Sequence[float]]
    histories: Sequence[Sequence[Mapping[str, float]]]
    initial: NetworkGradients
    trained: NetworkGradients
    surface: Surface | None = None

    def figure(self, name: str) -> Interval:
        """Returns the mean of a figure over the seeds."""
        return interval(self.figures[name])

    def curve(self, column: str) -> tuple[np.ndarray, Interval]:
        """Returns the epochs, and the mean of a column of the histories over the seeds.

        If trainings ended early, epochs that not all seeds have are left out.
        """
        epochs = min(map(len, self.histories))
        values = [[row[column] for row in rows[:epochs]] for rows in self.histories]
        return np.arange(1, epochs + 1), interval(np.array(values))

    def to_json(self) -> dict[str, Any]:
        """Returns all figures as JSON holds them."""
        return {
            "name": self.twin.name,
            "varied": dict(self.twin.varied),
            "config": dict(self.twin.config),
            "figures": {
                name: {"values": plain(np.array(values)), **self.figure(name).to_json()}
                for name, values in self.figures.items()
            },
            "gradients": [self.initial.to_json(), self.trained.to_json()],
            "surface": None if self.surface is None else self.surface.figures(),
        }


@dataclass(frozen=True)
class Step:
    """A comparison of the twin with the lowest value, such as of depth, with another twin.

    Attributes:
        least: The twin with the lowest value.
        other: A twin that differs only in this value.
        figure: Name of the compared figure.
    """

    least: Outcome
    other: Outcome
    figure: str

    @property
    def verdict(self) -> str:
        """The other twin is "better", "worse", or "alike" if the intervals overlap.

        It is "unknown" where there are none, of one seed.
        """
        before, after = (outcome.figure(self.figure) for outcome in (self.least, self.other))
        if not (apart := before.apart(after)):
            return "unknown" if apart is None else "alike"
        lower = "loss" in self.figure or "curvature" in self.figure
        return "better" if (after.mean < before.mean) == lower else "worse"

    def to_json(self) -> dict[str, str]:
        """Returns the comparison as JSON holds it."""
        return {
            "from": self.least.twin.name,
            "to": self.other.twin.name,
            "figure": self.figure,
            "verdict": self.verdict,
            "text": str(self),
        }

    def __str__(self) -> str:
        key, *rest = self.other.twin.varied
        values = [outcome.twin.varied[key] for outcome in (self.least, self.other)]
        before, after = (
            spread(interval.mean, interval.half, ".4g", ".2g")
            for interval in (self.least.figure(self.figure), self.other.figure(self.figure))
        )
        where = f"{self.other.twin.line}, " if rest else ""
        return (
            f"{where}{key} {values[0]} to {values[1]}: {self.figure} {before} to {after}, "
            f"{self.verdict}"
        )


def steps(outcomes: Sequence[Outcome], figure: str) -> list[Step]:
    """Compares twins along the first varied argument, if it is a number.

    Args:
        outcomes: Outcomes of all twins.
        figure: The compared figure. A lower loss or curvature is better.

    Returns:
        A `Step` from the lowest value to every other value, for each combination of the other
        arguments. Empty if the first argument is not a number.
    """
    key = next(iter(outcomes[0].twin.varied))
    if not all(type(outcome.twin.varied[key]) in (int, float) for outcome in outcomes):
        return []
    lines: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        rest = {name: value for name, value in outcome.twin.varied.items() if name != key}
        lines.setdefault(repr(rest), []).append(outcome)
    made = []
    for line in lines.values():
        least, *others = sorted(line, key=lambda outcome: outcome.twin.varied[key])
        made += [Step(least, other, figure) for other in others]
    return made


def grouped(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Returns the outcomes by the group of their twins, in order."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.twin.group, []).append(outcome)
    return groups
