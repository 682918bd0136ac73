"""What differs between a run and another request for its folder, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differences(record: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """Returns in words what is asked for now and was not asked for when a run began.

    Args:
        record: What `run.json` tells of the run.
        settings: What is asked for now, as JSON holds it.

    Returns:
        Such as ["epochs 2, now 3"]; empty where all is the same.
    """
    before, now = _flat(record), _flat(settings)
    # What left the configuration of the model is gone from `now`.
    names = [*now, *(name for name in before if name.startswith("config.") and name not in now)]
    changed = [name for name in names if before.get(name) != now.get(name)]
    words = [_in_words(name, before.get(name), now, changed) for name in changed]
    # A flag that both stages of a fine-tuning take differs in both; once is enough.
    return list(dict.fromkeys(filter(None, words)))


def _in_words(name: str, before: Any, now: Mapping[str, Any], changed: list[str]) -> str:
    """Returns one difference; nothing where another one explains it."""
    if name == "data.fingerprint":
        return "" if "data.name" in changed else f"{now['data.name']} has other examples now"
    if name == "checkpoint_sha256":
        return "" if "checkpoint" in changed else f"{now['checkpoint']} has other weights now"
    if name.endswith("patience") and any(other.endswith("epochs") for other in changed):
        return ""
    *stage, word = name.split(".")
    if stage == ["data"]:
        word = "data"
    if stage == ["head"] and word == "epochs":
        word = "head_epochs"
    return f"{word} {_shown(before)}, now {_shown(now.get(name))}"


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns the leaves of nested objects, by names such as "data.name"."""
    leaves: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            leaves |= _flat(value, f"{prefix}{name}.")
        else:
            leaves[prefix + name] = value
    return leaves


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "×".join(str(side or "any") for side in value)
    return "not given" if value is None else str(value)
