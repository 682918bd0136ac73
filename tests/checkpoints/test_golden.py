"""Our logits are torchvision's and timm's, from the same weights on real photographs.

tests/golden/make_goldens.py wrote what those two gave.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from tests.golden.seeded import LARGE, MODELS, TIMMS, crops, seeded_tensors
from zoo.checkpoints.foreign.resnet_v2_names import as_timm, renamed
from zoo.checkpoints.foreign.torchvision_names import from_torchvision, to_torchvision
from zoo.checkpoints.published import PUBLISHED, published_card
from zoo.data.pictures.prepare import prepare_picture
from zoo.forms import Picture
from zoo.models import MODELS as TABLE
from zoo.models import build

GOLDEN = Path(__file__).parent.parent / "golden"

TENSORS = {
    "resnet18": 102, "resnet34": 182, "resnet50": 267, "resnet101": 522, "resnet152": 777,
    "wide_resnet50_2": 267, "wide_resnet101_2": 522, "resnext50_32x4d": 267,
    "resnext101_32x8d": 522, "resnext101_64x4d": 522, "resnet18d": 112, "resnet26d": 157,
    "resnet34d": 192, "resnet50d": 277, "seresnet50": 331, "resnetv2_18": 90, "resnetv2_18d": 100,
    "resnetv2_34": 170, "resnetv2_34d": 180, "resnetv2_50": 251, "resnetv2_50d": 261,
    "resnetv2_101": 506,
}  # fmt: skip
FAST = ("resnet18d", "resnetv2_18d")


@pytest.fixture(scope="module")
def goldens():
    with np.load(GOLDEN / "goldens.npz") as file:
        return dict(file)


@pytest.mark.parametrize(
    "name",
    [
        *MODELS,
        *(
            name if name in FAST else pytest.param(name, marks=pytest.mark.slow)
            for name in (*LARGE, *TIMMS)
        ),
    ],
)
def test_logits_are_torchvisions_and_timms(goldens, name):
    model = build(name, input_shape=(None, None, 3))
    shapes = {v.path: tuple(v.shape) for v in model.weights}
    of_library = _to_library(name, {path: np.empty(shape) for path, shape in shapes.items()})
    tensors = seeded_tensors({key: value.shape for key, value in of_library.items()})
    assert len(tensors) == TENSORS[name]
    names = renamed(tensors)
    values = from_torchvision({names[key]: value for key, value in tensors.items()}, shapes)
    for variable in model.weights:
        variable.assign(values[variable.path])
    worst = 0.0
    for index, image in enumerate(crops()):
        assert _digest(image) == goldens[f"sha256/{index}"], "this JPEG decoder gives other pixels"
        logits = np.asarray(model(image[None].astype(np.float32)))[0]
        for library in ("timm",) if name in TIMMS else ("torchvision", "timm"):
            golden = goldens[f"{library}/{name}/{index}"]
            error = np.abs(logits - golden).max() / np.abs(golden).max()
            assert error <= 1e-4, (library, index, error)
            worst = max(worst, error)
            assert logits.argmax() == golden.argmax()
    print(f"{name}: max relative error {worst:.1e}")  # pytest -rP shows it.

    back = _to_library(name, {v.path: np.asarray(v.value) for v in model.weights})
    assert back.keys() == tensors.keys()
    for key, tensor in tensors.items():
        assert back[key].tobytes() == tensor.tobytes()


def _to_library(name, values):
    """The tensors as torchvision or timm names them."""
    tensors, config = to_torchvision(values), TABLE.get(name).config
    if not config.get("norm_first"):
        return tensors
    return as_timm(tensors, pooled=config.get("pooled_shortcut", False))


@pytest.mark.parametrize("name", sorted(PUBLISHED))
@pytest.mark.parametrize("picture", ["china.jpg", "flower.jpg"])
def test_pictures_are_prepared_as_in_the_evaluation(goldens, name, picture):
    form = published_card(PUBLISHED[name]).input
    pixels = prepare_picture(Image.fromarray(load_sample_image(picture)), form)
    assert pixels.shape == (224, 224, 3)
    golden = goldens[f"pixels/{picture}/{form.resize}/{form.interpolation}"]
    assert _digest(pixels) == golden


def test_a_whole_picture_is_scaled_without_resize():
    form = Picture(shape=(40, 30, 1), mean=(0.0,), std=(1.0,))
    picture = Image.fromarray(load_sample_image("china.jpg"))
    pixels = prepare_picture(picture, form)
    assert pixels.shape == (40, 30, 1)
    expected = picture.convert("L").resize((30, 40), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(pixels[..., 0], np.asarray(expected))
    with pytest.raises(ValueError, match="unknown interpolation 'bicubi'; did you mean 'bicubic'"):
        prepare_picture(picture, dataclasses.replace(form, interpolation="bicubi"))
    with pytest.raises(ValueError, match=r"1 or 3 channels\), the checkpoint eats \(40, 30, 4\)"):
        prepare_picture(picture, dataclasses.replace(form, shape=(40, 30, 4)))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_without_antialias_pixels_are_left_out(interpolation):
    picture = Image.fromarray(np.array([[0, 40, 80, 120, 160, 200]], np.uint8))
    form = Picture((1, 2, 1), (0.0,), (1.0,), interpolation=interpolation, antialias=False)
    # The middles of the two halves are the middles of the second and the fifth pixel.
    np.testing.assert_array_equal(prepare_picture(picture, form).ravel(), [40, 160])
    averaged = prepare_picture(picture, dataclasses.replace(form, antialias=True)).ravel()
    assert (averaged[0] == 40) == (interpolation == "nearest")
    with pytest.raises(ValueError, match="no 'lanczos' without antialias"):
        prepare_picture(picture, dataclasses.replace(form, interpolation="lanczos"))


def _digest(image):
    return hashlib.sha256(np.ascontiguousarray(image)).hexdigest()
