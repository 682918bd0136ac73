"""Class folders of recordings, and what may not be divided between splits."""

import dataclasses
import itertools

import numpy as np
import pytest

from tests.data.written_recordings import recording, write_recording, write_recordings
from zoo.data.dataset import form_of
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Picture, Sequence

TWO = {"slow": 12, "fast": 12}


@pytest.fixture
def moves(tmp_path):
    return write_recordings(tmp_path / "moves", TWO)


def load(folder, **options):
    return load_dataset(str(folder), Sequence, reading=Reading(**options))


def assert_apart(dataset):
    """No recording, and no row of one, is in two splits."""
    held = {name: set(split.recordings.tolist()) for name, split in dataset.splits.items()}
    assert all(held.values())
    for one, other in itertools.combinations(dataset.splits.values(), 2):
        assert not {*one.recordings.tolist()} & {*other.recordings.tolist()}
        rows = [{tuple(row) for row in np.concatenate(split.x)[:, :2]} for split in (one, other)]
        assert not rows[0] & rows[1]


def test_a_folder_becomes_windows_in_the_units_of_the_sensor(moves):
    dataset = load(moves)
    form = form_of(dataset)
    assert (form.shape, form.rate, form.hop) == ((40, 2), pytest.approx(20, 0.02), 10)
    assert (form.channels, form.time_column) == (("x", "y"), "time:s")
    assert form.mean[1] == pytest.approx(9.81, abs=0.2)
    assert dataset.labels == ("fast", "slow")
    assert dataset.divided


@pytest.mark.parametrize("options", [{}, {"window": 0.5, "hop": 0.1}, {"rate": 50.0, "window": 1}])
def test_no_recording_is_in_two_splits(moves, options):
    dataset = load(moves, **options)
    assert_apart(dataset)
    assert {k: len({*s.recordings.tolist()}) for k, s in dataset.splits.items()} == {
        "train": 18, "validation": 2, "test": 4,
    }  # fmt: skip
    (note,) = [note for note in dataset.notes if "in two splits" in note]
    assert note == "no recording is in two splits: 18 train, 2 validation, 4 test recordings"


