import numpy as np
import pytest

from zoo.data.recordings.clock import ClockError, find_clock, seconds
from zoo.errors import RequestError

STEPS = np.array([0.0, 0.021, 0.039, 0.061])
X = np.array([3.0, 1.0, 2.0, 5.0])


@pytest.mark.parametrize(
    ("columns", "clock", "left_out"),
    [
        ({"time": STEPS, "x": X}, "time:s", ()),
        ({"x": X, "Time (ms)": STEPS}, "Time (ms):ms", ()),
        ({"t": 1e3 * STEPS, "x": X}, "t:ms", ()),
        ({"t": 1.7e9 + STEPS, "x": X}, "t:s", ()),
        ({"t": 1.7e12 + 1e3 * STEPS, "tRel": STEPS, "x": X}, "t:ms", ("tRel",)),
        ({"timestamp": 1.7e18 + 1e9 * STEPS, "x": X}, "timestamp:ns", ()),
        ({"timestamp": 1e6 * STEPS, "x": X}, "timestamp:us", ()),
        ({"row": np.arange(4.0), "x": X, "uptime_counter": STEPS}, "uptime_counter:s", ("row",)),
        ({"row": np.arange(4.0), "x": X}, None, ("row",)),
        ({"x": X, "y": -X}, None, ()),
        # A clock that goes backwards is still the clock, so that this is said of it.
        ({"time": STEPS[::-1], "x": X}, "time:s", ()),
    ],
)  # fmt: skip
def test_the_clock_is_found_by_name_and_by_rising(columns, clock, left_out):
    assert find_clock([columns, columns], None) == (clock, left_out)


def test_a_channel_that_rises_in_one_recording_only_is_no_clock():
    rising, other = {"x": STEPS, "y": X}, {"x": X, "y": X}
    assert find_clock([rising, other], None) == (None, ())


def test_the_clock_may_be_named_with_its_unit():
    columns = {"time": STEPS, "ticks": np.array([5.0, 6.0, 7.0, 8.0])}
    assert find_clock([columns], "ticks:us") == ("ticks:us", ("time",))
    assert find_clock([columns], "time") == ("time:s", ("ticks",))
    for asked, message in (
        ("tick", "no column of that name holds numbers or dates; such columns are time, ticks"),
        ("ticks:days", "unknown unit 'days'"),
    ):
        with pytest.raises(RequestError, match=message):
            find_clock([columns], asked)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0, 1, 2, 1.5], "goes backwards after row 3: 2, then 1.5"),
        ([0, 1, 1, 1, 1], "stops: 3 of 5 rows"),
        ([0, np.nan, 2], "row 2 has no time"),
    ],
)
def test_a_clock_that_cannot_be_used_is_refused(times, message):
    with pytest.raises(ClockError, match=message):
        seconds(np.array(times, float), "s")


def test_rows_with_the_same_time_count_once():
    times, kept = seconds(np.array([1000.0, 1000.0, 1010.0, 1020.0, 1020.0]), "ms")
    np.testing.assert_allclose(times, [0, 0.01, 0.02])
    assert kept.tolist() == [True, False, True, True, False]
