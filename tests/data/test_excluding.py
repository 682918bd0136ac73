"""The names of examples, and what is left out by them."""

import dataclasses
import os
import shutil

import numpy as np
import pytest

from tests.data.sounds.written_sounds import write_sounds
from tests.data.written_photos import photo, write_photos
from tests.data.written_recordings import write_recordings
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.data.dataset import joined, take
from zoo.data.excluding import read_excluded
from zoo.data.pictures.pack import pack
from zoo.data.pictures.prepare import prepare_picture
from zoo.data.reading import Reading
from zoo.data.sources import find_pictures, load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Picture, Sequence, Table
from zoo.training.runs.differences import differences

COUNTS = {"red": 10, "green": 10, "blue": 10}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("names") / "photos", COUNTS)


@pytest.fixture(scope="module")
def list_of_photos(tmp_path_factory):
    folder = write_photos(tmp_path_factory.mktemp("list") / "img", COUNTS)
    rows = [f"{label}/{n:03},{label}" for label in COUNTS for n in range(10)]
    (folder.parent / "list.csv").write_text("\n".join(["id,label", *rows]) + "\n")
    return folder.parent / "list.csv", folder


def names_of(dataset):
    return {name: [*split.names] for name, split in dataset.splits.items()}


def test_names_belong_to_their_pictures_also_without_the_broken_ones(photos, tmp_path):
    folder = shutil.copytree(photos, tmp_path / "photos")
    broken = load_dataset(str(photos)).train.names[3]
    (folder / broken).write_bytes(b"\xff\xd8\xff no picture")
    dataset = load_dataset(str(folder))
    assert broken not in dataset.train.names
    assert len({*np.concatenate([split.names for split in dataset.splits.values()])}) == 29
    for split in dataset.splits.values():
        for x, name in zip(split.x, split.names, strict=True):
            label, number = name.removesuffix(".png").split("/")
            form = Picture(shape=x.shape, mean=(), std=())
            assert (x == prepare_picture(photo(label, int(number)), form)).all()


def test_names_go_where_the_examples_go(photos):
    train = load_dataset(str(photos)).train
    assert [*take(train, np.array([5, 2])).names] == [train.names[5], train.names[2]]
    twice = joined([train, take(train, np.array([1]))])
    assert [*twice.names] == [*train.names, train.names[1]]


@pytest.mark.parametrize(
    "layout", [("train", "val"), ("train", "val", "test"), ("Training", "Testing")]
)
def test_names_begin_in_the_folder_of_the_splits(tmp_path, layout):
    for name in layout:
        write_photos(tmp_path / name, dict.fromkeys(COUNTS, 10 if name == layout[0] else 1))
    names = names_of(load_dataset(str(tmp_path)))
    last = [f"{layout[-1]}/{label}/000.png" for label in ("blue", "green", "red")]
    assert names["test"] == last
    assert all((tmp_path / name).is_file() for part in names.values() for name in part)


def sounds(tmp_path):
    return str(write_sounds(tmp_path / "tones")), Sequence, Reading()


def recordings(tmp_path):
    return str(write_recordings(tmp_path / "moves", {"fast": 8, "slow": 8})), Sequence, Reading()


def rows(tmp_path):
    path = tmp_path / "pets.csv"
    lines = [f"{n % 7},{n % 5},{'cat' if n % 2 else 'dog'}" for n in range(60)]
    path.write_text("\n".join(["a,b,pet", *lines]) + "\n")
    return str(path), Table, Reading(label_column="pet")


def pictures(tmp_path):
    return str(write_photos(tmp_path / "photos", COUNTS)), Picture, Reading()


@pytest.mark.parametrize(
    ("source", "example"),
    [
        (pictures, "blue/000.png"),
        (sounds, "high/0.wav"),
        (recordings, "fast/p0_00.csv"),
        (rows, "pets.csv:2"),
    ],
)
def test_what_is_left_out_changes_no_split_of_the_others(tmp_path, source, example):
    data, kind, reading = source(tmp_path)
    before = load_dataset(data, kind, reading=reading)
    names = names_of(before)
    assert example in {name for part in names.values() for name in part}
    gone = {names["train"][0], names["train"][-1], names["test"][0]}
    (tmp_path / "out.csv").write_text("\n".join(["file,why", *(f"{n},bad" for n in gone)]))
    reading = dataclasses.replace(reading, exclude=str(tmp_path / "out.csv"))
    after = load_dataset(data, kind, reading=reading)
    assert {*after.excluded} == gone
    left = {split: [n for n in part if n not in gone] for split, part in names.items()}
    assert names_of(after) == left
    assert after.notes[-1].startswith(f"left out, as {tmp_path}/out.csv says: 3 (")
    for split, part in after.splits.items():
        assert len(part.x) == len(part.y) == len(left[split])


def test_a_broken_file_may_be_left_out(photos, tmp_path):
    folder = shutil.copytree(photos, tmp_path / "photos")
    for number in range(3):  # More than a twentieth.
        (folder / "red" / f"{number:03}.png").write_bytes(b"")
    with pytest.raises(RequestError, match="3 of 30 pictures are broken"):
        load_dataset(str(folder))
    (tmp_path / "out.txt").write_text("".join(f"red/{number:03}.png\n" for number in range(3)))
    dataset = load_dataset(str(folder), reading=Reading(exclude=str(tmp_path / "out.txt")))
    assert sum(map(len, dataset.splits.values())) == 27