@pytest.mark.parametrize("group", ["(p[0-9])_", "p[0-9]"])
def test_no_person_is_in_two_splits(moves, group):
    dataset = load(moves, group=group, window=0.5)
    assert_apart(dataset)
    # Of each class, the files of a person follow each other, three of each.
    people = {k: {n % 12 // 3 for n in s.recordings.tolist()} for k, s in dataset.splits.items()}
    for one, other in itertools.combinations(people.values(), 2):
        assert not one & other
    assert f"no group by {group!r} (4) is in two splits" in " ".join(dataset.notes)


def test_a_group_may_be_a_column(tmp_path):
    for number, label in itertools.product(range(8), ("slow", "fast")):
        times, values = recording(1.0, number)
        values = np.column_stack([values, np.full(len(values), number // 2)])
        path = tmp_path / label / f"{number}.csv"
        write_recording(path, times, values, names=("x", "y", "person"))
    dataset = load(tmp_path, group="person")
    assert form_of(dataset).channels == ("x", "y")
    people = {k: {n % 8 // 2 for n in s.recordings.tolist()} for k, s in dataset.splits.items()}
    assert sum(map(len, people.values())) == 4


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ("^", "all examples are of one group, ''"),
        ("(slow|fast)", "of 2 groups, and 3 splits need 3"),
        ("z+", "no column of .* and no pattern in its path"),
        ("(p", "no pattern: "),
    ],
)
def test_groups_that_make_no_splits_are_refused(moves, group, message):
    with pytest.raises(RequestError, match=message):
        load(moves, group=group)


def test_given_splits_may_not_share_a_person(tmp_path):
    for split in ("train", "test"):
        write_recordings(tmp_path / split, {"slow": 8, "fast": 8})
    assert len({*load(tmp_path).splits["test"].recordings.tolist()}) == 16
    with pytest.raises(RequestError, match=r"the group 'p0' is in the train split and in the test"):
        load(tmp_path, group="p[0-9]")


@pytest.mark.parametrize(
    "options",
    [
        {"separator": ";"},
        {"separator": "\t"},
        {"separator": " "},
        {"clock": "t_ms"},
        {"names": "yz"},
    ],
)
def test_files_may_be_spelled_in_many_ways(tmp_path, options):
    scale = 1000 if options.get("clock") else 1
    for number, label in itertools.product(range(8), ("slow", "fast")):
        times, values = recording(1.0, number)
        write_recording(tmp_path / label / f"{number}.txt", scale * times, values, **options)
    dataset = load(tmp_path)
    assert form_of(dataset).rate == pytest.approx(20, 0.02)
    assert form_of(dataset).shape == (40, 2)


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("separator", [" ", ";", "\t"])
def test_numbers_may_have_decimal_commas(tmp_path, separator, header):
    for number, label in itertools.product(range(8), ("slow", "fast")):
        times, values = recording(1.0, number)
        path = tmp_path / label / f"{number}.txt"
        write_recording(path, times, values, separator=separator)
        path.write_text("\n".join(_lines(path)[not header :]).replace(".", ","))
    form = form_of(load(tmp_path))
    assert form.channels == (("x", "y") if header else ("column 2", "column 3"))
    assert form.rate == pytest.approx(20, 0.02)
    assert form.mean[1] == pytest.approx(9.81, abs=0.2)


def test_without_a_clock_the_rate_is_asked_for(tmp_path):
    for number, label in itertools.product(range(8), ("slow", "fast")):
        _, values = recording(1.0, number)
        path = tmp_path / label / f"{number}.csv"
        path.parent.mkdir(exist_ok=True)
        np.savetxt(path, values, delimiter=",", header="x,y", comments="")
    with pytest.raises(RequestError, match=r"no column is a clock; say .* or .*--rate=HZ"):
        load(tmp_path)
    dataset = load(tmp_path, rate=20.0)
    assert form_of(dataset).time_column == ""
    assert "no clock: rows of x, y are taken at 20 Hz" in dataset.notes


@pytest.mark.parametrize("names", [("ax (m/s^2)", "ay (m/s^2)"), ("T", "RH"), ("x", "rate (1/s)")])
@pytest.mark.parametrize("clock", ["", "Time (s)"])
def test_units_with_a_second_in_them_make_no_clock(tmp_path, names, clock):
    for number, label in itertools.product(range(12), ("slow", "fast")):
        times, values = recording(3.0 if label == "fast" else 1.0, number)
        path = tmp_path / label / f"{number}.csv"
        write_recording(path, times, values, names=names)
        rows = [line.split(",") for line in _lines(path)]
        if clock:
            rows = [[*row[1:], row[0].replace("time", clock)] for row in rows]
            if path.name == "3.csv" and label == "slow":  # One recording may be broken.
                rows[5], rows[6] = rows[6], rows[5]
        else:
            rows = [row[1:] for row in rows]
        path.write_text("\n".join(map(",".join, rows)))
    form = form_of(load(tmp_path, rate=20.0))
    assert form.channels == names
    assert form.time_column == (f"{clock}:s" if clock else "")


@pytest.mark.parametrize(
    ("clock", "note"),
    [
        ("time", "clock 'time' in s, 20 samples a second of x, y"),
        ("t_ms", "clock 't_ms' in ms, 20 samples a second of x, y"),
        ("", "no clock: rows of x, y are taken at 20 Hz"),
    ],
)
def test_the_clock_of_new_data_is_said_and_not_that_of_the_checkpoint(tmp_path, clock, note):
    write_recordings(tmp_path / "old", TWO)
    form = dataclasses.replace(form_of(load(tmp_path / "old")), rate=20.0)
    for number, label in itertools.product(range(8), ("slow", "fast")):
        times, values = recording(1.0, number)
        path = tmp_path / "new" / label / f"{number}.csv"
        write_recording(path, times * (1e3 if clock == "t_ms" else 1), values, clock=clock)
        if not clock:
            path.write_text("\n".join(line.partition(",")[2] for line in _lines(path)))
    reading = Reading(measured=True)
    dataset = load_dataset(str(tmp_path / "new"), Sequence, form=form, reading=reading)
    assert note in dataset.notes
    assert sum("clock" in said for said in dataset.notes) == 1


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["12:00:00"] * 39, "p0_00.csv: its clock stops: 38 of 40 rows repeat the time before; if"),
        ([""] + ["12:00:00"] * 38, "p0_00.csv: row 1 has no time"),
        ([f"{60 - n}.5" for n in range(39)], "p0_00.csv: its clock goes backwards"),
    ],
)
def test_if_no_recording_has_a_clock_that_can_be_used_the_first_says_why(moves, times, message):
    for path in moves.rglob("*.csv"):
        head, *rows = _lines(path)
        cells = [row.partition(",")[2] for row in rows]
        last = "12:00:01" if ":" in times[-1] else "1"
        path.write_text("\n".join([head, *map(",".join, zip([*times, last], cells, strict=True))]))
    with pytest.raises(RequestError, match=message):
        load(moves)


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (0.0, "--rate=0; recordings have more than 0 samples a second"),
        (-5.0, "--rate=-5; recordings"),
        (float("nan"), "--rate=nan; recordings"),
        (0.5, "--rate=0.5 is over 20 times more or less than the 20 rows a second"),
        (1000.0, "--rate=1000 is over 20 times more or less"),
    ],
)
def test_rates_that_the_recordings_cannot_have(moves, rate, message):
    with pytest.raises(RequestError, match=message):
        load(moves, rate=rate)
    assert form_of(load(moves, rate=2.0)).rate == 2


