"""What each stage of a ResNet gives."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import RequestError
from zoo.models import MODELS, build
from zoo.models.features import features, headless, strides

FAST = ("resnet8", "resnet18")
RESNETS = [
    name if name in FAST else pytest.param(name, marks=pytest.mark.slow)
    for name in MODELS
    if MODELS.get(name).family == "resnet"
]


@pytest.mark.parametrize("name", RESNETS)
def test_every_row_has_the_shapes_of_its_stages(name):
    row = MODELS.get(name)
    small = row.config.get("stem") == "small"
    first = 1 if small else 4
    wider = 4 if row.config["block"] == "bottleneck" else 1
    depths = (1,) * len(row.config["depths"])  # One unit shows as much as all.
    model = zoo.create_model(name, input_shape=(None, 96, 3), depths=depths, features_only=True)
    wanted = {"stem": (first if small else 2, row.config["widths"][0])}
    for stage, width in enumerate(row.config["widths"]):
        wanted[f"stage{stage + 1}"] = (first * 2**stage, width * wider)
    assert set(model.output) == set(wanted)
    for stage, (stride, channels) in wanted.items():
        assert model.output[stage].shape == (None, None, 96 // stride, channels)
    expected = [(stage, stride) for stage, (stride, _) in wanted.items()]
    assert list(strides(model).items()) == expected


@pytest.mark.parametrize("order", ["post_activation", "relu_output", "linear_output"])
@pytest.mark.parametrize("shortcut", ["auto", "pad", "none"])
def test_a_stage_gives_what_the_next_one_gets(order, shortcut):
    network = build("resnet8", input_shape=(32, 32, 3), order=order, shortcut=shortcut)
    model = features(network)
    for stage, reader in (("stage1", "stage2"), ("stage2", "stage3"), ("stage3", "head")):
        first = next(layer for layer in network.layers if layer.name.startswith(reader))
        assert model.output[stage] is first.input


def test_the_weights_are_shared_and_the_last_stage_is_pooled_into_the_features(shipped):
    x = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    staged = features(shipped.model)
    pooled = np.asarray(staged(x)["stage3"]).mean(axis=(1, 2))
    assert np.abs(pooled - np.asarray(headless(shipped.model)(x))).max() < 1e-4
    loaded = zoo.create_model("resnet8", checkpoint="digits", features_only=True)
    assert np.abs(np.asarray(loaded(x)["stage3"]).mean(axis=(1, 2)) - pooled).max() < 1e-4
    assert {id(w) for w in staged.weights} < {id(w) for w in shipped.model.weights}


def test_a_model_without_a_head_is_its_own_features():
    body = build("resnet8", num_classes=0)
    assert headless(body) is body
    assert headless(build("residual_mlp", members=2)).output_shape == (None, 256)


def test_what_has_no_stages_or_no_pictures_is_refused():
    with pytest.raises(RequestError, match="residual_mlp has no stages"):
        zoo.create_model("residual_mlp", features_only=True)
    with pytest.raises(RequestError, match="leave out num_classes too"):
        zoo.create_model("resnet8", features_only=True, num_classes=3)
    odd = zoo.create_model("resnet8", input_shape=(33, 49, 3), features_only=True)
    with pytest.raises(RequestError, match="pictures of 33×49 leave a rest"):
        zoo.strides(odd)
    sound = keras.Input((99,), name="sound")
    with pytest.raises(RequestError, match="takes \\(99,\\), no pictures"):
        zoo.strides(keras.Model(sound, {"stage1": sound}))
