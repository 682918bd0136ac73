"""What units do, as a table and in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.analysis.interval import Interval, spread
from zoo.analysis.units.measured import NetworkUnits
from zoo.result import TextTable


def result_table(networks: Sequence[NetworkUnits]) -> TextTable:
    """Returns the table of results, with a row for each network."""
    head = (
        "network",
        networks[0].figure,
        "one deleted: mean",
        "the most important",
        "a quarter deleted",
        "half deleted",
        "most reordered",
        "CKA of neighbours",
    )
    return TextTable("", head, tuple(map(_row, networks)))


def effective_lengths(networks: Sequence[NetworkUnits]) -> tuple[str, ...]:
    """Returns through how many branches gradients come, a sentence for each residual network."""
    return tuple(
        f"{network.name}: nine tenths of the gradient of all paths come through "
        f"{network.effective[0]} to {network.effective[1]} of {len(network.units)} branches"
        for network in networks
        if network.norms.mean.size
    )


def _row(network: NetworkUnits) -> tuple[str, ...]:
    single = network.single.mean
    worst = int(np.argmin(single))
    ordered = "–"
    if network.exchanges:
        tau = float(network.taus.mean[-1])
        ordered = f"{_text(network.reordered, -1)} (tau {tau:.2f})"
    return (
        network.name,
        _text(network.whole),
        f"{float(single.mean()):.4f}",
        f"{_text(network.single, worst)} ({network.units[worst]})",
        *(_text(network.several, network.level(share)) for share in (0.25, 0.5)),
        ordered,
        _text(network.neighbours),
    )


def _text(values: Interval, place: int | None = None) -> str:
    mean, half = (part if place is None else part[place] for part in (values.mean, values.half))
    return spread(mean, half, ".4f")