def _lines(path):
    return path.read_text().splitlines()


BROKEN = {
    "empty": (lambda lines: [], "is empty"),
    "no rows": (lambda lines: lines[:1], "has a header and no rows"),
    "backwards": (lambda lines: [lines[0], *lines[20:], *lines[1:20]], "its clock goes backwards"),
    "stopped": (lambda lines: [lines[0], *lines[1:6], *lines[5:6] * 30], "its clock stops"),
    "other channels": (
        lambda lines: ["time,a,b", *lines[1:]], "it has no column 'x' of numbers; it has time, a, b"
    ),
    "words": (lambda lines: ["time,x,y", *["a,b,c"] * 9], "it holds no numbers"),
    "mixed separators": (
        lambda lines: [*lines[:9], *(line.replace(",", ";") for line in lines[9:])],
        "1 cells, the first line has 3",
    ),
    "another unit": (
        lambda lines: [lines[0], *(f"{1000 * n},1,2" for n in range(40))],
        "0.001 rows a second",
    ),
    "no clock": (lambda lines: [line.partition(",")[2] for line in lines], "no column 'time'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_recordings_are_named_counted_and_skipped(tmp_path, kind):
    folder = write_recordings(tmp_path, {"slow": 15, "fast": 15})
    change, reason = BROKEN[kind]
    victim = folder / "slow" / "p2_06.csv"
    victim.write_text("\n".join(change(_lines(victim))))
    dataset = load(folder)
    text = "\n".join(dataset.notes)
    assert f"skipped {victim}: " in text
    assert reason in text
    assert "1 of 30 recordings is broken and skipped" in text
    assert sum(len({*split.recordings.tolist()}) for split in dataset.splits.values()) == 29


def test_many_broken_recordings_are_refused(moves):
    for number in range(3):
        (moves / "slow" / f"bad{number}.csv").write_text("")
    with pytest.raises(RequestError, match=r"3 of 27 recordings are broken.*is empty"):
        load(moves)


def test_gaps_and_short_recordings_are_counted(moves):
    path = moves / "slow" / "p0_00.csv"
    times, values = recording(1.0, 0, seconds=6)
    times[60:] += 100
    write_recording(path, times, values)
    write_recording(moves / "fast" / "p0_00.csv", *recording(3.0, 0, seconds=1))
    notes = load(moves, window=2.0).notes
    assert "divided at gaps of over 20 rows: 1 recordings" in notes
    assert any("last values are held: " in note for note in notes)


def test_a_class_with_one_recording_is_refused(tmp_path):
    folder = write_recordings(tmp_path, {"slow": 9, "fast": 1})
    with pytest.raises(RequestError, match=r"class 'fast' has one recording"):
        load(folder)


def test_what_is_no_recording_is_said(moves, tmp_path):
    with pytest.raises(RequestError, match=r"holds recordings, which are sequences.*residual_lstm"):
        load_dataset(str(moves), Picture)
    np.savez(tmp_path / "x.npz", x=np.zeros((4, 2)), y=[0, 1, 0, 1])
    with pytest.raises(RequestError, match=r"--window makes no sense for .*, an .npz file"):
        load(tmp_path / "x.npz", window=2.0)
