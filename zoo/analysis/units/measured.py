"""Deletes and reorders the units of trained networks, and follows gradients through them.

Veit et al. 2016, "Residual Networks Behave Like Ensembles of Relatively Shallow Networks".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import gammaln
from scipy.stats import kendalltau

from zoo.analysis.gradients.depth import unit_layers
from zoo.analysis.interval import Interval, interval, plain
from zoo.analysis.units.gated import GatedNetwork
from zoo.analysis.units.similarity import unit_similarity
from zoo.data.dataset import Split
from zoo.errors import RequestError

# Into how many steps the number of deleted units is divided, and the most exchanges.
_LEVELS, _EXCHANGES = 10, (1, 2, 4, 8, 16)
# The share of the gradient in the lengths that `NetworkUnits.effective` gives.
_EFFECTIVE = 0.9


@dataclass(frozen=True)
class Sample:
    """The measurements of one checkpoint.

    Attributes:
        whole: The figure of the whole network.
        single: (units,) the figure without each unit.
        several: (levels, draws) without several units drawn by chance.
        taus: (exchanges, draws) Kendall's rank correlation of reordered units with their order.
        reordered: (exchanges, draws) the figure after it.
        norms: (units + 1,) mean norm of the gradient of a path through so many branches, from none
            to all; empty: a plain network has one path.
        similarity: (places, places) CKA of the outputs of units, see
            `zoo.analysis.units.similarity`.
    """

    whole: float
    single: np.ndarray
    several: np.ndarray
    taus: np.ndarray
    reordered: np.ndarray
    norms: np.ndarray
    similarity: np.ndarray


@dataclass(frozen=True)
class NetworkUnits:
    """The units of a network, measured.

    Attributes:
        name: For a person.
        figure: Name of the figure, such as "accuracy". More is better.
        units: Names of the units, from the input on.
        changing: Names of those that change the shape. Their shortcut is not the identity.
        levels: How many units were deleted.
        exchanges: How many pairs of units were exchanged.
        places: Names of the units whose outputs are compared.
        samples: One for each checkpoint.
    """

    name: str
    figure: str
    units: tuple[str, ...]
    changing: tuple[str, ...]
    levels: tuple[int, ...]
    exchanges: tuple[int, ...]
    places: tuple[str, ...]
    samples: tuple[Sample, ...] = field(repr=False)

    @property
    def repeated(self) -> str:
        """The repetitions behind the intervals: "3 checkpoints", or "10 draws" of a single one."""
        count = len(self.samples)
        return f"{count} checkpoints" if count > 1 else f"{self.samples[0].several.shape[1]} draws"

    @property
    def whole(self) -> Interval:
        """The figure of the whole network."""
        return interval([sample.whole for sample in self.samples])

    @property
    def single(self) -> Interval:
        """The figure without each unit, (units,)."""
        return interval(np.array([sample.single for sample in self.samples]))

    @property
    def several(self) -> Interval:
        """The figure without several units, (levels,)."""
        return self._over_draws("several")

    @property
    def reordered(self) -> Interval:
        """The figure with units exchanged, (exchanges,)."""
        return self._over_draws("reordered")

    @property
    def taus(self) -> Interval:
        """Kendall's rank correlation with units exchanged, (exchanges,)."""
        return self._over_draws("taus")

    @property
    def norms(self) -> Interval:
        """The norm of the gradient of a path, by its length from 0; empty for a plain network."""
        return interval(np.array([sample.norms for sample in self.samples]))

    @property
    def shares(self) -> Interval:
        """The share of paths of each length in the sum of the norms of all paths."""
        return interval(np.array([shares_of(sample.norms) for sample in self.samples]))

    @property
    def similarity(self) -> Interval:
        """The CKA of the outputs of units, (places, places)."""
        return interval(np.array([sample.similarity for sample in self.samples]))

    @property
    def neighbours(self) -> Interval:
        """The mean CKA of each unit's output with the next one's; NaN for a single unit."""
        if len(self.places) < 2:
            return interval([np.nan])
        return interval([float(np.diag(sample.similarity, 1).mean()) for sample in self.samples])

    @property
    def effective(self) -> tuple[int, int]:
        """The lengths between which nine tenths of the sum lie, a twentieth below and above."""
        total = np.cumsum(self.shares.mean)
        edge = (1 - _EFFECTIVE) / 2
        return int(np.searchsorted(total, edge)), int(np.searchsorted(total, 1 - edge))

    def level(self, share: float) -> int:
        """Returns the place in `levels` that is nearest to a share of the units deleted."""
        wanted = share * (len(self.units) - len(self.changing))
        return int(np.argmin(np.abs(np.array(self.levels) - wanted)))

    def to_json(self) -> dict[str, Any]:
        """Returns all figures as JSON holds them."""
        made = {
            "name": self.name,
            "figure": self.figure,
            "intervals_over": self.repeated,
            "units": list(self.units),
            "changing_shape": list(self.changing),
            "whole": self.whole.to_json(),
            "one_deleted": self.single.to_json(),
            "several_deleted": {"units": list(self.levels), **self.several.to_json()},
            "reordered": {
                "exchanges": list(self.exchanges),
                "kendall_tau": self.taus.to_json(),
                **self.reordered.to_json(),
            },
        }
        made["similarity"] = {"units": list(self.places), **self.similarity.to_json()}
        if not self.norms.mean.size:
            return {**made, "paths": None}
        lengths = list(range(len(self.units) + 1))
        return {
            **made,
            "paths": {
                "length": lengths,
                "log10_number": plain(_log_number(len(self.units)) / np.log(10)),
                "norm": self.norms.to_json(),
                "share": self.shares.to_json(),
                "effective": list(self.effective),
            },
        }

    def _over_draws(self, name: str) -> Interval:
        values = [getattr(sample, name) for sample in self.samples]
        if len(values) > 1:
            return interval(np.array([value.mean(axis=1) for value in values]))
        return interval(values[0].T)


