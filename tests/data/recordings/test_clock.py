import numpy as np
import pytest

from zoo.data.recordings.clock import ClockError, find_clock, says_time, seconds
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
        # What goes backwards and is called time is still the clock, so that this is said of it.
        ({"time": STEPS[::-1], "x": X}, "time:s", ()),
    ],
)  # fmt: skip
def test_the_clock_is_found_by_name_and_by_rising(columns, clock, left_out):
    assert find_clock([columns, columns], None) == (clock, left_out)


NAMES = (
    "t|tRel|Time (s)|elapsed_ms|timestampNanos|Date/Time|t / ms|time/s|ms|T|time1|dwell time (ms)"
)
OTHERS = (
    "ax (m/s^2)|speed m/s|gyro [rad/s]|az / (m/s²)|x m s^-2|x (ms-2)|x m·s⁻²|m s**-1|ms2|1/s|kB/ms|"
    "steps per second|rate_per_s|flow (l/ sec)|dps|S1|s3|tilt|stime|Temperature"
)


@pytest.mark.parametrize("name", NAMES.split("|"))
def test_names_of_times(name):
    assert says_time(name)


@pytest.mark.parametrize("name", OTHERS.split("|"))
def test_names_of_what_is_measured(name):
    assert not says_time(name)


FALLING = np.resize(X, 40)
JUMPS = np.arange(40) % 30 / 20
STANDS = np.arange(40) // 20 * 1.0


@pytest.mark.parametrize(
    ("columns", "clock", "left_out"),
    [
        # A name of a time above numbers that fall is no clock.
        ({"T": FALLING, "RH": -FALLING}, None, ()),
        ({"dwell time (ms)": FALLING, "x": FALLING}, None, ()),
        ({"speed m_s": FALLING, "Time (s)": np.arange(40) / 20}, "Time (s):s", ()),
        ({"us": FALLING, "ticks": 2.0 * np.arange(40)}, "ticks:ms", ()),
        # But a name that says nothing else is one, and so is a clock that jumps back or stands.
        ({"time": FALLING, "x": FALLING}, "time:ms", ()),
        ({"t_ms": JUMPS, "x": FALLING}, "t_ms:ms", ()),
        ({"t": STANDS, "x": FALLING}, "t:ms", ()),
        ({"t": np.where(np.arange(40) == 3, np.nan, np.arange(40) / 20), "x": FALLING}, "t:s", ()),
        # A start of the recording, the same in all rows, is none.
        ({"time": np.full(40, 1.7e9), "x": FALLING}, None, ()),
        ({"time": np.full(40, 1.7e9), "t": np.arange(40) / 20}, "t:s", ()),
        # A counter of packets, of which one is lost or empty, counts rows.
        ({"packet": np.arange(40.0) + (np.arange(40) > 9), "x": FALLING}, None, ("packet",)),
        ({"n": np.where(np.arange(40) == 9, np.nan, np.arange(40)), "x": FALLING}, None, ("n",)),
    ],
)
def test_a_clock_rises_by_most_of_its_changes(columns, clock, left_out):
    assert find_clock([columns, columns], None) == (clock, left_out)


@pytest.mark.parametrize(("broken", "left_out"), [(0, True), (1, True), (2, False)])
def test_one_recording_in_twenty_decides_nothing(broken, left_out):
    columns = {"row": np.arange(40.0), "uptime": np.arange(40) / 20, "x": FALLING}
    columns |= {"Time (s)": 5 + np.arange(40) / 20}
    swapped = {name: values[[1, 0, *range(2, 40)]] for name, values in columns.items()}
    logs = [swapped] * broken + [columns] * (24 - broken)
    clock, others = find_clock(logs, None)
    assert clock == "Time (s):s"
    assert others == (("row", "uptime") if left_out else ())


@pytest.mark.parametrize(
    ("name", "start", "step", "unit"),
    [
        # The name goes first: phones and boards count from their start.
        ("time_ns", 4.9e13, 5e7, "ns"),
        ("elapsed_ms", 1.2e9, 20, "ms"),
        ("t_us", 2e9, 2e4, "us"),
        ("Time (s)", 1e5, 60, "s"),
        ("Epoch (ms)", 1.7e12, 20, "ms"),
        ("timestampNanos", 2e12, 1e7, "ns"),
        # Unless no clock counts so long, as times that are written out, in nanoseconds.
        ("Time (s)", 2.77e18, 2e7, "ns"),
        ("Time (s)", 1.7e12, 20, "ms"),
        ("time_ms", 1.7e15, 2e4, "us"),
        # Since 1970.
        ("time", 1.7e9, 0.02, "s"),
        ("time", 1.7e9, 3600, "s"),
        ("time", 1.7e12, 20, "ms"),
        ("time", 1.7e12, 300e3, "ms"),
        ("time", 1.7e15, 1e6, "us"),
        ("time", 1.7e18, 6e10, "ns"),
        # As large, but with such a step since 1970 the rows would come hours apart.
        ("time", 4.9e13, 5e7, "ns"),
        ("time", 2e9, 2e4, "us"),
        ("time", 2e9, 1e7, "ns"),
        ("time", 1.2e12, 5e6, "ns"),
        ("time", 1.5e15, 5e7, "ns"),
        # Not as large as any year from 2001 to 2100.
        ("time", 9e8, 20, "ms"),
        ("time", 5e9, 20, "ms"),
        ("time", 6e12, 2e4, "us"),
    ],
)
def test_the_unit_is_that_of_the_name_or_fits_size_and_steps(name, start, step, unit):
    times = start + step * np.arange(50)
    columns = {"x": np.resize(X, 50), name: times}
    assert find_clock([columns, columns], None)[0] == f"{name}:{unit}"
    assert find_clock([columns], name)[0] == f"{name}:{unit}"


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
