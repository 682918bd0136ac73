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