def measure_units(
    name: str,
    networks: Sequence[GatedNetwork],
    split: Split,
    *,
    draws: int,
    progress: Callable[[], None] = lambda: None,
) -> NetworkUnits:
    """Measures what the units of a network do.

    Args:
        name: For a person.
        networks: Trainings of one configuration.
        split: Examples.
        draws: Random choices at each number of deleted or exchanged units, and at each length of
            a path.
        progress: Called after each network.

    Raises:
        RequestError: All units change the shape.
    """
    first = networks[0]
    keeping = [unit.name for unit in first.units if unit.keeps_shape]
    if not keeping:
        raise RequestError(f"{name} has no unit whose output has the shape of its input")
    levels = tuple(sorted(set(np.linspace(1, len(keeping), _LEVELS).round().astype(int).tolist())))
    pairs = sum(len(names) - 1 for names in first.alike())
    exchanges = tuple(count for count in _EXCHANGES if pairs and count <= 2 * pairs)
    samples = []
    for seed, network in enumerate(networks):
        random = np.random.default_rng(seed)
        samples.append(_measured(network, split, random, keeping, levels, exchanges, draws))
        progress()
    return NetworkUnits(
        name=name,
        figure=split.task.watched,
        units=tuple(unit.name for unit in first.units),
        changing=tuple(unit.name for unit in first.units if not unit.keeps_shape),
        levels=levels,
        exchanges=exchanges,
        places=tuple(unit_layers(first.model)),
        samples=tuple(samples),
    )


def shares_of(norms: np.ndarray) -> np.ndarray:
    """Returns the share of the paths of each length in the sum of the norms of all paths.

    Of n units there are C(n, k) paths of length k, so that their number decides as much as their
    norm (Veit et al. 2016, figure 6).

    Args:
        norms: (units + 1,) mean norm of a path of each length from 0.
    """
    if not norms.size:
        return norms
    with np.errstate(divide="ignore"):
        logs = np.log(norms) + _log_number(len(norms) - 1)
    if not np.isfinite(logs.max()):
        return np.full(len(norms), np.nan)
    parts = np.exp(logs - logs.max())
    return np.asarray(parts / parts.sum())


def exchanged(
    alike: Sequence[Sequence[str]], count: int, random: np.random.Generator
) -> tuple[dict[str, str], float]:
    """Exchanges units by chance, a pair at a time.

    Args:
        alike: Groups of units that may stand for each other, two or more in each.
        count: Number of exchanges.
        random: Chooses.

    Returns:
        By name of a place, the name of the unit that stands there; and Kendall's rank correlation
        of the places with the units.
    """
    order = {name: name for names in alike for name in names}
    # A pair is as likely in a group as there are pairs in it.
    weights = np.array([len(names) * (len(names) - 1) for names in alike], float)
    for _ in range(count):
        names = alike[random.choice(len(alike), p=weights / weights.sum())]
        one, other = (names[place] for place in random.choice(len(names), 2, replace=False))
        order[one], order[other] = order[other], order[one]
    places = {name: place for place, name in enumerate(order)}
    tau = kendalltau(range(len(order)), [places[name] for name in order.values()]).statistic
    return order, float(tau)


def _measured(
    network: GatedNetwork,
    split: Split,
    random: np.random.Generator,
    keeping: Sequence[str],
    levels: Sequence[int],
    exchanges: Sequence[int],
    draws: int,
) -> Sample:
    def figure(**changes: Any) -> float:
        return split.task.measured(network.outputs(split.x, **changes), split.y)[split.task.watched]

    names = [unit.name for unit in network.units]
    several = [
        [figure(without=random.choice(keeping, level, replace=False)) for _ in range(draws)]
        for level in levels
    ]
    orders = [
        [exchanged(network.alike(), count, random) for _ in range(draws)] for count in exchanges
    ]
    shape = (len(exchanges), draws)
    return Sample(
        whole=figure(),
        single=np.array([figure(without=(name,)) for name in names]),
        several=np.array(several),
        taus=np.array([[tau for _, tau in row] for row in orders]).reshape(shape),
        reordered=np.array([[figure(order=order) for order, _ in row] for row in orders]).reshape(
            shape
        ),
        norms=_norms(network, split, random, draws) if network.residual else np.zeros(0),
        similarity=unit_similarity(network.model, split.x)[1],
    )


def _norms(
    network: GatedNetwork, split: Split, random: np.random.Generator, draws: int
) -> np.ndarray:
    names = [unit.name for unit in network.units]
    norms = []
    for length in range(len(names) + 1):
        # There is one path through no branch, and one through all.
        count = draws if 0 < length < len(names) else 1
        paths = [random.choice(names, length, replace=False) for _ in range(count)]
        norms.append(np.mean([network.path_norm(split, path) for path in paths]))
    return np.array(norms)


def _log_number(units: int) -> np.ndarray:
    """Returns the logarithm of the number of paths of each length."""
    lengths = np.arange(units + 1)
    return np.asarray(gammaln(units + 1) - gammaln(lengths + 1) - gammaln(units - lengths + 1))
