import dataclasses
import errno
import functools
import os
import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.data.written_photos import photo, write_photos
from zoo.data.batches import evaluation_batches
from zoo.data.pictures import files as module
from zoo.data.pictures.files import decode
from zoo.data.pictures.folder import find_photos
from zoo.data.pictures.prepare import prepare_picture
from zoo.data.sources import load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Picture, Vector
from zoo.tasks.regression import REGRESSION

FORM = Picture(shape=(32, 32, 3), mean=(), std=())
COUNTS = {"red": 20, "green": 30, "blue": 10}


@pytest.fixture
def flat(tmp_path):
    return write_photos(tmp_path / "colours", COUNTS)


def test_class_folders_are_split_by_class(flat):
    dataset = load_dataset(str(flat))
    assert dataset.name == "colours"
    assert dataset.labels == ("blue", "green", "red")
    assert dataset.example_shape == (40, 40, 3)  # The usual shorter side.
    counts = [np.bincount(s.y).tolist() for s in (dataset.train, dataset.validation, dataset.test)]
    assert counts == [[8, 24, 16], [1, 3, 2], [1, 3, 2]]
    assert dataset.notes == ()
    means = [dataset.test.x[dataset.test.y == c].mean((0, 1, 2)).argmax() for c in range(3)]
    assert means == [2, 1, 0]  # Blue pictures are blue.
    assert dataset.fingerprint() == load_dataset(str(flat)).fingerprint()


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (("train", "val", "test"), [24, 6, 9]),
        (("Training", "VALID", "Testing"), [24, 6, 9]),
        (("train", "test"), [21, 3, 9]),
        (("train", "validation"), [21, 3, 6]),
        (("train",), [18, 3, 3]),
    ],
)
def test_given_splits_are_kept(tmp_path, names, sizes):
    for name, count in zip(names, (8, 2, 3), strict=False):
        number = 3 if "test" in name.lower() else count
        write_photos(tmp_path / name, dict.fromkeys(COUNTS, number))
    dataset = load_dataset(str(tmp_path), image_size=32)
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [len(split) for split in splits] == sizes
    assert all((np.bincount(split.y) == len(split) / 3).all() for split in splits)


def test_labels_that_are_numbers_are_in_their_order(tmp_path):
    for label in ("10", "2", "1"):
        shutil.copytree(write_photos(tmp_path / "a", {"red": 10}) / "red", tmp_path / "n" / label)
    assert find_photos(tmp_path / "n").labels == ("1", "2", "10")


def test_pictures_in_inner_folders_count_and_hidden_ones_do_not(flat):
    write_photos(flat / "red", {"blue": 2})  # red/blue/: still red.
    (flat / "red" / ".DS_Store").write_text("x")
    (flat / "red" / "._001.png").write_text("x")
    (flat / "__MACOSX").mkdir()
    (flat / "red" / "Thumbs.db").write_text("x")
    (flat / "red" / "letter.TXT").write_text("x")
    (flat / "nothing").mkdir()
    encoded = find_photos(flat)
    assert sum(map(len, encoded.pictures.values())) == 62
    assert encoded.labels == ("blue", "green", "red")
    assert encoded.notes == (
        "left out, since they hold too few pictures: nothing",
        "left out, since they are no JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or HEIC files: 1 .txt",
    )


def test_pictures_are_prepared_as_for_evaluation(flat):
    form = Picture(shape=(32, 36, 1), mean=(), std=(), resize=38, interpolation="bicubic")
    encoded = find_photos(flat)
    dataset = decode(encoded, form)
    for index in (0, 5):
        seed = int(encoded.pictures["test"][index].stem)
        picture = photo(encoded.labels[encoded.y["test"][index]], seed)
        np.testing.assert_array_equal(dataset.test.x[index], prepare_picture(picture, form))


def test_broken_files_are_named_skipped_and_counted(flat):
    encoded = find_photos(flat)
    victims = [encoded.pictures["train"][3], encoded.pictures["test"][2]]
    for path in victims:
        path.write_bytes(path.read_bytes()[:300])
    before = decode(find_photos(flat), FORM)
    assert [len(before.train), len(before.validation), len(before.test)] == [47, 6, 5]
    assert [note.split(":")[0] for note in before.notes] == [
        *(f"skipped {path}" for path in victims),
        "2 of 60 pictures are broken and skipped",
    ]
    # The others are all there, in order and with their classes.
    whole = [path for path in encoded.pictures["train"] if path not in victims]
    for pixels, y, path in zip(before.train.x, before.train.y, whole, strict=True):
        assert encoded.labels[y] == path.parent.name
        expected = prepare_picture(photo(path.parent.name, int(path.stem)), FORM)
        np.testing.assert_array_equal(pixels, expected)


