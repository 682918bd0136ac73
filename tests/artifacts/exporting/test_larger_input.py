"""Files that take larger pictures and scale them inside."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.artifacts.exporting.larger_input import (
    check_input_size,
    load_larger,
    ranges_inside,
    scaled_to,
)
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.errors import RequestError
from zoo.frontends.shrink import Shrink

CARD = checkpoint_card("resnet8.digits")


def changed(**changes):
    return dataclasses.replace(CARD, input=dataclasses.replace(CARD.input, **changes))


@pytest.mark.parametrize(("size", "factor"), [(None, 1), (32, 1), (64, 2), (224, 7)])
def test_factors(size, factor):
    assert check_input_size(CARD, size) == factor


@pytest.mark.parametrize(
    ("card", "size", "said"),
    [
        (CARD, 100, "no multiple of the 32 pixels that the checkpoint takes; say 96 or 128"),
        (CARD, 16, "say 64 or 96"),
        (checkpoint_card("residual_mlp.adult"), 64, "the checkpoint takes a table"),
        (changed(shape=(32, 64, 3)), 64, "square pictures, and the checkpoint takes 32×64"),
        (changed(interpolation="bicubic"), 64, "learnt pictures scaled bicubic; leave it out"),
        (changed(antialias=False), 64, "learnt pictures scaled bilinear without averaging"),
    ],
)
def test_what_cannot_be(card, size, said):
    with pytest.raises(RequestError, match=said):
        check_input_size(card, size)


def test_the_network_behind_the_scaling_is_the_same():
    own, larger = zoo.load("resnet8.digits"), load_larger("resnet8.digits", 3)
    assert larger.card.input == CARD.input.sized(96)
    assert larger.model.input_shape[1:] == (96, 96, 3)
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 96, 96, 3)).astype(np.float32)
    wanted = own.model(Shrink(3)(pictures))
    np.testing.assert_allclose(np.asarray(larger.model(pictures)), np.asarray(wanted), atol=1e-4)
    assert (scaled_to(own.model), scaled_to(larger.model)) == (None, (32, 32))
    assert ranges_inside(own.model) == {}
    pixels = (0.0, 255.0)
    assert ranges_inside(larger.model) == {larger.model.inputs[0].name: pixels, "shrink": pixels}
    assert load_larger("resnet8.digits", 1).model.input_shape == own.model.input_shape


@pytest.mark.slow
def test_files_answer_like_the_checkpoint(tmp_path):
    folder = tmp_path / "larger"
    options = {"targets": ("cpu", "edge"), "input_size": 96, "output": folder}
    zoo.export("resnet8.digits", data="digits", **options)
    page = (folder / "INTEGRATION.md").read_text()
    assert "to 96×96 pixels only; from there the file itself averages to 32×32" in page
    report = json.loads((folder / "report.json").read_text())
    assert report["artifacts"]["edge"]["input"]["shape"] == [1, 96, 96, 3]
    assert report["artifacts"]["edge"]["input"]["scale"] == 1.0
    # A stroke, as the digits are.
    picture = np.zeros((288, 288, 3), np.uint8)
    picture[40:250, 120:170] = 255
    Image.fromarray(picture).save(tmp_path / "one.png")
    given = {
        name: zoo.predict([tmp_path / "one.png"], top=10, **{kind: name}).predictions[0].labels
        for kind, name in (
            ("checkpoint", "resnet8.digits"),
            ("artifact", str(folder / "cpu.tflite")),
            ("artifact", str(folder / "edge.tflite")),
        )
    }
    wanted, *others = ({best.label: best.score for best in labels} for labels in given.values())
    for scores, most in zip(others, (0.02, 0.1), strict=True):  # Integers are less exact.
        assert max(abs(scores[label] - wanted[label]) for label in wanted) < most
