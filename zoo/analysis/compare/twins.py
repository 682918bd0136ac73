"""Twins: networks that differ in one argument, or in all combinations of a few."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.errors import RequestError


@dataclass(frozen=True)
class Twin:
    """A network of a comparison.

    Attributes:
        config: All arguments of its builder.
        varied: The arguments in which twins differ, in the order of the flags.
    """

    config: Mapping[str, Any]
    varied: Mapping[str, Any]

    @property
    def name(self) -> str:
        """All varied arguments: "depth=4, shortcut=none (plain)"."""
        return ", ".join(itertools.starmap(_setting, self.varied.items()))

    @property
    def group(self) -> str:
        """The first of several varied arguments; empty if there is only one."""
        return _setting(*next(iter(self.varied.items()))) if len(self.varied) > 1 else ""

    @property
    def line(self) -> str:
        """The varied arguments in which it differs from the others of its group."""
        items = list(self.varied.items())
        return ", ".join(itertools.starmap(_setting, items[1:] if len(items) > 1 else items))

    @property
    def folder(self) -> str:
        """A name for its folder: "depth-4.shortcut-none"."""
        parts = (f"{key}-{value}" for key, value in self.varied.items())
        return ".".join(re.sub(r"[^\w.]+", "-", part).strip("-") for part in parts)


def cross(config: Mapping[str, Any], vary: Mapping[str, Sequence[Any]]) -> list[Twin]:
    """Returns twins for all combinations of values.

    Args:
        config: Arguments of the builder that all twins have.
        vary: Values of each varied argument. They must give at least two twins.

    Raises:
        RequestError: An argument is in both, or there are fewer than two twins.
    """
    for key, values in vary.items():
        if key in config:
            raise RequestError(f"{key!r} is in --config and in --vary; leave it out of --config")
        for index, value in enumerate(values):
            if value in values[:index]:
                raise RequestError(f"--vary={key} has {value!r} twice")
    combinations = list(itertools.product(*vary.values()))
    if len(combinations) < 2:
        raise RequestError("twins differ in something: --vary=shortcut=auto,none")
    twins = []
    for values in combinations:
        varied = dict(zip(vary, values, strict=True))
        twins.append(Twin({**config, **varied}, varied))
    return twins


def _setting(key: str, value: Any) -> str:
    plain = " (plain)" if key == "shortcut" and value == "none" else ""
    return f"{key}={value}{plain}"