def test_the_files_of_a_list_begin_where_its_paths_do(list_of_photos, tmp_path):
    path, folder = list_of_photos
    (tmp_path / "out.csv").write_text("file\nred/004.png\n")
    reading = Reading(folder=str(folder), exclude=str(tmp_path / "out.csv"))
    dataset = load_dataset(str(path), reading=reading)
    assert dataset.excluded == ("red/004.png",)
    assert sum(map(len, dataset.splits.values())) == 29


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("out.txt", "red/004.png\n\n./blue/001.png"),
        ("out.txt", "{folder}/red/004.png\nblue\\001.png"),
        ("out.txt", "{near}/red/004.png\n{near}/blue/001.png\r\n"),
        ("out.csv", "red/004.png\nblue/001.png\n"),
        ("out.csv", "label,file\nred,red/004.png\nblue,blue/001.png\n"),
        ("out.csv", "exclude;file\nyes;red/004.png\nx;blue/001.png\nno;blue/002.png\n;red/001.png"),
        ("out.tsv", "\ufefffile\tscore\nred/004.png\t0.1\nblue/001.png\t1"),
    ],
)
def test_spellings_of_a_list(photos, tmp_path, name, text):
    text = text.format(folder=photos, near=os.path.relpath(photos))
    (tmp_path / name).write_text(text, encoding="utf-8")
    dataset = load_dataset(str(photos), reading=Reading(exclude=str(tmp_path / name)))
    assert {*dataset.excluded} == {"red/004.png", "blue/001.png"}


def test_names_of_no_file_are_told(photos, tmp_path):
    (tmp_path / "out.txt").write_text("red/004.png\nred/gone.png\n")
    dataset = load_dataset(str(photos), reading=Reading(exclude=str(tmp_path / "out.txt")))
    assert dataset.notes[-1] == (
        f"no file of {photos}, but named in {tmp_path}/out.txt: 1 (red/gone.png)"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file\na.png\nb.png", "none of its 2 entries is a file of .*, the first 'a.png'"),
        ("", "names no files"),
        ("file,exclude\nred/001.png,\nred/002.png,no", "none of its 2 rows has something"),
        ("\n".join(f"{n}/{i:03}.png" for n in COUNTS for i in range(10)), "all of the train split"),
    ],
)
def test_lists_that_leave_out_nothing_or_all_are_refused(photos, tmp_path, text, reason):
    (tmp_path / "out.csv").write_text(text)
    with pytest.raises(RequestError, match=reason):
        load_dataset(str(photos), reading=Reading(exclude=str(tmp_path / "out.csv")))


def test_other_refusals(photos, tmp_path):
    with pytest.raises(RequestError, match=r"--exclude=nowhere\.csv cannot be read: No such file"):
        load_dataset(str(photos), reading=Reading(exclude="nowhere.csv"))
    (tmp_path / "out.txt").write_text("a")
    with pytest.raises(RequestError, match="--exclude makes no sense for digits"):
        load_dataset("digits", reading=Reading(exclude=str(tmp_path / "out.txt")))


def test_what_a_checkpoint_did_not_learn_is_left_out_of_its_own_data_alone(
    photos, tmp_path, shipped
):
    (tmp_path / "out.txt").write_text("red/004.png\nblue/001.png\n")
    card = dataclasses.replace(shipped.card, labels=("blue", "green", "red"))
    learnt = load_for(card, str(photos), Reading(exclude=str(tmp_path / "out.txt")))
    data = Learnt(learnt.name, learnt.fingerprint(), learnt.excluded)
    card = dataclasses.replace(card, training=Provenance(data=data))
    own = load_for(card, str(photos))
    assert own.excluded == learnt.excluded
    assert own.fingerprint() == learnt.fingerprint()
    assert own.notes[-1] == "left out, as in the training: 2 (red/004.png, blue/001.png)"
    other = shutil.copytree(photos, tmp_path / "photos")  # Of the same names.
    photo("red", 999).save(other / "red" / "009.png")
    assert load_for(card, str(other)).excluded == ()


def test_packed_pictures_keep_their_names(photos, tmp_path):
    (tmp_path / "out.txt").write_text("red/004.png\n")
    encoded = find_pictures(str(photos), Reading(exclude=str(tmp_path / "out.txt")))
    pack(encoded, tmp_path / "packed", 2)
    dataset = load_dataset(str(tmp_path / "packed"))
    assert {name: {*names} for name, names in names_of(dataset).items()} == {
        name: {*names} for name, names in encoded.names.items()
    }
    assert "red/004.png" not in np.concatenate([s.names for s in dataset.splits.values()])
    for x, name in zip(dataset.test.x[:], dataset.test.names, strict=True):
        assert ("red", "green", "blue")[x.mean((0, 1)).argmax()] == name.split("/")[0]


def test_a_run_with_another_list_is_another_run():
    before = {"data": {"name": "a", "fingerprint": "1", "excluded": ["x"]}}
    now = {"data": {"name": "a", "fingerprint": "2", "excluded": ["x", "y"]}}
    assert differences(before, now) == ["--exclude leaves out other examples now"]


def test_entries_are_read_once(tmp_path):
    (tmp_path / "out.txt").write_text("a.png\na.png\n")
    assert [*read_excluded(str(tmp_path / "out.txt"), "data").meant] == ["a.png"]
