import dataclasses

import pytest

from zoo.data.sources import load_for, load_images
from zoo.errors import RequestError


@pytest.mark.parametrize(("size", "expected"), [(None, 32), (40, 40)])
def test_digits_as_images(size, expected):
    dataset = load_images("digits", size)
    assert dataset.example_shape == (expected, expected, 3)
    assert dataset.labels == tuple("0123456789")


@pytest.mark.parametrize(
    ("source", "size", "message"),
    [
        ("digits", 31, "image size 31 is under 32"),
        ("digits", 1025, "image size 1025 is over 1024"),
        ("no/such/folder", None, "there is no data 'no/such/folder'"),
        ("https://example.com/a.zip", None, "is an address on the web; download it"),
        ("http://example.com/a", None, "is an address on the web; download it"),
        ("odd://folder", None, "TensorFlow knows no file system odd:// here"),
    ],
)
def test_wrong_requests(source, size, message):
    with pytest.raises(RequestError, match=message):
        load_images(source, size)


def test_a_checkpoint_decides_the_form(shipped):
    assert load_for(shipped.card, "digits").example_shape == shipped.card.input.shape
    other = dataclasses.replace(shipped.card, labels=("cat", "dog"))
    with pytest.raises(RequestError, match=r"digits has 10 classes .* 2 \(cat, dog\)"):
        load_for(other, "digits")
