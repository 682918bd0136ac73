"""Compares gradients of networks: shattering, norms by depth, confusion; and the stream itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from zoo.analysis.fresh import starts_as_nothing, without_dropout
from zoo.analysis.gradients.confusion import BatchGradients
from zoo.analysis.gradients.depth import DepthGradient, draw_batches
from zoo.analysis.gradients.shattering import (
    DISTANCE,
    InputGradient,
    along,
    autocorrelation,
    draw_lines,
    gradient_correlation,
    settle,
)
from zoo.analysis.gradients.stream import FIGURES, Stream
from zoo.analysis.interval import Interval, geometric, interval, plain
from zoo.checkpoints.card import Card
from zoo.data.dataset import Dataset, Split, balanced_sample

State = Literal["initial", "trained"]

# Examples for the statistics of a fresh model's batch normalisation, batches for the norms, and
# those whose gradients are compared.
_SETTLED, _BATCHES, _COMPARED = 256, 4, 12


@dataclass(frozen=True)
class Sample:
    """The measurements with one set of weights.

    Attributes:
        curves: (lines, points // 2 + 1), see `zoo.analysis.gradients.shattering.autocorrelation`.
        trace: (points,) the gradient along the first line.
        outputs: (units,) norms by the units' outputs, see `zoo.analysis.gradients.depth`.
        weights: (units,) norms by the units' weights.
        stream: (3, units) figures of the units' outputs, see `zoo.analysis.gradients.stream`.
        cosines: (pairs,) of the gradients of batches, see `zoo.analysis.gradients.confusion`.
    """

    curves: np.ndarray
    trace: np.ndarray
    outputs: np.ndarray
    weights: np.ndarray
    stream: np.ndarray
    cosines: np.ndarray


@dataclass(frozen=True)
class NetworkGradients:
    """The gradients of a network, measured.

    Attributes:
        name: For a person, such as "residual".
        state: "initial" or "trained".
        units: Names of its residual units, from the input on.
        points: Inputs on a line.
        samples: One for each seed, or a single one.
        config: Configuration of its builder.
        zeroed: Whether its branches start at zero: `zero_init` or `scale` of the builders.
    """

    name: str
    state: State
    units: tuple[str, ...]
    points: int
    samples: tuple[Sample, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    zeroed: bool = False

    @property
    def title(self) -> str:
        """Name and state."""
        return f"{self.name}, {'trained' if self.state == 'trained' else 'at initialisation'}"

    @property
    def repeated(self) -> str:
        """The repetitions behind the intervals: "5 seeds", or "8 lines" with a single seed."""
        seeds, lines = len(self.samples), len(self.samples[0].curves)
        return f"{seeds} seeds" if seeds > 1 else f"{lines} lines"

    @property
    def curve(self) -> Interval:
        """The autocorrelation, (points // 2 + 1,)."""
        return interval(self._curves)

    @property
    def correlation(self) -> Interval:
        """The figure of shattering, see `gradient_correlation`."""
        return interval([gradient_correlation(curve, self.points) for curve in self._curves])

    @property
    def gain(self) -> tuple[float, float, float]:
        """Norm at the first unit's output divided by that at the last's: mean, and its interval.

        Above 1, gradients grow on their way back to the input. Below 1, they vanish.
        """
        first_to_last = [sample.outputs[0] / sample.outputs[-1] for sample in self.samples]
        mean, low, high = geometric(first_to_last)
        return float(mean), float(low), float(high)

    @property
    def stream(self) -> Interval:
        """Mean, deviation and positive share of the units' outputs, (3, units)."""
        return interval(np.array([sample.stream for sample in self.samples]))

    @property
    def confusion(self) -> Interval:
        """The lowest cosine of the gradients of two batches, and the mean of all pairs, (2,)."""
        if not self.samples[0].cosines.size:
            return interval(np.full((1, 2), np.nan))
        rows = [(sample.cosines.min(), sample.cosines.mean()) for sample in self.samples]
        return interval(np.array(rows))

    @property
    def _curves(self) -> np.ndarray:
        """(repetitions, points // 2 + 1)."""
        if len(self.samples) == 1:
            return self.samples[0].curves
        return np.stack([sample.curves.mean(axis=0) for sample in self.samples])

    def to_json(self) -> dict[str, Any]:
        """Returns all figures as JSON holds them."""
        norms = {}
        for name in ("outputs", "weights"):
            mean, low, high = geometric([getattr(sample, name) for sample in self.samples])
            norms[name] = {"mean": plain(mean), "low": plain(low), "high": plain(high)}
        gain = [plain(value) for value in self.gain]
        stream, confusion = self.stream, self.confusion
        return {
            "name": self.name,
            "state": self.state,
            "config": dict(self.config),
            "intervals_over": self.repeated,
            "correlation": {
                **self.correlation.to_json(),
                "distance": DISTANCE,
                "values": [
                    plain(gradient_correlation(curve, self.points)) for curve in self._curves
                ],
            },
            "autocorrelation": {
                "distance": [k / self.points for k in range(self.points // 2 + 1)],
                **self.curve.to_json(),
            },
            "units": list(self.units),
            "norms": norms,
            "stream": {
                name: Interval(stream.mean[row], stream.half[row]).to_json()
                for row, name in enumerate(FIGURES)
            },
            "cosine_of_batches": {
                name: Interval(confusion.mean[row], confusion.half[row]).to_json()
                for row, name in enumerate(("lowest", "mean"))
            },
            "first_to_last": dict(zip(("mean", "low", "high"), gain, strict=True)),
        }


class GradientProbe:
    """Measures the gradients of one architecture with any weights.

    It uses examples of the training split, and no dropout.

    Args:
        card: Card of the architecture.
        dataset: In the form that the model takes.
        lines: Number of lines between pairs of examples.
        points: Inputs on each line, a multiple of 100.
    """

    def __init__(self, card: Card, dataset: Dataset, *, lines: int, points: int) -> None:
        self._config = card.config
        self._split = dataset.train
        self._lines = lines
        self._points = points
        self._model = without_dropout(card)
        self._input = InputGradient(self._model)
        self._depth = DepthGradient(self._model, dataset.task)
        self._stream = Stream(self._model)
        self._compared = BatchGradients(self._model, dataset.task)
        self._settled = np.asarray(balanced_sample(dataset.train, _SETTLED).x)
        self._scale = dataset.task.scale(dataset.train.y)

    def network(
        self,
        name: str,
        state: State,
        weights: Iterable[Sequence[np.ndarray]],
        measured: Callable[[], None] = lambda: None,
    ) -> NetworkGradients:
        """Measures this architecture.

        Args:
            name: For a person.
            state: "initial": batch normalisation first gets the statistics of examples (see
                `shattering.settle`). "trained": `weights` contain its statistics.
            weights: Weights of each seed from 0, as in `keras.Model.get_weights`.
            measured: Called after each seed.
        """
        samples, zeroed = [], False
        for seed, values in enumerate(weights):
            samples.append(self._measure(values, state, seed))
            zeroed = zeroed or starts_as_nothing(values, self._model)
            measured()
        return NetworkGradients(
            name, state, self._depth.units, self._points, tuple(samples), dict(self._config), zeroed
        )

    def _measure(self, weights: Sequence[np.ndarray], state: State, seed: int) -> Sample:
        self._model.set_weights(list(weights))
        if state == "initial":
            settle(self._model, self._settled)
        # With the same seed, all networks get the same lines and batches.
        lines = draw_lines(self._split, self._lines, self._points, seed)
        gradients = [self._input(line) for line in lines]
        batches = self._batches(state, seed, _COMPARED)
        outputs, by_weights = self._depth(batches[:_BATCHES])
        # A trained regression's loss has the units of its values.
        unit = self._scale.std**2 if self._scale and state == "trained" else 1.0
        return Sample(
            curves=np.stack([autocorrelation(gradient) for gradient in gradients]),
            trace=along(gradients[0], lines[0]),
            outputs=outputs / unit,
            weights=by_weights / unit,
            stream=self._stream(batches[:_BATCHES]),
            cosines=self._compared(batches),
        )

    def _batches(self, state: State, seed: int, count: int) -> list[Split]:
        batches = draw_batches(self._split, count, seed)
        if state == "trained" or self._scale is None:
            return batches
        return [dataclasses.replace(part, y=self._scale.standardised(part.y)) for part in batches]


def separated(one: NetworkGradients, other: NetworkGradients) -> bool | None:
    """Returns whether the intervals of two networks' gradient correlations do not overlap.

    None: there is no interval.
    """
    return one.correlation.apart(other.correlation)
