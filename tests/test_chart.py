import math
from xml.etree import ElementTree

import pytest

from zoo.chart import Mark, Series, chart


def drawn(series, **how):
    how = {"x_name": "epoch", "y_name": "loss", **how}
    return ElementTree.fromstring(chart("loss <by> epoch", series, **how))


def numbers(element):
    return [tuple(map(float, pair.split(","))) for pair in element.get("points").split()]


def test_points_are_in_the_field_and_the_greater_is_higher():
    svg = drawn([Series("training", [(1, 4.0), (2, 1.0), (3, 2.0)])])
    (line,) = svg.findall("polyline")
    assert line.get("class") == "c1"
    (x1, y1), (x2, y2), (x3, y3) = numbers(line)
    assert 0 < x1 < x2 < x3 < 400
    assert 0 < y1 < y3 < y2 < 276
    assert svg.get("aria-label") == "loss <by> epoch"
    assert {"epoch", "loss", "training"} <= {text.text for text in svg.findall("text")}


@pytest.mark.parametrize(
    ("points", "lines", "dots"),
    [
        ([(1, 0.5)], 0, 1),
        ([(1, 0.5), (2, math.nan), (3, math.inf), (4, 0.5)], 1, 0),
        ([(1, math.nan)], 1, 0),
        ([], 1, 0),
    ],
)
def test_few_points_and_those_that_are_no_numbers(points, lines, dots):
    svg = drawn([Series("", points)])
    assert (len(svg.findall("polyline")), len(svg.findall("circle"))) == (lines, dots)
    assert "nan" not in ElementTree.tostring(svg, "unicode")
    assert "inf" not in ElementTree.tostring(svg, "unicode")


def test_bars_stand_on_the_axis():
    svg = drawn([Series("", [(50, 20), (90, 100)], "bars")], x_range=(0, 100), y_range=(0, 100))
    low, high = svg.findall("rect")
    assert float(low.get("y")) + float(low.get("height")) == pytest.approx(
        float(high.get("y")) + float(high.get("height")), abs=0.2
    )
    assert float(high.get("height")) == pytest.approx(5 * float(low.get("height")), rel=0.01)


def test_marks_stay_inside_and_do_not_cover_each_other():
    marks = [Mark(1, "taken"), Mark(9, "the whole network", strong=False)]
    svg = drawn([Series("a", [(1, 1), (9, 2)]), Series("b", [(1, 2), (9, 1)])], marks=marks)
    first, second = (
        next(text for text in svg.findall("text") if text.text == mark.text) for mark in marks
    )
    assert first.get("y") != second.get("y")
    assert float(second.get("x")) < 388
    near = drawn([Series("", [(1, 1), (30, 2)])], marks=[Mark(9, "taken"), Mark(10, "taken")])
    assert [text.text for text in near.findall("text")].count("taken") == 1
    assert len([line for line in near.findall("line") if line.get("class") == "strong"]) == 2


def test_large_numbers_are_short():
    svg = drawn([Series("", [(0, 14_999), (1, 499_301)])])
    texts = {text.text for text in svg.findall("text")}
    assert "400k" in texts
    assert not {"400000", "4e+05"} & texts
