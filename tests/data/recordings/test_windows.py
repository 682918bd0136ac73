import math

import numpy as np
import pytest

from zoo.data.recordings.clock import ClockError
from zoo.data.recordings.windows import Log, cut, steps_of, usual_rate
from zoo.errors import RequestError
from zoo.forms import Recording


def form(steps, hop, rate=10.0):
    return Recording((steps, 1), (), (), rate, hop, ("x",))


def log(times):
    times = np.array(times, float)
    return Log(times, 5 * times[:, None])  # A line, which every resampling keeps.


@pytest.mark.parametrize(
    ("rows", "starts"),
    [(10, [0.0]), (11, [0.0, 0.1]), (20, [0.0, 0.5, 1.0]), (23, [0.0, 0.5, 1.0, 1.3])],
)
def test_windows_begin_a_hop_apart_and_the_last_ends_with_the_recording(rows, starts):
    windows = cut(log(np.arange(rows) / 10), form(10, 5))
    np.testing.assert_allclose(windows.starts, starts, atol=1e-9)
    np.testing.assert_allclose(windows.x[:, 0, 0], 5 * windows.starts, atol=1e-5)
    np.testing.assert_allclose(windows.x[:, -1, 0], 5 * (windows.starts + 0.9), atol=1e-5)
    assert not windows.held


@pytest.mark.parametrize("rate", [4.0, 10.0, 40.0, 100.0])
def test_samples_follow_the_clock_whatever_the_rate_of_the_rows(rate):
    times = np.sort(np.random.default_rng(0).uniform(0, 2, round(2 * rate)))
    times[[0, -1]] = 0, 2
    windows = cut(log(times), form(21, 1))
    inner = slice(1, -1)  # The mean over the time of a sample is shorter at the ends.
    np.testing.assert_allclose(windows.x[0, inner, 0], 5 * np.arange(21)[inner] / 10, atol=1e-4)


def test_fast_movements_do_not_appear_as_slow_ones():
    times = np.arange(200) / 100
    noise = Log(times, np.sin(2 * np.pi * 40 * times)[:, None])  # Folds to a beat at 10 Hz.
    assert np.abs(cut(noise, form(19, 1)).x).max() < 0.3


def test_no_window_lies_over_a_gap():
    times = np.concatenate([np.arange(12) / 10, 60 + np.arange(15) / 10])
    windows = cut(log(times), form(10, 10))
    np.testing.assert_allclose(windows.starts, [0, 0.2, 60, 60.5], atol=1e-9)
    assert windows.gaps == 1


def test_the_last_value_of_a_short_recording_is_held():
    windows = cut(log([0, 0.1, 0.2, 0.3]), form(6, 3))
    np.testing.assert_allclose(windows.x[0, :, 0], [0, 0.5, 1, 1.5, 1.5, 1.5], atol=1e-5)
    assert windows.held


def test_a_clock_in_another_unit_is_refused():
    with pytest.raises(ClockError, match=r"0\.01 rows a second, the others 10; if its clock"):
        cut(log(100 * np.arange(20)), form(10, 5))


def test_a_rate_is_the_median_without_the_gaps():
    logs = [log(np.arange(50) / 20), log([*np.arange(50) / 20, 900]), log(np.arange(50) / 31)]
    assert usual_rate(logs) == 20.0
    assert usual_rate([Log(None, np.zeros((9, 1)))]) is None


def test_a_window_is_as_long_as_nine_in_ten_recordings_but_at_most_64_samples():
    logs = [log(np.arange(rows) / 10) for rows in (5, *range(41, 61))]
    assert steps_of(logs, 10.0, None, None) == (42, 10)
    assert steps_of(logs, 100.0, None, None) == (64, 16)
    assert steps_of(logs, 10.0, 1.2, 0.4) == (12, 4)
    # Half a window, where a quarter would make more than 5,000.
    assert steps_of([log(np.arange(64_000) / 10)] * 2, 10.0, 6.4, None) == (64, 32)


@pytest.mark.parametrize(
    ("window", "hop", "message"),
    [
        (0.1, None, "--window=0.1 has 1 samples"),
        (math.nan, None, "--window=nan has nan samples"),
        (math.inf, None, "--window=inf"),
        (1e9, None, "--window=1e.09"),
        (1.0, 2.0, "--hop=2 is 20"),
        (1.0, 0.0, "--hop=0"),
        (1.0, math.nan, "--hop=nan"),
        (1.0, -math.inf, "--hop=-inf"),
    ],
)
def test_windows_too_short_or_endless_or_with_holes_between_are_refused(window, hop, message):
    with pytest.raises(RequestError, match=message):
        steps_of([log(np.arange(50) / 10)], 10.0, window, hop)
