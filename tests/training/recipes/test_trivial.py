import math

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from sklearn.datasets import load_sample_image

from zoo.training.recipes.trivial import CHANGES, changed, trivial

SIZE = 48
PHOTOGRAPH = load_sample_image("china.jpg")[100 : 100 + SIZE, 200 : 200 + SIZE]
DARK = PHOTOGRAPH // 3 + 20
FLAT = np.full((SIZE, SIZE, 3), 77, np.uint8)


def affine(picture, *coefficients):
    return picture.transform(picture.size, Image.Transform.AFFINE, coefficients)


def posterized(picture, strength):
    return ImageOps.posterize(picture, 8 - round(6 * strength))


# What each change is in Pillow, by its strength with its sign.
PILLOW = {
    "identity": lambda picture, m: picture,
    "shear x": lambda picture, m: affine(picture, 1, 0.99 * m, 0, 0, 1, 0),
    "shear y": lambda picture, m: affine(picture, 1, 0, 0, 0.99 * m, 1, 0),
    "translate x": lambda picture, m: affine(picture, 1, 0, 32 * m, 0, 1, 0),
    "translate y": lambda picture, m: affine(picture, 1, 0, 0, 0, 1, 32 * m),
    "rotate": lambda picture, m: picture.rotate(135 * m),
    "brightness": lambda picture, m: ImageEnhance.Brightness(picture).enhance(1 + 0.99 * m),
    "contrast": lambda picture, m: ImageEnhance.Contrast(picture).enhance(1 + 0.99 * m),
    "posterize": lambda picture, m: posterized(picture, abs(m)),
    "solarize": lambda picture, m: ImageOps.solarize(picture, math.ceil(255 * (1 - abs(m)))),
    "autocontrast": lambda picture, m: ImageOps.autocontrast(picture),
    "equalize": lambda picture, m: ImageOps.equalize(picture),
    "color": lambda picture, m: ImageEnhance.Color(picture).enhance(1 + 0.99 * m),
    "sharpness": lambda picture, m: ImageEnhance.Sharpness(picture).enhance(1 + 0.99 * m),
}


@pytest.mark.parametrize("name", CHANGES)
def test_it_changes_as_pillow_does(name):
    cases = [
        (picture, strength, sign)
        for picture in (PHOTOGRAPH, DARK, FLAT)
        for strength, sign in ((0, 1), (0.5, 1), (0.5, -1), (1, 1), (1, -1))
    ]
    x, strengths, signs = (np.array(part, np.float32) for part in zip(*cases, strict=True))
    chosen = np.full(len(cases), CHANGES.index(name), np.int32)
    ours = changed(x, chosen, strengths, signs).numpy()
    for result, (picture, strength, sign) in zip(ours, cases, strict=True):
        theirs = np.asarray(PILLOW[name](Image.fromarray(picture), strength * sign), np.float32)
        # Pillow rounds at each step, and a corner of a turned picture falls to the other side.
        near = abs(result - theirs).max(-1) <= 2
        assert near.mean() > 0.97, (strength, sign, near.mean())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_key_decides_and_pictures_stay_pictures(channels):
    x = np.random.default_rng(0).uniform(0, 255, (64, 32, 40, channels)).astype(np.float32)
    key = np.array([3, 4], np.int64)
    first = trivial(x, key).numpy()
    np.testing.assert_array_equal(first, trivial(x, key).numpy())
    assert (first != trivial(x, key + 1).numpy()).any()
    assert first.shape == x.shape
    assert np.isfinite(first).all()
    assert first.min() >= 0
    assert first.max() <= 255
    same = (first == x).all((1, 2, 3)).mean()
    assert 1 / 28 < same < 1 / 4  # One in fourteen, and what has no strength or no colour.


def test_a_batch_is_changed_as_its_pictures_are():
    """No statistics of one picture reach another."""
    x = np.stack([PHOTOGRAPH, DARK, FLAT] * len(CHANGES)).astype(np.float32)
    chosen = np.repeat(np.arange(len(CHANGES), dtype=np.int32), 3)
    strength, sign = np.full(len(x), 0.7, np.float32), np.ones(len(x), np.float32)
    whole = changed(x, chosen, strength, sign).numpy()
    for place in range(len(x)):
        one = slice(place, place + 1)
        alone = changed(x[one], chosen[one], strength[one], sign[one])
        np.testing.assert_allclose(whole[one], alone, atol=1e-3)
