"""One long table of many recordings."""

import pytest

from tests.data.written_recordings import recording
from zoo.data.dataset import form_of
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Sequence

HEADER = "person,session_id,activity,ms,x,y"


def write(path, sessions=12, people=4, header=HEADER):
    lines = [header]
    for session in range(sessions):
        for label in ("slow", "fast"):
            times, values = recording(3.0 if label == "fast" else 1.0, session)
            start = 1000 * (label == "fast") * 3
            lines += [
                f"{'abcd'[session % people]},s{session},{label},{start + 1000 * time:.0f},{x},{y}"
                for time, (x, y) in zip(times, values, strict=True)
            ]
    path.write_text("\n".join(lines) + "\n")
    return path


def load(path, **options):
    options = {"label_column": "activity", **options}
    return load_dataset(str(path), Sequence, reading=Reading(**options))


def test_a_long_table_becomes_windows_and_no_session_is_in_two_splits(tmp_path):
    dataset = load(write(tmp_path / "log.csv"))
    form = form_of(dataset)
    assert (form.channels, form.time_column) == (("x", "y"), "ms:ms")
    assert form.rate == pytest.approx(20, 0.05)
    assert dataset.labels == ("fast", "slow")
    # Parts 2 n and 2 n + 1 are of one session.
    held = [{n // 2 for n in s.recordings.tolist()} for s in dataset.splits.values()]
    assert sum(map(len, held)) == 12


def test_no_person_of_a_long_table_is_in_two_splits(tmp_path):
    dataset = load(write(tmp_path / "log.csv"), group="person")
    held = [{n // 2 % 4 for n in s.recordings.tolist()} for s in dataset.splits.values()]
    assert sum(map(len, held)) == 4
    with pytest.raises(RequestError, match="all examples are of one group, 'a'"):
        load(write(tmp_path / "one.csv", people=1), group="person")


@pytest.mark.parametrize(
    ("options", "header", "message"),
    [
        ({"label_column": None}, HEADER, "say which column of .* is the label"),
        ({}, HEADER.replace("session_id", "run"), "name the column that tells these apart"),
        ({"recording_column": "trip"}, HEADER, "no column 'trip'"),
        ({"group": "owner"}, HEADER, "no column 'owner', which --group names"),
        (
            {"recording_column": "x"},
            HEADER,
            "no recording has three samples; are the rows examples",
        ),
    ],
)
def test_a_missing_column_is_named(tmp_path, options, header, message):
    with pytest.raises(RequestError, match=message):
        load(write(tmp_path / "log.csv", header=header), **options)


def without_labels(path, empty, *, words=True, **options):
    """A table whose first ten rows of each part have no label."""
    lines = write(path, **options).read_text().splitlines()
    for row in range(1, len(lines)):
        if not words:
            lines[row] = lines[row].replace("slow", "1").replace("fast", "2.0")
        if (row - 1) % 40 < 10:
            cells = lines[row].split(",")
            lines[row] = ",".join([*cells[:2], empty, *cells[3:]])
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("empty", "words", "labels"),
    [
        ("", True, ("fast", "slow")),
        ("NaN", True, ("fast", "slow")),
        ("", False, ("1", "2.0")),
        ("None", False, ("1", "2.0")),  # Among numbers.
        ("none", True, ("fast", "none", "slow")),  # Among words it is a word, as in a table.
        ("0", False, ("0", "1", "2.0")),
    ],
)
def test_rows_without_a_label_are_left_out_and_end_windows(tmp_path, empty, words, labels):
    dataset = load(without_labels(tmp_path / "log.csv", empty, words=words), window=0.5, hop=0.5)
    assert dataset.labels == labels
    note = "left out, without a label: 240 rows of log.csv"
    assert (note in dataset.notes) == (len(labels) == 2)
    # Parts of 30 rows at 20 Hz, in windows of 10; and those of 10 rows, if they have a class.
    counts = [len({*s.recordings.tolist()}) for s in dataset.splits.values()]
    assert sum(counts) == 24 * (len(labels) - 1)
    assert sum(map(len, dataset.splits.values())) == 24 * (3 + (len(labels) == 3))


def test_two_parts_with_one_label_are_not_joined_over_rows_without(tmp_path):
    path = write(tmp_path / "log.csv", sessions=16)
    lines = path.read_text().splitlines()
    for row in range(1, len(lines)):
        if 15 <= (row - 1) % 40 < 25:
            lines[row] = lines[row].replace("slow", "").replace("fast", "")
    path.write_text("\n".join(lines))
    dataset = load(path, window=0.5, hop=0.05)
    names = [name for split in dataset.splits.values() for name in split.names]
    starts = [row + start for row in range(0, 1280, 40) for start in (0, 25)]
    assert {*names} == {f"log.csv:{row + 2}" for row in starts}


@pytest.mark.parametrize("split", ["train", "test"])
def test_labels_may_not_be_empty_in_every_row(tmp_path, split):
    for name in ("train", "test"):
        write(tmp_path / f"{name}.csv")
    path = tmp_path / f"{split}.csv"
    path.write_text(path.read_text().replace("slow", "").replace("fast", "?"))
    with pytest.raises(RequestError, match=rf"{split}.csv: column 'activity' is empty in every"):
        load(tmp_path)


def test_a_test_table_needs_the_column_of_labels(tmp_path):
    for name in ("train", "test"):
        write(tmp_path / f"{name}.csv")
    write(tmp_path / "test.csv", header=HEADER.replace("activity", "active"))
    with pytest.raises(
        RequestError, match=r"test.csv: unknown column 'activity'; did you mean 'active'"
    ):
        load(tmp_path)
