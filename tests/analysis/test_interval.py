import json
import math

import numpy as np
import pytest

from zoo.analysis.interval import geometric, interval, plain, spread


def test_by_hand():
    """Student's t for 4 degrees of freedom is 2.776 (any table of it)."""
    result = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert result.mean == 3
    assert result.half == pytest.approx(2.776 * math.sqrt(2.5 / 5), rel=1e-3)
    assert result.low == 3 - result.half
    assert result.high == 3 + result.half


def test_it_holds_the_true_mean_as_often_as_it_says():
    random = np.random.default_rng(0)
    result = interval(random.normal(7, 2, size=(4, 5000)))
    share = ((result.low < 7) & (result.high > 7)).mean()
    assert 0.94 < share < 0.96


def test_one_repetition_has_no_interval():
    result = interval([[1.0, 2.0]])
    assert result.mean.tolist() == [1, 2]
    assert np.isnan(result.half).all()
    assert json.dumps(result.to_json()) == '{"mean": [1.0, 2.0], "half": [null, null]}'


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ([1.0, 1.1], [1.05, 1.15], False),
        ([1.0, 1.001], [2.0, 2.001], True),
        ([2.0, 2.001], [1.0, 1.001], True),
        ([1.0], [2.0, 2.001], None),
        ([1.0, 1.001], [2.0, math.nan], None),
    ],
)
def test_intervals_are_apart_where_both_are_known(one, other, apart):
    assert interval(one).apart(interval(other)) is apart


@pytest.mark.parametrize(
    ("mean", "half", "forms", "text"),
    [
        (0.99172, 0.00401, (".4f",), "0.9917 ± 0.0040"),
        (np.float32(12.34), 0.0123, (), "12.3 ± 0.0123"),
        (0.96, 0.02549, (".4g", ".2g"), "0.96 ± 0.025"),
        (0.99, math.nan, (".3f",), "0.990"),
        (math.nan, math.nan, (), "–"),
        (math.inf, 1.0, (), "–"),
    ],
)
def test_spread(mean, half, forms, text):
    assert spread(mean, half, *forms) == text


def test_geometric():
    mean, low, high = geometric([[1.0, 0.0], [100.0, 5.0]])
    assert mean[0] == pytest.approx(10)
    assert low[0] * high[0] == pytest.approx(100)
    assert np.isnan([mean[1], low[1], high[1]]).all()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.123456789, 0.123457),
        (np.float32(2), 2.0),
        (math.inf, None),
        (np.array([[1, math.nan]]), [[1.0, None]]),
    ],
)
def test_plain(value, expected):
    assert plain(value) == expected
