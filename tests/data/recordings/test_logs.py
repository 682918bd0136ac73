"""What the columns of recordings are: a clock, channels, and what no model may read."""

from pathlib import Path

import numpy as np
import pytest

from zoo.data.recordings.logs import find_columns, numbers_of, wanted_columns
from zoo.data.tables.csv import Table
from zoo.errors import RequestError
from zoo.forms import Recording

COUNT, ROWS = 24, 40


def recordings(count=COUNT, rows=ROWS, **columns):
    """Recordings with a clock, a channel "x", and columns by functions of a recording's number."""
    random = np.random.default_rng(0)
    return [
        {
            "t": np.arange(rows) / 20,
            "x": random.normal(size=rows),
            **{name: np.resize(column(n), rows).astype(float) for name, column in columns.items()},
        }
        for n in range(count)
    ]


def changing(*numbers):
    """A column that is the number of the class, but for recordings where it changes."""
    return lambda n: [0, 1] if n in numbers else n % 2


@pytest.mark.parametrize(
    ("column", "left_out"),
    [
        (lambda n: n % 2, True),  # The class, which the model would read in place of the movement.
        (lambda n: n, True),  # The person.
        (lambda n: 7, True),  # A sensor that says nothing.
        (lambda n: [n % 2, np.nan, n % 2], True),
        (lambda n: np.full(ROWS, np.nan) if n == 3 else n % 2, True),
        (changing(5), True),  # One recording in twenty may be broken.
        (changing(5, 6), False),
        (lambda n: [0, 0, 0, 1] if n == 5 else 0, False),  # A button that one recording presses.
        (lambda n: [0, 1] if n % 2 else 0, False),  # A switch of one class.
        (lambda n: [n % 2, n % 2 + 1e-3], False),
    ],
)
def test_what_stays_the_same_all_through_a_recording_is_no_channel(column, left_out):
    columns = find_columns(recordings(extra=column), None, "log")
    assert columns.clock == "t:s"
    assert columns.channels == (("x",) if left_out else ("x", "extra"))
    note = "left out, since they stay the same all through a recording: extra"
    assert columns.notes == ((note,) if left_out else ())


def test_each_reason_to_leave_out_is_said():
    columns = find_columns(recordings(row=lambda n: range(ROWS), person=lambda n: n), None, "log")
    assert columns.channels == ("x",)
    assert columns.notes == (
        "left out, since they rise all the time as clocks do: row",
        "left out, since they stay the same all through a recording: person",
    )


def test_without_a_column_that_changes_it_is_said_what_was_left_out():
    logs = [{"t": log["t"], "gas": log["gas"]} for log in recordings(gas=lambda n: n)]
    with pytest.raises(RequestError, match=r"no column is left.*all through a recording: gas"):
        find_columns(logs, None, "log")


@pytest.mark.parametrize(
    ("separator", "cells", "values"),
    [
        # All numbers below 1000, which would be groups of digits in a table of prices.
        (";", ["9", "9,812", "10,015"], [9, 9.812, 10.015]),
        ("\t", ["9", "9,812", "10,015"], [9, 9.812, 10.015]),
        (" ", ["-9", "-9,812", ""], [-9, -9.812, np.nan]),
        (";", ["9 %", "9,812 %"], [9, 9.812]),
        (";", ["9", "9,812", *["1,5"] * 40, "ERR"], [9, 9.812, *[1.5] * 40, np.nan]),
        # What can be nothing else, or says otherwise.
        (",", ["9", "9,812", "10,015"], [9, 9812, 10015]),
        (";", ["9", "1,234,567"], [9, 1234567]),
        (";", ["9.5", "1,234.5"], [9.5, 1234.5]),
        (";", ["9,5", "1.234,5"], [9.5, 1234.5]),
        (";", ["9.812", "1e3"], [9.812, 1000]),
    ],
)
def test_a_comma_that_separates_no_cells_begins_a_fraction(separator, cells, values):
    table = Table(Path("log.csv"), True, {"x": cells}, range(len(cells)), separator)
    np.testing.assert_allclose(numbers_of(table)["x"], values)


@pytest.mark.parametrize("channels", [("x",), ("x", "label"), ("label",)])
def test_a_checkpoint_has_its_own_channels_also_where_they_stay_the_same(channels):
    form = Recording((8, len(channels)), (), (), 20.0, 4, channels, "time:s")
    logs = recordings(1, label=lambda n: 1)
    assert wanted_columns(form, logs, None, "log").channels == channels
    logs[0]["x"] = np.ones(ROWS)
    assert wanted_columns(form, logs, None, "log").clock == "t:s"


def test_a_channel_of_a_checkpoint_that_rises_in_a_new_recording_is_no_clock():
    form = Recording((8, 1), (), (), 20.0, 4, ("x",), "time:s")
    (log,) = recordings(1)
    ramp = {"x": np.cumsum(abs(log["x"])), "y": log["x"]}
    assert wanted_columns(form, [ramp], None, "log").clock == ""
    assert wanted_columns(form, [ramp], "x:s", "log").clock == "x:s"
