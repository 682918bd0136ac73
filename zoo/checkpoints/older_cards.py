"""Cards of earlier schemas, converted to the newest one."""

from __future__ import annotations

import dataclasses
from typing import Any

from zoo.checkpoints.provenance import Provenance
from zoo.forms import PLAIN, Vector

_OF_PICTURES = ("resize", "interpolation", "antialias")  # All inputs had these.


def upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Converts the JSON of a card to the newest schema.

    Wrong values stay as they are; the caller refuses them.

    Args:
        data: Its `schema` is a known one.

    Raises:
        ValueError: Its `columns` cannot be converted.
    """
    data = dict(data)
    if data["schema"] < 3 and "training" in data:
        data["training"] = _provenance(data["training"])
    if data["schema"] < 4:
        columns = data.pop("columns", None)
        if isinstance(data.get("input"), dict):
            data["input"] = _form(data["input"], columns)
    form = data.get("input")
    if data["schema"] < 5 and isinstance(form, dict) and form.get("kind") == "table":
        data["input"] = _of_rows(form)
        data["training"] = _without_fingerprint(data.get("training"))
    return data


def _provenance(training: Any) -> Any:
    """Converts the field `training` of a card of schema 1 or 2 to the form of a `Provenance`.

    It was one flat object, with the recipe's settings next to the command. It also repeated the
    model, its configuration and its input.
    """
    if not isinstance(training, dict) or not training:
        return training or None
    known = {part.name for part in dataclasses.fields(Provenance)} - {"recipe"}
    again = {"model", "config", "shape"}
    kept = {name: value for name, value in training.items() if name in known}
    recipe = {name: value for name, value in training.items() if name not in known | again}
    if isinstance(kept.get("data"), str):  # Of published checkpoints.
        kept["data"] = {"name": kept["data"]}
        recipe["name"] = recipe.pop("recipe", "")
    return {**kept, "recipe": recipe}


def _form(given: dict[str, Any], columns: Any) -> dict[str, Any]:
    """Adds the kind to an input of schemas 1 to 3; its shape and the columns imply it."""
    shape = given.get("shape")
    plain = PLAIN.get(len(shape) if isinstance(shape, list) else 0, Vector)
    kind = plain.kind if columns is None else "table"
    if kind != "picture":
        given = {name: value for name, value in given.items() if name not in _OF_PICTURES}
    if not isinstance(columns, dict | None):
        raise ValueError(f"field 'columns' must be an object, not {columns!r}"[:100])
    return {**(columns or {}), **given, "kind": kind}


def _of_rows(form: dict[str, Any]) -> dict[str, Any]:
    """Converts the form of a table, whose shape was the number of features, to that of its row."""
    columns = form.get("columns")
    return {**form, "shape": [len(columns)]} if isinstance(columns, list) else form


def _without_fingerprint(training: Any) -> Any:
    """Forgets the fingerprint of a table's features, which its rows do not have."""
    data = training.get("data") if isinstance(training, dict) else None
    if not isinstance(data, dict) or "fingerprint" not in data:
        return training
    return {**training, "data": {**data, "fingerprint": ""}}
