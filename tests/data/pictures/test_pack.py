import hashlib
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from tests.data.joined import joined
from tests.data.written_photos import write_photos
from zoo.data.batches import reading_errors, training_batches
from zoo.data.dataset import channel_statistics
from zoo.data.digits import load_digits
from zoo.data.examples import Stored
from zoo.data.pictures.folder import find_photos
from zoo.data.pictures.pack import pack
from zoo.data.sources import load_dataset
from zoo.errors import DamagedError, RequestError


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("photos"), {"red": 30, "green": 20, "blue": 20})


@pytest.fixture(scope="module")
def packed(photos, tmp_path_factory):
    output = tmp_path_factory.mktemp("packed") / "shards"
    return output, pack(find_photos(photos), output, 3)


def test_the_manifest_tells_what_is_there(packed):
    output, manifest = packed
    assert json.loads((output / "manifest.json").read_text()) == manifest
    names = [shard["file"] for shard in manifest["shards"]]
    assert sorted(path.name for path in output.iterdir()) == sorted(
        [*names, "index.npz", "manifest.json", "packing.json"]
    )
    for shard in manifest["shards"]:
        content = (output / shard["file"]).read_bytes()
        assert shard["bytes"] == len(content)
        assert shard["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["splits"]["train"] == {
        "examples": 56, "classes": {"blue": 16, "green": 16, "red": 24},
    }  # fmt: skip
    train = [shard["examples"] for shard in manifest["shards"] if shard["split"] == "train"]
    assert sorted(train) == [18, 19, 19]


def test_tensorflow_reads_the_shards_too(packed, photos):
    import tensorflow as tf

    output, manifest = packed
    files = [str(output / shard["file"]) for shard in manifest["shards"]]
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/filename": tf.io.FixedLenFeature([], tf.string),
        "image/class/label": tf.io.FixedLenFeature([], tf.int64),
    }
    names = set()
    for record in tf.data.TFRecordDataset(files):
        example = tf.io.parse_single_example(record, features)
        path = example["image/filename"].numpy().decode()
        with open(path, "rb") as file:
            assert example["image/encoded"].numpy() == file.read()
        assert manifest["labels"][example["image/class/label"]] == path.split("/")[-2]
        names.add(path)
    assert len(names) == 70


def by_content(dataset):
    return {
        split: sorted(
            (x.tobytes(), int(y))
            for data in [getattr(dataset, split)]
            for x, y in zip(data.x[:], data.y, strict=True)
        )
        for split in ("train", "validation", "test")
    }


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_shards_are_the_photos(packed, photos, scheme):
    plain, shards = load_dataset(str(photos)), load_dataset(f"{scheme}{packed[0]}")
    assert by_content(shards) == by_content(plain)
    assert (shards.name, shards.labels) == (plain.name, plain.labels)
    assert shards.example_shape == plain.example_shape == (40, 40, 3)
    np.testing.assert_allclose(channel_statistics(shards.train), channel_statistics(plain.train))
    assert joined(shards).x.shape == (70, 40, 40, 3)
    assert shards.train.x[3].shape == (40, 40, 3)
    assert isinstance(shards.train.x, Stored)
    assert not isinstance(plain.train.x, Stored)
    assert shards.train.x[:0].shape == (0, 40, 40, 3)


