import shutil

import numpy as np
import pytest

import zoo.data.digits_tfds
from zoo.data.dataset import VALIDATION_IS_TEST
from zoo.data.digits import load_digits
from zoo.data.pictures import tfds
from zoo.data.pictures.prepare import resize_images
from zoo.data.pictures.tfds import find_tfds
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Vector


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder in which the digits are prepared, as tensorflow-datasets does it."""
    folder = tmp_path_factory.mktemp("tfds")
    zoo.data.digits_tfds.Digits(data_dir=folder).download_and_prepare()
    return Reading(data_dir=str(folder))


def test_a_prepared_data_set_is_read_without_a_network(prepared, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", None)
    dataset = load_dataset("tfds:digits", reading=prepared)
    ours = load_digits()
    assert (dataset.name, dataset.labels) == ("digits", ours.labels)
    assert dataset.example_shape == (32, 32, 3)
    for name in ("train", "validation", "test"):
        split, expected = getattr(dataset, name), getattr(ours, name)
        pixels = resize_images(expected.x, (32, 32))
        # tensorflow-datasets shuffles what it writes, so both sides are sorted.
        orders = [np.lexsort(x.reshape(len(x), -1).T) for x in (split.x, pixels)]
        np.testing.assert_array_equal(split.x[orders[0]], pixels[orders[1]])
        np.testing.assert_array_equal(split.y[orders[0]], expected.y[orders[1]])
    assert dataset.fingerprint() == load_dataset("tfds:digits", reading=prepared).fingerprint()


@pytest.mark.parametrize("split", ["test", "train"])
def test_a_split_without_classes_is_as_if_it_lacked(prepared, monkeypatch, split):
    read = tfds._read

    def without_classes(builder, given, *features):
        pictures, y = read(builder, given, *features)
        return pictures, np.full_like(y, -1) if given == split else y

    monkeypatch.setattr(tfds, "_read", without_classes)
    if split == "train":
        with pytest.raises(RequestError, match="pictures without a class in its train split"):
            find_tfds("tfds:digits", prepared.data_dir)
        return
    encoded = find_tfds("tfds:digits", prepared.data_dir)
    left_out = "the test split has pictures without a class; left out"
    assert encoded.notes == (left_out, VALIDATION_IS_TEST)
    assert {place.split("[")[0] for place in encoded.places["test"]} == {"tfds:digits validation"}
    assert min(y.min() for y in encoded.y.values()) == 0


def test_a_data_set_is_prepared_where_it_is_not(tmp_path):
    reading = Reading(data_dir=str(tmp_path))
    assert len(load_dataset("tfds:digits:1.0.0", reading=reading).test) == 359
    assert (tmp_path / "digits" / "1.0.0" / "dataset_info.json").is_file()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("tfds:digit", "unknown data set 'digit'; did you mean 'digits'"),
        ("tfds:digits/odd", "odd"),
        ("tfds:mnist", "tfds:mnist is not prepared in .* say --data_dir"),
        ("tfds:", "tfds:: "),
    ],
)
def test_wrong_names_are_one_line(prepared, source, message, monkeypatch):
    monkeypatch.setattr(
        "tensorflow_datasets.core.dataset_builder.DatasetBuilder.download_and_prepare", _no_network
    )
    with pytest.raises(RequestError, match=message) as caught:
        load_dataset(source, reading=prepared)
    assert "\n" not in str(caught.value)


def _no_network(*_, **__):
    raise ConnectionError("no route to host\nand more")


def _cut(folder):
    path = next(folder.rglob("*-train.tfrecord*"))
    path.write_bytes(path.read_bytes()[:-9])


def _cut_between_records(folder):
    path = next(folder.rglob("*-train.tfrecord*"))
    first = 16 + int.from_bytes(path.read_bytes()[:8], "little")
    path.write_bytes(path.read_bytes()[:first])


def _flip(folder):
    path = next(folder.rglob("*-test.tfrecord*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def _gone(folder):
    next(folder.rglob("*-test.tfrecord*")).unlink()


def _no_info(folder):
    next(folder.rglob("dataset_info.json")).write_text('{"name": ')


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cut, r"is damaged \(.*\); remove it and prepare it anew"),
        pytest.param(_cut_between_records, r"is damaged \(", marks=pytest.mark.slow),
        (_flip, r"is damaged \(.*\); remove it"),
        pytest.param(_gone, r"is damaged \(", marks=pytest.mark.slow),
        (_no_info, "tfds:digits"),
    ],
)
def test_damage_is_one_line(prepared, tmp_path, damage, message):
    shutil.copytree(prepared.data_dir, tmp_path / "tfds")
    damage(tmp_path / "tfds")
    with pytest.raises(RequestError, match=message) as caught:
        find_tfds("tfds:digits", str(tmp_path / "tfds"))
    assert "\n" not in str(caught.value)
    assert "function_node" not in str(caught.value)  # TensorFlow's words.


def test_it_holds_pictures(prepared):
    with pytest.raises(RequestError, match="tfds:digits holds pictures"):
        load_dataset("tfds:digits", Vector, reading=prepared)