def test_too_many_broken_files_are_an_error(flat):
    for path in sorted(flat.glob("red/*"))[:4]:
        path.write_bytes(b"")
    with pytest.raises(RequestError, match=r"4 of 60 pictures are broken, more than 5%.*is empty"):
        decode(find_photos(flat), FORM)


def test_large_data_is_mapped_from_disk_and_decoded_once(flat, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    victim = find_photos(flat).pictures["train"][3]
    victim.write_bytes(b"broken")
    in_memory = decode(find_photos(flat), FORM)
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    seen = []
    mapped = decode(find_photos(flat), FORM, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (60, 60)
    assert isinstance(mapped.train.x, np.memmap)
    assert mapped.fingerprint() == in_memory.fingerprint()
    assert "the decoded pictures (0.0 GiB) are kept in" in mapped.notes[0]
    for ours, theirs in zip(
        evaluation_batches(mapped.test, 4, 3), evaluation_batches(in_memory.test, 4, 3), strict=True
    ):
        np.testing.assert_array_equal(ours[0], theirs[0])

    monkeypatch.setattr(module, "decode_picture", None)
    again = decode(find_photos(flat), FORM)
    assert again.fingerprint() == mapped.fingerprint()
    assert again.notes == mapped.notes
    monkeypatch.undo()
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    photo("blue", 99).save(victim)  # The data has changed.
    assert len(decode(find_photos(flat), FORM).train) == len(mapped.train) + 1


def _truncated(folder):
    path = folder / "pictures.npy"
    path.write_bytes(path.read_bytes()[:-1000])


def _longer(folder):
    with (folder / "pictures.npy").open("ab") as file:
        file.write(b"x")


def _of_another_shape(folder):
    np.save(folder / "pictures.npy", np.zeros((60, 16, 48, 4), np.uint8))


def _of_another_type(folder):
    np.save(folder / "pictures.npy", np.zeros((60, 32, 32, 3), np.int8))


def _no_pictures(folder):
    (folder / "pictures.npy").unlink()


def _broken_out_of_range(folder):
    (folder / "broken.json").write_text('{"60": "why"}')


def _broken_cut(folder):
    (folder / "broken.json").write_text('{"3": "wh')


def _broken_of_another_form(folder):
    (folder / "broken.json").write_text('["3"]')


@pytest.mark.parametrize(
    "damage",
    [
        _truncated, _longer, _of_another_shape, _of_another_type, _no_pictures,
        _broken_out_of_range, _broken_cut, _broken_of_another_form,
    ],
)  # fmt: skip
def test_kept_pictures_that_are_damaged_are_decoded_anew(flat, tmp_path, monkeypatch, damage):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    before = decode(find_photos(flat), FORM).fingerprint()
    (kept,) = (tmp_path / "cache" / "pictures").glob("[!.]*")
    damage(kept)
    assert decode(find_photos(flat), FORM).fingerprint() == before
    monkeypatch.setattr(module, "decode_picture", None)  # It is whole again.
    assert decode(find_photos(flat), FORM).fingerprint() == before


def test_several_that_decode_the_same_do_it_once(flat, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setenv("ZOO_CACHE", str(cache))
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    decode(find_photos(flat), FORM)
    (whole,) = (cache / "pictures").glob("[!.]*")
    whole.rename(whole.with_name(f".{whole.name}.abc"))  # A kill leaves this.
    calls, work = [], module.decode_into
    monkeypatch.setattr(module, "decode_into", lambda *args: calls.append(1) or work(*args))
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: decode(find_photos(flat), FORM), range(3)))
    assert len(calls) == 1
    assert len({dataset.fingerprint() for dataset in done}) == 1
    names = sorted(path.name for path in (cache / "pictures").iterdir())
    assert names == [f".{whole.name}.lock", whole.name]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system has no such call")
def test_a_full_disk_is_an_error_and_leaves_nothing(flat, tmp_path, monkeypatch):
    def refuse(file, offset, size):
        assert size > 60 * 32 * 32 * 3
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OSError, match=r"No space left on device.*pictures\.npy'$"):
        decode(find_photos(flat), FORM)
    assert [path.suffix for path in (tmp_path / "cache" / "pictures").iterdir()] == [".lock"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take UTF-8 alone")
def test_names_that_are_no_utf8(flat):
    odd = os.fsdecode(b"caf\xe9")
    (flat / "red" / "003.png").rename(flat / "red" / f"{odd}.png")
    encoded = find_photos(flat)
    (place,) = (
        place
        for split, pictures in encoded.pictures.items()
        for path, place in zip(pictures, encoded.places[split], strict=True)
        if path.stem == odd
    )
    assert place.endswith("caf\N{REPLACEMENT CHARACTER}.png")
    (flat / "red").rename(flat / odd)
    with pytest.raises(RequestError, match="which cannot be printed; rename it") as caught:
        find_photos(flat)
    str(caught.value).encode()


def test_a_checkpoint_decides_the_form(flat, shipped):
    card = dataclasses.replace(shipped.card, labels=("blue", "green", "red"))
    assert load_for(card, str(flat)).example_shape == shipped.card.input.shape
    with pytest.raises(RequestError, match=r"has 3 classes .* the checkpoint 10"):
        load_for(shipped.card, str(flat))


def _empty(folder):
    folder.mkdir()


def _of_other_formats(folder):
    for name in ("red/a.psd", "red/b.psd", "blue/c.NEF", "blue/@eaDir/c.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"II*\0" * (".NEF" in name))


def _loose(folder):
    folder.mkdir()
    photo("red", 0).save(folder / "a.png")


def _loose_in_train(folder):
    write_photos(folder, {"red": 20})
    (folder / "red").rename(folder / "train")


def _one_class(folder):
    write_photos(folder, {"red": 3})


def _nested(folder):
    write_photos(folder / "inner", COUNTS)


def _same_but_for_case(folder):
    write_photos(folder, COUNTS)
    (folder / "red").rename(folder / "Green")


def _extra_in_test(folder):
    write_photos(folder / "train", {"red": 3, "blue": 3})
    write_photos(folder / "test", {"red": 3, "green": 3})


def _empty_test(folder):
    write_photos(folder / "train", COUNTS)
    (folder / "test").mkdir()


def _two_validations(folder):
    for name in ("train", "val", "valid"):
        write_photos(folder / name, COUNTS)


def _a_zip_in_it(folder):
    folder.mkdir()
    (folder / "README.md").write_text("hello")
    with zipfile.ZipFile(folder / "photos.zip", "w") as file:
        file.writestr("red/a.png", b"")


def _a_text(folder):
    folder.write_text("hello")


def _too_few(folder):
    write_photos(folder, {"red": 2, "blue": 2})


def _no_pictures_inside(folder):
    write_photos(folder, COUNTS)
    for path in folder.glob("*/*"):
        path.write_bytes(b"x")


WRONG = [
    (_empty, "holds no pictures; put JPEG, .* files of each class into a folder with its name"),
    (
        _of_other_formats,
        r"holds no pictures, but 2 \.psd, 1 \.nef; put JPEG, PNG, .* of each class",
    ),
    (_loose, "holds 1 pictures outside any class folder"),
    (_loose_in_train, "train holds 20 pictures outside any class folder"),
    (_one_class, "has one class only, 'red'; two are the least"),
    (_nested, "has one class only, 'inner'; if its folders are the classes, give"),
    (_same_but_for_case, "has the classes 'Green' and 'green', the same but for case"),
    (_extra_in_test, r"test has the class 'green', which .*train has not \(blue, red\)"),
    (_empty_test, "test holds no pictures; fill it or remove it"),
    (_two_validations, "two folders for the validation split: val and valid; keep one"),
    (_a_zip_in_it, "holds an archive alone; give that: .*photos.zip"),
    (_a_text, "is no data; known: digits, tfds:NAME, an .npz file, .* a folder of photos"),
    (
        _too_few,
        "too few examples: none is left for the validation split; give more, from six of each "
        "class on, .*; or start from a checkpoint: zoo finetune learns from two of each class on",
    ),
    (_no_pictures_inside, "no file is a whole picture; the first is"),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[make.__name__[1:] for make, _ in WRONG])
def test_wrong_folders_are_one_line(tmp_path, make, message):
    make(tmp_path / "data")
    with pytest.raises(RequestError, match=message) as caught:
        load_dataset(str(tmp_path / "data"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_may_not_be_read_is_named(flat, monkeypatch, what):
    """Simulated: root may read everything."""
    victim = flat / "red" if what == "folder" else flat / "red" / "003.png"

    def refuse(then, path, *more):
        if Path(path) == victim:
            raise PermissionError(13, "Permission denied", str(path))
        return then(path, *more)

    for name in ("scandir", "open"):
        monkeypatch.setattr(os, name, functools.partial(refuse, getattr(os, name)))
    with pytest.raises(RequestError, match="may not be read; change its permissions") as caught:
        load_dataset(str(flat))
    assert str(victim) in str(caught.value)


def test_pictures_are_not_for_models_of_features(flat):
    from zoo.data.reading import Reading
    from zoo.data.sources import load_dataset

    with pytest.raises(RequestError, match="holds pictures, and the model takes none"):
        load_dataset(str(flat), Vector)
    with pytest.raises(RequestError, match=r"--task=regression needs a \.csv of paths"):
        load_dataset(str(flat), reading=Reading(task=REGRESSION))
