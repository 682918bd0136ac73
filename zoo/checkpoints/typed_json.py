"""Turns JSON that others wrote into frozen dataclasses, and checks the type of every field."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

T = TypeVar("T")

DEEPEST = 50  # Nested brackets.


def parse_json(text: str) -> Any:
    """Parses JSON that others wrote, and refuses what other code cannot handle.

    Raises:
        ValueError: It is not JSON; its brackets are nested deeper than `DEEPEST`; it holds a whole
            number of more than 64 bits, or a lone surrogate, which cannot be written again.
    """
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError("its brackets are nested too deep") from error
    _check_bounds(data, DEEPEST)
    return data


def _check_bounds(value: Any, depth: int) -> None:
    if isinstance(value, (dict, list)):
        if depth == 0:
            raise ValueError("its brackets are nested too deep")
        for inner in (*value, *value.values()) if isinstance(value, dict) else value:
            _check_bounds(inner, depth - 1)
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"it holds half a character in {value!r}"[:100]) from error
    elif isinstance(value, int) and value.bit_length() > 63:
        raise ValueError(f"it holds a whole number of {value.bit_length()} bits")


def construct(form: type[T], data: Any, path: str = "") -> T:
    """Makes a dataclass of a JSON object.

    A list becomes a tuple if the field is one. An int may stand for a float.

    Args:
        form: A dataclass of int, float, str, bool, None, Literal, tuple[X, ...], tuple[X, Y],
            Mapping[str, X], dataclasses of these, and Any. A base class stands for its
            subclasses, each of which has a `kind`: the object's `kind` says which one it is.
        data: What `parse_json` gave.
        path: Where the object stands in the file, for errors.

    Raises:
        ValueError: A field is missing, unknown or of the wrong type.
    """
    if not isinstance(data, dict):
        raise _wrong(path or form.__name__.lower(), "an object", data)
    prefix = f"{path}." if path else ""
    if form.__subclasses__() and not hasattr(form, "kind"):
        form, data = _variant(form, data, prefix)
    fields = {field.name: field for field in dataclasses.fields(form)}  # type: ignore[arg-type]
    for name in data.keys() - fields.keys():
        raise ValueError(f"unknown field {prefix + name!r}")
    for name, field in fields.items():
        optional = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
        if name not in data and not optional:
            raise ValueError(f"field {prefix + name!r} is missing")
    kinds = typing.get_type_hints(form)
    return form(**{name: _convert(kinds[name], data[name], prefix + name) for name in data})


def _variant(form: type[T], data: dict[str, Any], prefix: str) -> tuple[type[T], dict[str, Any]]:
    """Returns the dataclass that an object's `kind` names, and the rest of the object."""
    if "kind" not in data:
        raise ValueError(f"field {prefix + 'kind'!r} is missing")
    derived = list(form.__subclasses__())
    for one in derived:
        derived += one.__subclasses__()  # The same loop visits these too.
    kinds: dict[str, type[T]] = {vars(one)["kind"]: one for one in derived}
    kind, rest = data["kind"], {name: data[name] for name in data if name != "kind"}
    if not isinstance(kind, str) or kind not in kinds:
        raise _wrong(prefix + "kind", "one of " + ", ".join(map(repr, kinds)), kind)
    return kinds[kind], rest


def _convert(kind: Any, value: Any, path: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return construct(typing.cast(type, kind), value, path)
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong(path, "a list", value)
        items = arguments[:1] * len(value) if Ellipsis in arguments else arguments
        if len(value) != len(items):
            raise _wrong(path, f"a list of {len(items)}", value)
        pairs = enumerate(zip(items, value, strict=True))
        return tuple(_convert(own, item, f"{path}[{i}]") for i, (own, item) in pairs)
    if origin is Mapping:
        if not isinstance(value, dict):
            raise _wrong(path, "an object", value)
        return {key: _convert(arguments[1], item, f"{path}.{key}") for key, item in value.items()}
    if kind is Any:
        return value
    if origin is Literal:
        if value not in arguments:
            raise _wrong(path, "one of " + ", ".join(map(repr, arguments)), value)
        return value
    kinds = arguments if isinstance(kind, types.UnionType) else (kind,)
    if value is None and type(None) in kinds:
        return None
    (plain,) = (part for part in kinds if part is not type(None))
    if dataclasses.is_dataclass(plain) or typing.get_origin(plain) is tuple:
        return _convert(plain, value, path)
    accepted = (int, float) if plain is float else (plain,)
    if type(value) not in accepted:  # isinstance would take a bool for an int.
        raise _wrong(path, f"of type {plain.__name__}", value)
    return value


def _wrong(path: str, wanted: str, value: Any) -> ValueError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    return ValueError(f"field {path!r} is of the wrong type: it must be {wanted}, not {shown}")