def test_the_fingerprint_tells_data_and_size(packed):
    prints = [
        load_dataset(str(packed[0]), image_size=size).fingerprint() for size in (None, None, 48)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_batches_come_from_the_shards(packed):
    data = load_dataset(str(packed[0]))
    seen = [
        (x.astype(np.uint8).tobytes(), int(y.argmax()))
        for batch in training_batches(data.train, 16, 3, seed=0, epochs=range(1))
        for x, y in zip(*(part.numpy() for part in batch), strict=True)
    ]
    assert sorted(seen) == by_content(data)["train"]


def test_an_interrupted_packing_goes_on(photos, packed, tmp_path):
    output = tmp_path / "shards"

    def interrupt(done, total):
        if done > 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(find_photos(photos), output, 3, interrupt)
    assert not (output / "manifest.json").exists()
    whole = {path.name: path.stat().st_mtime_ns for path in output.glob("*.tfrecord")}
    left = output / ".train-00000-of-00003.tfrecord.abc.tfrecord"
    left.write_bytes(b"a kill leaves this")
    (output / ".gitignore").write_text("*.tfrecord")
    assert 0 < len(whole) < 5
    assert pack(find_photos(photos), output, 3) == packed[1]
    again = {path.name: path.stat().st_mtime_ns for path in output.glob("*.tfrecord")}
    assert again.items() > whole.items()
    assert [path.name for path in output.glob(".*")] == [".gitignore"]


def test_a_packing_killed_before_its_plan_was_written_goes_on(photos, packed, tmp_path):
    (tmp_path / ".packing.json.abc.json").write_text("{")
    assert pack(find_photos(photos), tmp_path, 3) == packed[1]


def test_too_few_pictures_are_refused_before_anything_is_written(tmp_path):
    photos = write_photos(tmp_path / "photos", {"red": 4, "blue": 4})
    with pytest.raises(RequestError, match="photos has too few pictures: none is left for the val"):
        pack(find_photos(photos), tmp_path / "shards", 2)
    assert not (tmp_path / "shards").exists()


def test_two_do_not_pack_into_one_folder_at_once(photos, packed, tmp_path):
    encoded, refused = find_photos(photos), []

    def meanwhile(done, total):
        if not refused:
            with pytest.raises(RequestError, match="another process is writing into") as caught:
                pack(encoded, tmp_path / "shards", 3)
            refused.append(caught)

    assert pack(encoded, tmp_path / "shards", 3, meanwhile) == packed[1]
    assert refused
    names = {path.name for path in packed[0].iterdir()}
    assert {path.name for path in (tmp_path / "shards").iterdir()} == names


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"file": "x"}', '{"bytes": 1, "y": []}', "shorter"]
)
def test_a_shard_that_is_not_as_its_note_says_is_written_anew(photos, packed, tmp_path, text):
    def interrupt(done, total):
        if done > 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(find_photos(photos), tmp_path, 3, interrupt)
    note = next(tmp_path.glob("*.tfrecord.json"))
    if text == "shorter":
        shard = note.with_suffix("")
        shard.write_bytes(shard.read_bytes()[:-1])
    else:
        note.write_text(text)
    assert pack(find_photos(photos), tmp_path, 3) == packed[1]


def test_another_version_is_named(photos, tmp_path):
    pack(find_photos(photos), tmp_path, 2)
    (tmp_path / "manifest.json").write_text('{"schema": 2}')
    with pytest.raises(RequestError, match="is of another version of zoo data; pack it anew"):
        load_dataset(str(tmp_path))


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda path: path.write_bytes(bytes(path.stat().st_size)), DamagedError, "pack it anew"),
        (lambda path: path.unlink(), FileNotFoundError, "train-00000-of-00001"),
    ],
)
def test_damage_in_the_middle_of_a_training_is_reported_as_it_is(
    photos, tmp_path, damage, error, message
):
    pack(find_photos(photos), tmp_path, 1)
    data = load_dataset(str(tmp_path))
    damage(tmp_path / "train-00000-of-00001.tfrecord")
    batches = training_batches(data.train, 16, 3, seed=0, epochs=range(1))
    with pytest.raises(error, match=message), reading_errors(data.validation, data.train):
        next(iter(batches))


@pytest.mark.skipif(sys.platform != "linux", reason="the count is Linux's")
def test_reading_leaves_no_file_open(packed):
    data = load_dataset(str(packed[0]))
    joined(data)
    opened = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    assert not [path for path in opened if path.endswith(".tfrecord")]


