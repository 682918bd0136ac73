"""Says how a new request for a run's folder differs from that run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Keys of a record that are no settings: they say how a run was asked for, and decide nothing.
_APART = ("command", "source", "versions", "extends")


def differences(record: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """Returns how the settings asked for now differ from those of a run, in words.

    Args:
        record: The content of `run.json`.
        settings: What is asked for now, as JSON holds it.

    Returns:
        Such as ["epochs: was 2, now 3"]; empty if nothing differs.
    """
    if ("head" in record) != ("head" in settings) and record.get("model"):
        kinds = ("a training from scratch", "a fine-tuning")
        before_, now_ = (kinds["head" in part] for part in (record, settings))
        return [f"was {before_}, now {now_}"]
    before, now = _flat(record), _flat(settings)
    changed = _changed(before, now)
    words = [_in_words(name, before.get(name), now, changed) for name in changed]
    # A flag of both stages of a fine-tuning differs twice; it is named once.
    return list(dict.fromkeys(filter(None, words)))


def more_epochs(record: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Returns whether all that is asked for beyond a run is more epochs of the whole network.

    Args:
        record: The content of `run.json`.
        settings: What is asked for now, as JSON holds it.
    """
    before, now = _flat(record), _flat(settings)
    name = "whole.epochs" if "whole.epochs" in now else "epochs"
    changed = {*_changed(before, now)}
    if name not in changed or not changed <= {name, name.replace("epochs", "patience")}:
        return False
    # A cross-validation measured the head of the first training, and a frozen network has none.
    if now.get("folds") or now.get("freeze") == "backbone":
        return False
    return isinstance(before.get(name), int) and before[name] < now[name]


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Returns the names of the settings that differ, be they changed, new or gone.

    Args:
        before: The leaves of a record.
        now: Those of the settings asked for now.
    """
    gone = (name for name in before if name not in now and name.split(".")[0] not in _APART)
    return [name for name in (*now, *gone) if _set(before, name) != _set(now, name)]


def _set(leaves: Mapping[str, Any], name: str) -> Any:
    """Returns a setting. What is off was not given; a model may have it unless it is off."""
    value = leaves.get(name)
    return None if value is False and not name.startswith("config.") else value


def _in_words(name: str, before: Any, now: Mapping[str, Any], changed: list[str]) -> str:
    """Returns one difference; empty if another one explains it."""
    if name == "data.excluded":
        return "--exclude leaves out other examples now"
    if name == "data.fingerprint":
        explained = {"data.name", "data.excluded"} & {*changed}
        return "" if explained else f"{now['data.name']} has other examples now"
    if name == "checkpoint_sha256" and name in now:
        return "" if "checkpoint" in changed else f"{now['checkpoint']} has other weights now"
    of_teacher = name == "teacher_sha256" or ".distillation_" in f".{name}"
    if of_teacher and any(other.split(".")[-1] == "teacher" for other in changed):
        return ""
    if name == "teacher_sha256":
        return "the teacher has other weights now"
    # That of a fine-tuning follows from its epochs; no flag asks for it.
    derived = name in ("head.patience", "whole.patience")
    if derived or (name == "patience" and "epochs" in changed):
        return ""
    *stage, word = name.split(".")
    if stage == ["data"]:
        word = "data"
    if stage == ["head"] and word == "epochs":
        word = "head_epochs"
    return f"{word}: was {_shown(before)}, now {_shown(now.get(name))}"


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
    if isinstance(value, bool):
        return "on" if value else "off"
    return "not given" if value is None else str(value)
