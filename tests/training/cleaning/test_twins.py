"""Examples that are there twice."""

import io

import numpy as np
import pytest
from PIL import Image

from zoo.training.cleaning.twins import Twins, equal_examples, twin_pictures

SIDE = 48


def scenes(count, seed=0):
    """Pictures with coarse and fine detail, as photographs have."""
    random = np.random.default_rng(seed)
    sizes = (4, 8, 16, SIDE)
    layers = [
        [
            np.asarray(
                Image.fromarray(random.integers(0, 256, (size, size, 3), np.uint8)).resize(
                    (SIDE, SIDE), Image.Resampling.BICUBIC
                ),
                np.float32,
            )
            for _ in range(count)
        ]
        for size in sizes
    ]
    shares = (0.45, 0.35, 0.17, 0.03)
    mixed = sum(share * np.stack(layer) for share, layer in zip(shares, layers, strict=True))
    return mixed.round().astype(np.uint8)


def encoded(picture, quality):
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(io.BytesIO(content.getvalue())))


def smaller(picture):
    half = Image.fromarray(picture).resize((SIDE // 2, SIDE // 2))
    return np.asarray(half.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


CHANGES = {
    "quality 90": lambda picture: encoded(picture, 90),
    "quality 60": lambda picture: encoded(picture, 60),
    "half the size": smaller,
    "mirrored": lambda picture: picture[:, ::-1],
    "mirrored and encoded": lambda picture: encoded(picture[:, ::-1], 75),
    "brighter": lambda picture: np.clip(picture * 1.2, 0, 255).astype(np.uint8),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_changed_pictures_are_named_and_no_others(change):
    train, test = scenes(30), scenes(10, seed=1)
    test[3] = CHANGES[change](train[7])
    (pair,) = twin_pictures([train, test])
    assert (pair.first, pair.second) == (7, 33)
    assert 0.95 <= pair.alike < 1 or change == "mirrored"


@pytest.mark.parametrize("count", [2, 6, 7])
def test_few_pictures_have_twins_too(count):
    x = scenes(count)
    x[1] = encoded(x[0], 95)
    assert [(pair.first, pair.second) for pair in twin_pictures([x])] == [(0, 1)]


def test_equal_pictures_are_named_once_each():
    x = scenes(20)
    x[5] = x[17] = x[2]
    assert twin_pictures([x[:10], x[10:]]) == [Twins(2, 5, 1.0), Twins(2, 17, 1.0)]


def test_a_grey_picture_has_twins_too():
    grey = scenes(12).mean(-1, keepdims=True).astype(np.uint8)
    grey[11] = np.asarray(Image.fromarray(encoded(grey[4, ..., 0], 80)))[..., None]
    assert [(pair.first, pair.second) for pair in twin_pictures([grey])] == [(4, 11)]


def test_pictures_of_one_colour_are_twins_only_if_they_are_equal():
    plain = np.stack([np.full((SIDE, SIDE, 3), level, np.uint8) for level in (0, 90, 255, 90)])
    assert twin_pictures([plain]) == [Twins(1, 3, 1.0)]


def test_things_that_all_look_alike_are_no_twins():
    x = (0.9 * scenes(1) + 0.1 * scenes(40, seed=1)).astype(np.uint8)
    alike = np.corrcoef(x.reshape(40, -1))
    assert np.median(alike) > 0.97  # More than that of many copies.
    assert twin_pictures([x]) == []
    x[9] = encoded(x[3], 95)
    assert [(pair.first, pair.second) for pair in twin_pictures([x])] == [(3, 9)]


def test_equal_sounds():
    x = [np.zeros((2, 5), np.float32), np.ones(5, np.float32), np.zeros((2, 5), np.float32)]
    assert equal_examples(x) == [Twins(0, 2, 1.0)]
