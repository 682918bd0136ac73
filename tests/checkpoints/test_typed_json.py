"""Foreign JSON is limited in depth, size and type before other code uses it."""

import json
from dataclasses import dataclass
from typing import ClassVar

import pytest

from zoo.checkpoints.typed_json import DEEPEST, construct, parse_json


@dataclass(frozen=True)
class Shape:
    kind: ClassVar[str]


@dataclass(frozen=True)
class Circle(Shape):
    kind: ClassVar[str] = "circle"
    radius: float


@dataclass(frozen=True)
class Ring(Circle):
    kind: ClassVar[str] = "ring"
    inside: tuple[float | None, str]


@dataclass(frozen=True)
class Drawing:
    shapes: tuple[Shape, ...]


def nested(depth, inner="1"):
    return "[" * depth + inner + "]" * depth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (nested(DEEPEST + 1), "nested too deep"),
        (nested(100_000), "nested too deep"),
        ('{"a":' * 900 + "1" + "}" * 900, "nested too deep"),
        ('{"a": ' + "9" * 400 + "}", "a whole number of 1329 bits"),
        ("[-" + "9" * 20 + "]", "a whole number of 67 bits"),
        ("9" * 5000, "limit"),
        (r'{"labels": ["\ud800"]}', "half a character"),
        (r'{"\udfff": 1}', "half a character"),
        (nested(3, r'"x\udc00y"'), "half a character"),
        ("", "Expecting value"),
        ("\ufeff{}", "BOM"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_json(text)


@pytest.mark.parametrize(
    "data",
    [
        2**63 - 1, -(2**63) + 1, 1e300, "\N{GRINNING FACE} \x00", {"": [None, True]},
        json.loads(nested(DEEPEST, "")),
    ],
)  # fmt: skip
def test_what_is_read(data):
    assert parse_json(json.dumps(data)) == data


def test_an_object_becomes_what_its_kind_says():
    shapes = [{"kind": "ring", "radius": 2, "inside": [None, "a"]}, {"kind": "circle", "radius": 1}]
    assert construct(Drawing, {"shapes": shapes}) == Drawing((Ring(2, (None, "a")), Circle(1)))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"radius": 1}, "field 'shapes[0].kind' is missing"),
        ({"kind": "square"}, "it must be one of 'circle', 'ring', not 'square'"),
        ({"kind": {}}, "it must be one of 'circle', 'ring', not {}"),
        ({"kind": "circle", "inside": 1}, "unknown field 'shapes[0].inside'"),
        ({"kind": "ring", "radius": 1, "inside": [1]}, "it must be a list of 2, not [1]"),
        ({"kind": "ring", "radius": 1, "inside": [1, 2]}, "'shapes[0].inside[1]' is of the wrong"),
        ([], "field 'shapes[0]' is of the wrong type: it must be an object"),
    ],
)
def test_an_object_of_no_such_kind_is_refused(shape, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        construct(Drawing, {"shapes": [shape]})
    assert message in str(error.value)
