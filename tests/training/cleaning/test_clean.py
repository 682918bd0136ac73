"""`zoo clean`: what of labelled data to look at."""

import csv
import shutil

import keras
import numpy as np
import pytest

from tests.data.written_photos import photo, write_photos
from zoo.data.dataset import Dataset, Split
from zoo.data.excluding import as_array
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.training.cleaning.clean import suspicions_of


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory):
    """Photos with one wrong label, a leak, a copy with two labels, and a broken file."""
    folder = tmp_path_factory.mktemp("spoilt") / "photos"
    write_photos(folder / "train", {"red": 12, "green": 12, "blue": 12})
    write_photos(folder / "test", {"red": 4, "green": 4, "blue": 4}, first=50)
    photo("blue", 99).save(folder / "train" / "red" / "wrong.png")
    shutil.copy(folder / "test" / "green" / "050.png", folder / "train" / "green" / "leak.png")
    photo("red", 3).save(folder / "train" / "green" / "two.png")
    (folder / "train" / "blue" / "broken.png").write_bytes(b"")
    return folder


def test_a_list_to_look_at_which_exclude_takes(zoo_command, spoilt, tmp_path):
    path = tmp_path / "clean.csv"
    arguments = ("clean", "--run=resnet8.digits", f"--data={spoilt}", f"--output={path}")
    code, out, err = zoo_command(*arguments)
    assert (code, err) == (0, "")
    with path.open(newline="") as file:
        rows = {(row["file"], row["suspicion"]): row for row in csv.DictReader(file)}
    files = [file for file, _ in rows]
    leak = rows["train/green/leak.png", "duplicate"]
    assert files[0] == "train/green/leak.png"
    assert (leak["other_file"], leak["exclude"]) == ("test/green/050.png", "yes")
    # One of the two has a wrong label; which, a person sees.
    two = rows["train/red/003.png", "duplicate"]
    assert (two["label"], two["other_label"], two["exclude"]) == ("red", "green", "")
    wrong = rows["train/red/wrong.png", "mislabel"]
    assert (wrong["suggested_label"], wrong["label"], wrong["exclude"]) == ("blue", "red", "")
    assert rows["train/blue/broken.png", "unreadable"]["exclude"] == "yes"
    assert {kind for _, kind in rows} == {"mislabel", "duplicate", "unreadable"}
    assert f"{path}: look at the files and write yes in the column exclude" in out
    assert "1 of them in two splits" in out
    assert "heads that did not see them tell " in out

    left = load_dataset(str(spoilt), reading=Reading(exclude=str(path)))
    assert left.excluded == ("train/blue/broken.png", "train/green/leak.png")
    text = path.read_text()
    path.write_text(text.replace("\n,train/red/wrong.png", "\nx,train/red/wrong.png"))
    left = load_dataset(str(spoilt), reading=Reading(exclude=str(path)))
    assert "train/red/wrong.png" in left.excluded

    # The marks are work.
    code, _, err = zoo_command(*arguments)
    assert code == 2
    assert "exists, perhaps with your marks" in err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--data=x",), "--run is missing: zoo clean --run=RUN --data=FOLDER"),
        (("--run=resnet8.cifar10",), "say which data: --data=…; resnet8.cifar10 was trained on"),
        (("--run=resnet8.digit", "--data=x"), "resnet8.digits"),
    ],
)
def test_requests_that_lack_something(zoo_command, arguments, reason):
    code, _, err = zoo_command("clean", *arguments)
    assert code == 2
    assert reason in err


def network(shape, outputs):
    inputs = keras.Input(shape)
    features = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, keras.layers.Dense(outputs, name="logits")(features))


def test_the_windows_of_a_recording_are_one_file():
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], 8)
    x = random.normal(scale=0.1, size=(16, 3, 4, 2)) + y[:, None, None, None]
    x[7] = x[2]  # A copy,
    y[5] = 1  # and a wrong label.
    names = as_array(f"{'ab'[row // 8]}/{row}.csv" for row in range(16))
    whole = Split(
        x.reshape(48, 4, 2).astype(np.float32), np.repeat(y, 3), names=np.repeat(names, 3)
    )
    dataset = Dataset("moves", ("a", "b"), {"train": whole})
    found, agreeing = suspicions_of(network((4, 2), 2), dataset)
    assert agreeing == 15 / 16
    assert [(one.kind, one.file, one.suggested or one.other) for one in found] == [
        ("mislabel", "a/5.csv", "a"),
        ("duplicate", "a/7.csv", "a/2.csv"),
    ]


def test_of_values_only_copies_are_searched():
    x = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)
    x[11] = x[1]
    from zoo.tasks.regression import REGRESSION

    values = np.arange(12, dtype=np.float32)
    parts = {
        "train": Split(x[:8], values[:8], task=REGRESSION),
        "test": Split(x[8:], values[8:], task=REGRESSION),
    }
    (one,), agreeing = suspicions_of(network((32, 32, 3), 1), Dataset("ages", ("age",), parts))
    assert agreeing is None
    assert (one.kind, one.file, one.label, one.other, one.other_label) == (
        *("duplicate", "train[1]", "1", "test[3]", "11"),
    )
    assert one.leaks
    assert not one.sure
