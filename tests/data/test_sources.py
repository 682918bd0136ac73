import dataclasses

import numpy as np
import pytest

from zoo.data import sources
from zoo.data.dataset import SPLITS, Dataset, Split
from zoo.data.sources import load_dataset, load_for
from zoo.errors import RequestError


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
        ("odd://folder", None, "TensorFlow knows no file system odd:// here"),
    ],
)
def test_wrong_requests(source, size, message):
    with pytest.raises(RequestError, match=message):
        load_dataset(source, image_size=size)


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
