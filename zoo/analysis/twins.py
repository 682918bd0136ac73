"""Twins: networks that differ in one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_and_without(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the configurations of a residual network and of its plain twin.

    Args:
        config: Of either. Where it asks for no shortcut, the residual twin has the model's own.
    """
    residual = dict(config)
    if residual.get("shortcut") == "none":
        del residual["shortcut"]
    return {"residual": residual, "plain": {**residual, "shortcut": "none"}}