def test_another_packing_is_refused(packed, photos, tmp_path):
    with pytest.raises(RequestError, match="holds a packing of other pictures or another number"):
        pack(find_photos(photos), packed[0], 4)
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(RequestError, match="holds something else"):
        pack(find_photos(photos), tmp_path, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    with pytest.raises(RequestError, match="--shards must be positive, not 0"):
        pack(find_photos(photos), tmp_path / "none", 0)


def test_broken_pictures_are_left_out(tmp_path):
    photos = write_photos(tmp_path / "photos", {"red": 30, "blue": 30})
    (photos / "red" / "x.png").write_bytes(b"no picture")
    manifest = pack(find_photos(photos), tmp_path / "shards", 2)
    (broken,) = manifest["broken"]
    assert broken["file"].endswith("x.png")
    assert broken["reason"] == "not a JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or HEIC picture"
    data = load_dataset(str(tmp_path / "shards"))
    assert sum(len(getattr(data, split)) for split in ("train", "validation", "test")) == 60
    assert "1 broken pictures were left out when it was packed" in data.notes


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda f: (f / "manifest.json").write_text("{}"), RequestError, "is no manifest of zoo"),
        (lambda f: (f / "index.npz").write_bytes(b"x"), DamagedError, "not what the manifest says"),
        (lambda f: next(f.glob("train-*")).write_bytes(b"x"), DamagedError, "has not the"),
        (lambda f: next(f.glob("train-*")).unlink(), DamagedError, "has not the"),
    ],
)
def test_damage_is_named(photos, tmp_path, damage, error, message):
    pack(find_photos(photos), tmp_path / "shards", 2)
    damage(tmp_path / "shards")
    with pytest.raises(error, match=message):
        load_dataset(str(tmp_path / "shards"))


def test_the_command_packs_and_trains(zoo_command, photos, tmp_path):
    shards = tmp_path / "shards"
    code, out, err = zoo_command("data", f"--data={photos}", f"--output={shards}", "--shards=2")
    assert code == 0, err
    assert "56 train, 7 validation, 7 test examples of 3 classes in 4 files" in out
    run = tmp_path / "run"
    code, out, err = zoo_command(
        "train", "--model=resnet8", f"--data={shards}", "--epochs=1", f"--output={run}"
    )
    assert code == 0, err
    assert "56 training, 7 validation, 7 test examples of 40×40×3, 3 classes" in out
    for flag, message in [
        ("--shards=0", "--shards must be positive, not 0"),
        ("--data=digits", "digits holds no picture files; give tfds:NAME or a .csv of paths of"),
    ]:
        arguments = ("data", f"--data={photos}", f"--output={tmp_path / 'none'}", flag)
        code, _, err = zoo_command(*arguments)
        assert (code, len(err.splitlines())) == (2, 1)
        assert message in err
    code, _, err = zoo_command("data", f"--data={tmp_path}/nowhere", f"--output={shards}")
    assert (code, len(err.splitlines())) == (2, 1)
    assert f"there is no data '{tmp_path}/nowhere'; known: digits, tfds:NAME" in err


@pytest.mark.slow
def test_ten_thousand_pictures_survive_a_kill(tmp_path):
    digits = joined(load_digits())
    photos = tmp_path / "photos"
    for number in range(10_000):
        turn, index = divmod(number, len(digits))
        folder = photos / str(digits.y[index])
        folder.mkdir(parents=True, exist_ok=True)
        picture = np.roll(digits.x[index, :, :, 0], turn, axis=0)
        Image.fromarray(picture).save(folder / f"{number}.png")
    shards = tmp_path / "shards"
    command = [
        sys.executable, "-m", "zoo.commands.main", "data", f"--data={photos}",
        f"--output={shards}", "--shards=40",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=dict(os.environ))
    while len(list(shards.glob("*.tfrecord"))) < 5:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (shards / "manifest.json").exists()
    subprocess.run(command, check=True)
    manifest = json.loads((shards / "manifest.json").read_text())
    assert sum(split["examples"] for split in manifest["splits"].values()) == 10_000
    for shard in manifest["shards"]:
        content = (shards / shard["file"]).read_bytes()
        assert (shard["bytes"], shard["sha256"]) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
    assert by_content(load_dataset(str(shards))) == by_content(load_dataset(str(photos)))
