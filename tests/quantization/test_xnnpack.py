"""Where ties fall; `test_file.py` compares with XNNPACK itself."""

import numpy as np
import pytest

from zoo.quantization.xnnpack import of_means, of_sums, of_terms


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, 1.5, 2.5, -0.5, -1.5], [0, 2, 2, 0, -2]),  # Halves to the even one.
        ([0.499, 0.501], [0, 1]),
    ],
)
def test_sums(values, expected):
    given = np.array(values, "float32")
    assert np.asarray(of_sums(given, np.float32(0.001), np.float32(1))).tolist() == expected


def test_a_sum_is_the_integer_that_it_is_near():
    """Of (28.4999, 28.5] steps: the first is a float32 sum of the same integer as the second."""
    step, sum_step = np.float32(1), np.float32(1 / 1024)
    for wrong in (-0.3, 0.0, 0.3):
        value = np.float32((29184 + 512 + 1 + wrong) * sum_step)
        assert float(of_sums(value, sum_step, step)) == 29


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(1, 0, 1), (-1, 0, 0), (3, 0, 2), (-3, 0, -1), (1, 1, 1), (1, 2, 2), (255, 255, 255)],
)
def test_halves_of_terms_go_up(one, other, expected):
    terms = [(np.array([value], "float32"), np.float32(0.5)) for value in (0.5 * one, 0.5 * other)]
    assert np.asarray(of_terms(*terms, np.float32(1))).tolist() == [expected]


def test_terms_have_multipliers_of_twenty_bits():
    random = np.random.default_rng(0)
    for _ in range(20):
        a, b, out = random.uniform(0.01, 0.1, 3).astype("float32")
        one, other = random.integers(-255, 256, (2, 500))
        shift = 20 - int(np.floor(np.log2(max(a / out, b / out))))
        multipliers = [round(float(ratio) * 2**shift) for ratio in (a / out, b / out)]
        expected = (one * multipliers[0] + other * multipliers[1] + 2 ** (shift - 1)) >> shift
        given = [(n * step).astype("float32") for n, step in ((one, a), (other, b))]
        assert np.array_equal(of_terms((given[0], a), (given[1], b), out), expected)


@pytest.mark.parametrize(
    ("mean", "zero", "expected"),
    [(0.5, 0, 1), (-0.5, 0, -1), (0.5, -10, 0), (-0.5, 10, 0), (0.499, 0, 0), (0.4999999, 0, 1)],
)
def test_halves_of_means_go_away_from_the_integer_zero(mean, zero, expected):
    given = np.array([mean], "float32")
    assert np.asarray(of_means(given, np.float32(1), np.float32(zero))).tolist() == [expected]
