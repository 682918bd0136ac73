import dataclasses
import re

import numpy as np
import pytest
import soundfile

from tests.data.sounds.written_sounds import tone
from tests.data.written_photos import photo
from zoo.data import sources
from zoo.data.dataset import SPLITS, Dataset, Split
from zoo.data.reading import Reading
from zoo.data.sources import find_reader, load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Picture, Sequence, Vector


@pytest.mark.parametrize(("size", "expected"), [(None, 32), (40, 40)])
def test_digits_as_images(size, expected):
    dataset = load_dataset("digits", image_size=size)
    assert dataset.example_shape == (expected, expected, 3)
    assert dataset.labels == tuple("0123456789")


@pytest.mark.parametrize(
    ("source", "size", "message"),
    [
        ("digits", 31, "image size 31 is under 32"),
        ("digits", 1025, "image size 1025 is over 1024"),
        ("no/such/folder", None, "there is no data 'no/such/folder'"),
        ("{}/sheet.xlsx", None, "sheet.xlsx is no data; save the sheet as CSV in UTF-8"),
        ("{}/table.tsv", None, "table.tsv is no data; if it is a table, call it FILE.csv"),
        ("odd://folder", None, "TensorFlow knows no file system odd:// here"),
    ],
)
def test_wrong_requests(tmp_path, source, size, message):
    for name in ("sheet.xlsx", "table.tsv"):
        (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(RequestError, match=message):
        load_dataset(source.format(tmp_path), image_size=size)


@pytest.mark.parametrize(
    ("rows", "advice"),
    [
        (["1.5,a", "2.5,b", "3.5,a"], "are the labels values? then say --task=regression; or give"),
        (["x,1", "y,2", "x,3"], "give more, from six of each class on, or splits of your own"),
    ],
)
def test_too_few_rows_say_what_to_do(tmp_path, rows, advice):
    path = tmp_path / "few.csv"
    path.write_text("\n".join(["label,size", *rows]))
    reading = Reading(label_column="label")
    with pytest.raises(RequestError, match=re.escape(f"for the validation split; {advice}")):
        load_dataset(str(path), Vector, reading=reading)


def test_a_folder_of_loose_tables_holds_no_pictures(tmp_path):
    (tmp_path / "january.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        RequestError, match=r"holds no data that is known, but 1 \.csv: a table is a \.csv"
    ):
        load_dataset(str(tmp_path), Vector)


FOLDERS = {
    "a folder of photos": [
        ["a/1.jpg"],
        ["a/1.jfif", "a/notes.txt"],
        ["a/1.JPE", "a/1.csv"],
        ["a/1.tif", "b/2.txt"],
        ["a/1.jpg", "a/2.jpg", "a/2.wav"],
        ["a/1.jpg", "a/1.m4a"],
        ["a/1.psd"],
        ["a/1.jpg", "a/@eaDir/1.wav", "$RECYCLE.BIN/2.wav"],
    ],
    "a folder of sounds": [
        ["a/1.wav"],
        ["a/1.opus", "a/words.txt"],
        ["a/1.aiff", "a/words.csv"],
        ["a/1.wav", "a/1.jpg"],
        ["a/1.wav", "a/1.m4a", "a/2.m4a"],
        ["a/1.m4a", "b/2.m4a", "a/.DS_Store"],
    ],
    "a folder of recordings": [
        ["a/1.csv"],
        ["a/1.TXT", "a/1.pdf"],
        ["a/1.csv", "a/microphone.m4a"],
        ["a/1.csv", "a/@eaDir/1.jpg", "__MACOSX/a/1.jpg", ".thumbs/1.jpg"],
    ],
}


@pytest.mark.parametrize(
    ("names", "kind"), [(names, kind) for kind, cases in FOLDERS.items() for names in cases]
)
def test_what_a_folder_holds_decides_how_it_is_read(tmp_path, names, kind):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert kind == find_reader(str(tmp_path)).KNOWN_AS


def made(folder, names):
    """Files of noise, or of the rows of a table."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            path.write_text("a,b,label\n" + "1,2,x\n3,4,y\n" * 30)
        elif path.suffix == ".wav":
            soundfile.write(path, tone(300 + 9 * number, 0.2), 8000)
        else:
            photo("red", number, (32, 32)).save(path)
    return str(folder)


def files_of(suffix, *folders):
    return [f"{folder}/{number}.{suffix}" for folder in folders for number in range(8)]


SPLIT = ("train/a", "train/b", "test/a", "test/b")
BESIDE_TABLES = {
    "photos in splits": ([*files_of("png", *SPLIT), "train.csv", "test.csv"], Picture, 4),
    "photos in classes": ([*files_of("png", "a", "b"), "test.csv"], Picture, 4),
    "sounds in splits": ([*files_of("wav", *SPLIT), "test.csv"], Picture, 2),
    "sounds for an LSTM": ([*files_of("wav", *SPLIT), "train.csv"], Sequence, 2),
    "photos beside the rows": ([*files_of("png", *SPLIT), "train.csv"], Vector, 2),
    "sounds beside the rows": ([*files_of("wav", "a", "b"), "train.csv"], Vector, 2),
}


@pytest.mark.parametrize("case", BESIDE_TABLES)
def test_class_folders_count_before_tables_unless_rows_are_learnt(tmp_path, case):
    names, kind, dimensions = BESIDE_TABLES[case]
    source = made(tmp_path, names)
    dataset = load_dataset(source, kind, reading=Reading(label_column="label"))
    assert dataset.train.x.ndim == dimensions
    assert set(dataset.labels) == ({"x", "y"} if kind is Vector else {"a", "b"})


@pytest.mark.parametrize("reading", [Reading(), Reading(folder="x"), Reading(path_column="a")])
@pytest.mark.parametrize("names", [files_of("png", "train", "test"), files_of("png", "images"), []])
def test_a_list_beside_loose_photos_is_to_be_given(tmp_path, names, reading):
    source = made(tmp_path, [*names, "train.csv"])
    message = rf"folder of tables, .*--data={re.escape(source)}/train\.csv --folder=DIR"
    with pytest.raises(RequestError, match=message):
        load_dataset(source, Picture, reading=reading)


class Stripes:
    """A reader from outside: "stripes:16" is pictures of 16 pixels, of two classes."""

    KNOWN_AS = "stripes:PIXELS"

    @staticmethod
    def claims(source):
        return source.startswith("stripes:")

    @staticmethod
    def open(source, reading):
        side = int(source.removeprefix("stripes:"))
        y = np.arange(20) % 2
        x = np.zeros((20, side, side, 1), np.uint8)
        x[y == 1, ::2] = x[y == 0, :, ::2] = 255
        split = Split(x, y)
        return Dataset("stripes", ("across", "down"), dict.fromkeys(SPLITS, split))


def test_a_reader_may_come_from_outside(monkeypatch):
    monkeypatch.setattr(sources, "READERS", [*sources.READERS])
    sources.register(Stripes)
    dataset = load_dataset("stripes:16", image_size=48)
    assert dataset.example_shape == (48, 48, 3)
    with pytest.raises(RequestError, match="known: stripes:PIXELS, digits, tfds:NAME"):
        load_dataset("dots:16")


def test_a_checkpoint_decides_the_form(shipped):
    assert load_for(shipped.card, "digits").example_shape == shipped.card.input.shape
    other = dataclasses.replace(shipped.card, labels=("cat", "dog"))
    with pytest.raises(RequestError, match=r"digits has 10 classes .* 2 \(cat, dog\)"):
        load_for(other, "digits")
