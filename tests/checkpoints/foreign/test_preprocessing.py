"""The order of the sources for the preparation of pictures, and the named assumptions."""

import pytest

from zoo.checkpoints.foreign.preprocessing import Preprocessing, imagenet_input, prepared
from zoo.errors import RequestError

USUAL = imagenet_input(224, 3)
SMALL = imagenet_input(32, 3)


@pytest.mark.parametrize(
    ("said", "usual", "shape", "resize", "assumed"),
    [
        ([], USUAL, (224, 224), 256, 4),
        ([], SMALL, (32, 32), None, 4),
        ([{"image_size": (160, 160)}], USUAL, (160, 160), 182, 3),
        ([{"image_size": (160, 200)}], USUAL, (160, 200), None, 3),
        ([{"resize": 232}], USUAL, (224, 224), 232, 3),
        ([{"resize": "squash"}], USUAL, (224, 224), None, 3),
        ([{"crop_pct": 0.95}], USUAL, (224, 224), 235, 3),
        ([{"resize": "squash"}, {"crop_pct": 0.5}], USUAL, (224, 224), None, 3),
        ([{}, {"interpolation": "bicubic"}], USUAL, (224, 224), 256, 3),
        ([{"mean": (0.5,), "std": (0.5,)}], USUAL, (224, 224), 256, 3),
    ],
)  # fmt: skip
def test_sizes(said, usual, shape, resize, assumed):
    form, unsaid = prepared([Preprocessing(**one) for one in said], usual)
    assert (form.shape, form.resize) == ((*shape, 3), resize)
    assert len(unsaid) == assumed
    assert all("(--" in line for line in unsaid)


@pytest.mark.parametrize(
    ("mean", "std", "pixels"),
    [
        ((0.5, 0.25, 0.0), (1.0, 0.5, 0.5), (127.5, 63.75, 0.0)),
        ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375), (123.675, 116.28, 103.53)),
        ((0.5,), (0.5,), (127.5, 127.5, 127.5)),
        ((0.0,), (255.0,), (0.0, 0.0, 0.0)),
    ],
)
def test_statistics_in_either_unit(mean, std, pixels):
    form, _ = prepared([Preprocessing(mean=mean, std=std)], USUAL)
    assert form.mean == pytest.approx(pixels)


def test_statistics_of_other_channels_are_not_taken():
    form, unsaid = prepared(
        [Preprocessing(mean=(0.1,) * 3, std=(0.1,) * 3)], imagenet_input(224, 4)
    )
    assert form.mean == imagenet_input(224, 4).mean
    assert any("mean" in line for line in unsaid)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"image_size": (0, 5)}, "image_size must be from 8"),
        ({"image_size": (224, 10**9)}, "image_size must be from 8"),
        ({"resize": 10**9}, "resize must be from 8"),
        ({"crop_pct": 87.5}, "crop_pct must be from 0.1 to 1"),
        ({"crop_pct": 0.9, "resize": 256}, "give one"),
        ({"mean": (0.5,)}, "give both"),
        ({"mean": (float("nan"),), "std": (1.0,)}, "mean must be finite"),
        ({"mean": (0.5,), "std": (0.0,)}, "std must be finite and positive"),
        ({"interpolation": "bicubi"}, "did you mean 'bicubic'"),
    ],
)
def test_nonsense_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**values)


def test_a_crop_out_of_less_is_refused():
    with pytest.raises(RequestError, match="shorter side of 200 cannot be cut to 224×224"):
        prepared([Preprocessing(resize=200)], USUAL)
