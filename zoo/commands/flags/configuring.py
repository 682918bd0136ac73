"""`--config` and `--vary`: arguments of a model's builder."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from zoo.errors import RequestError

_PYTHON = {"true": "True", "false": "False"}
_COMMA = re.compile(r",(?![^\[(]*[\])])")  # Outside of brackets.


def parse_config(text: str) -> dict[str, Any]:
    """Returns the arguments in "depth=8,norm=none,depths=[1,1,1]".

    Raises:
        RequestError: It has another form.
    """
    config = {}
    for item in _COMMA.split(text) if text else []:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise RequestError(f"--config takes key=value pairs, not {item!r}")
        config[key] = _parse_value(value)
    return config


def parse_vary(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Returns the values of each "depth=4,16,32".

    Raises:
        RequestError: One has another form, or an argument occurs twice.
    """
    vary: dict[str, list[Any]] = {}
    for text in texts:
        key, equals, values = text.partition("=")
        if not equals or not key or not values:
            raise RequestError(f"--vary takes key=value,value, not {text!r}")
        if key in vary:
            raise RequestError(f"--vary={key} is given twice; name all its values in one")
        vary[key] = [_parse_value(value) for value in _COMMA.split(values)]
    return vary


def _parse_value(text: str) -> Any:
    try:
        return ast.literal_eval(_PYTHON.get(text, text))
    except (ValueError, SyntaxError):
        return text
