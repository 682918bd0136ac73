"""Turns the converter's long error into a sentence: why it failed, and what to change."""

from __future__ import annotations

import re

from export.child import ChildError
from export.tflite.flatbuffer import layer_of

# "'tf.Svd' op is neither a custom op nor a flex op", after the place of the operation.
_NO_BUILTIN = re.compile(r"(?P<place>.*)'tf\.(?P<operator>\w+)' op is neither a custom op")
_PLACE = re.compile(r'"\w+:", "(?P<path>[^"@]+)@')
_ERROR = re.compile(r"^.*error: (?:loc\(.*\): )?(?P<reason>[^\n]+)$", re.MULTILINE)
_LONGEST = 200


def why(death: ChildError) -> str:
    """Returns the reason in a sentence.

    Args:
        death: The error of the converting process.
    """
    if death.signal:
        return (
            f"{death}; where the model has a loop (tf.while_loop, or keras.ops.scan), write its "
            "steps out: the converter cannot make integers of it"
        )
    missing = [
        (match["operator"], _layer(match["place"])) for match in _NO_BUILTIN.finditer(death.stderr)
    ]
    if missing:
        shown = ", ".join(
            f"{operator} in layer {layer!r}" if layer else operator
            for operator, layer in dict.fromkeys(missing)
        )
        return (
            f"TensorFlow Lite has no builtin operator for {shown}; take another layer, or write "
            "this one with other operations"
        )
    if match := _ERROR.search(death.stderr):
        layer = _layer(match[0])
        where = f" at layer {layer!r}" if layer else ""
        return (
            f"the converter stopped{where}: {match['reason'].strip()[:_LONGEST]}; take another "
            "layer there, or write it with other operations"
        )
    return str(death)


def _layer(place: str) -> str:
    """Returns the first layer in the place of an error."""
    paths = (layer_of(match["path"]) for match in _PLACE.finditer(place))
    return next((path for path in paths if path), "")
