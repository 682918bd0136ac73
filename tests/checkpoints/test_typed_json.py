"""JSON of others: bounded in every direction, before anything works with it."""

import json

import pytest

from zoo.checkpoints.typed_json import DEEPEST, parse_json


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
