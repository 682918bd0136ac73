"""Times that a logger or a spreadsheet writes out."""

import numpy as np
import pytest

from tests.data.recordings.test_folder import form_of, load
from tests.data.written_recordings import recording, write_recording
from zoo.data.recordings.clock import find_clock
from zoo.data.recordings.stamps import written_times


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        (["2026-01-31 12:00:00.25", "2026-01-31 12:00:00.5"], 0.25),
        (["2026-01-31T12:00:00+01:00", "2026-01-31T11:00:01Z"], 1),
        (["31.1.2026 9:05:01,250", "31.01.2026 09:05:01,750"], 0.5),
        (["2026/01/31 12:00", "2026/01/31 12:01"], 60),
        (["12/31/2026 11:59:59.5 PM", "01/01/2027 12:00:00 AM"], 0.5),
        # 3 April comes a day before 4 April; 4 March is a month away.
        (["03/04/2026 23:59:59", "04/04/2026 00:00:00"], 1),
        (["04/03/2026 23:59:59", "04/04/2026 00:00:00"], 1),
        (["23:59:59.9", "00:00:00.1"], 0.2),
        (["12:00:00 AM", "12:00:01 a.m."], 1),
        (["2000-01-01 00:00:05", "2000-01-01 00:00:06"], 1),
        (["1970-01-01 00:00:00", "1970-01-01 00:00:00.02"], 0.02),
    ],
)
def test_what_passes_between_two_rows(cells, seconds):
    times = written_times(cells)
    assert np.diff(times)[0] / 1e9 == pytest.approx(seconds, abs=1e-6)
    # The size says the unit, also of a clock that was never set.
    for name in ("time", "Time (s)", "t_ms"):
        assert find_clock([{name: times}], None) == (f"{name}:ns", ())


@pytest.mark.parametrize(
    "cell", ["", "x", "13:70", "25:00:00", "2026-02-30", "16:9", "1.5", "20260131T120000", "-", "Z"]
)
def test_what_is_no_time(cell):
    assert written_times([cell, "2026-01-31 12:00:00"][: 1 + bool(cell)]) is None


def test_an_empty_cell_is_a_row_without_a_time():
    assert np.isnan(written_times(["12:00:00", "", "12:00:02"])).tolist() == [False, True, False]


def _spelled(day, mark=" "):
    def spell(seconds):
        whole = int(seconds)
        return f"{day}{mark}23:59:{58 + whole:02}.{round(1000 * (seconds - whole)):03}"

    return spell


@pytest.mark.parametrize(
    ("clock", "spell"),
    [
        ("timestamp", _spelled("2026-01-31", "T")),
        ("time", _spelled("31.01.2026")),
        ("Zeit", _spelled("01/31/2026")),  # A name that says nothing in English.
        ("time", lambda seconds: _spelled("", "")(seconds)),
    ],
)
def test_a_folder_whose_clock_is_written_out(tmp_path, clock, spell):
    for number, label in ((n, c) for n in range(8) for c in ("slow", "fast")):
        times, values = recording(1.0, number)
        path = tmp_path / label / f"{number}.csv"
        write_recording(path, times, values, clock=clock, names=("x", "y"))
        head, *rows = path.read_text().splitlines()
        lines = [f"{head},day"] + [
            f"{spell(time)},{row.partition(',')[2]},2026-01-31"
            for time, row in zip(times, rows, strict=True)
        ]
        path.write_text("\n".join(lines))
    form = form_of(load(tmp_path))
    assert form.time_column == f"{clock}:ns"
    assert form.rate == pytest.approx(20, 0.02)
    assert form.channels == ("x", "y")  # The date alone does not rise.
