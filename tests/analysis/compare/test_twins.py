import pytest

from zoo.analysis.compare.twins import cross
from zoo.errors import RequestError


def test_all_combinations_in_order():
    twins = cross({"width": 8}, {"depth": [4, 16], "shortcut": ["auto", "none"]})
    assert [twin.config for twin in twins] == [
        {"width": 8, "depth": depth, "shortcut": shortcut}
        for depth in (4, 16)
        for shortcut in ("auto", "none")
    ]
    last = twins[-1]
    assert last.varied == {"depth": 16, "shortcut": "none"}
    assert (last.group, last.line) == ("depth=16", "shortcut=none (plain)")
    assert last.name == "depth=16, shortcut=none (plain)"
    assert last.folder == "depth-16.shortcut-none"


def test_one_thing_that_differs():
    twin = cross({}, {"depths": [(1, 1), (2, 3)]})[1]
    assert (twin.group, twin.line, twin.folder) == ("", "depths=(2, 3)", "depths-2-3")


WRONG = [
    ({}, {"depth": [4]}, "twins differ in something"),
    ({}, {}, "twins differ in something"),
    ({"depth": 2}, {"depth": [4, 8]}, "'depth' is in --config and in --vary"),
    ({}, {"depth": [4, 8, 4]}, "--vary=depth has 4 twice"),
]


@pytest.mark.parametrize(("config", "vary", "message"), WRONG)
def test_wrong_requests_are_refused(config, vary, message):
    with pytest.raises(RequestError, match=message):
        cross(config, vary)
