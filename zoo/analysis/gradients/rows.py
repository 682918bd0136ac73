"""The gradients of networks, as a table and in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import SupportsFloat

from zoo.analysis.gradients.measured import NetworkGradients, separated
from zoo.analysis.gradients.shattering import DISTANCE
from zoo.analysis.interval import Interval, spread
from zoo.result import TextTable


def result_table(networks: Sequence[NetworkGradients]) -> TextTable:
    """Returns the table of results, with a row for each network and state."""
    head = (
        "network",
        f"gradient correlation at {DISTANCE:g}",
        "± 95 % over",
        "norm first/last unit",
        "lowest cosine of batches",
        "stream's mean, first to last",
    )
    return TextTable("", head, tuple(map(_row, networks)))


def explained(networks: Sequence[NetworkGradients]) -> tuple[str, ...]:
    """Returns what the columns mean, and whether the twins differ at initialisation.

    Args:
        networks: "residual" and "plain" at initialisation, and perhaps others.
    """
    fresh = {network.name: network for network in networks if network.state == "initial"}
    apart = separated(fresh["residual"], fresh["plain"])
    if apart is None:
        verdict = "of one line of one seed there is no interval, so whether they differ is unknown"
    else:
        verdict = (
            f"at initialisation residual and plain are {'apart' if apart else 'not apart'}: their "
            f"intervals {'do not ' if apart else ''}overlap"
        )
    nothing = (
        "the residual network starts its branches at zero, so that at initialisation it is no "
        "deeper than its stem and head; zero_init=false,scale=none in --config sets all at work"
    )
    return (
        f"correlation of the gradients at two inputs {DISTANCE:g} of the way between two examples "
        "apart: 1 as of a linear model, 0 as of white noise",
        "lowest cosine: of the gradients of any two of 12 batches; below 0, a step for one undoes "
        "that for the other",
        verdict,
        *([nothing] if fresh["residual"].zeroed else []),
    )


def _row(network: NetworkGradients) -> tuple[str, ...]:
    low, high = (_figure(value) for value in network.gain[1:])
    ends = f" ({low} to {high})" if len(network.samples) > 1 else ""
    correlation = network.correlation
    return (
        network.title,
        spread(correlation.mean, correlation.half, ".3f"),
        network.repeated,
        _figure(network.gain[0]) + ends,
        _spread(network.confusion, 0),
        f"{_figure(network.stream.mean[0, 0])} to {_spread(network.stream, (0, -1))}",
    )


def _spread(values: Interval, place: int | tuple[int, int]) -> str:
    return spread(values.mean[place], values.half[place], wide=".2g")


def _figure(value: SupportsFloat) -> str:
    return spread(value, math.nan)
