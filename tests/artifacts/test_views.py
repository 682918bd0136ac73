"""A picture and its mirror image: whose answers are averaged, and for whom that means nothing."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

import zoo
from zoo.artifacts.views import averaged, check_views
from zoo.checkpoints.provenance import Provenance
from zoo.data.dataset import Split


def split(x):
    return Split(x, np.zeros(len(x), np.int64))


def test_the_mean_of_a_picture_and_its_mirror_image():
    x = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3)).astype(np.uint8)

    def left_half(part):
        # Readers take slices, single pictures and lists of numbers.
        assert part.x[1:3].shape == (2, 4, 6, 3)
        assert part.x.shape == x.shape
        assert part.x.dtype == np.uint8
        np.testing.assert_array_equal(part.x[[0, 2]][1], part.x[2])
        return part.x[:][:, :, :3].astype(np.float64).mean(axis=(1, 2))

    np.testing.assert_allclose(averaged(left_half, 2)(split(x)), x.mean(axis=(1, 2)))
    assert averaged(left_half, 1) is left_half


PICTURES = SimpleNamespace(name="cats", train=split(np.zeros((1, 8, 8, 3), np.uint8)))
SOUNDS = SimpleNamespace(name="words", train=split(np.zeros((1, 8), np.float32)))
FITTED = {"epochs": 3, "augment": "none"}


def card(recipe):
    return SimpleNamespace(model="resnet8", training=recipe and Provenance(recipe=recipe))


@pytest.mark.parametrize(
    ("dataset", "recipe", "message"),
    [
        (PICTURES, {**FITTED, "augment": "light"}, None),
        (PICTURES, {"head": FITTED, "whole": {**FITTED, "augment": "strong"}}, None),
        (PICTURES, {"name": "of others"}, None),
        (PICTURES, None, None),
        (PICTURES, FITTED, "resnet8 learnt without mirrored pictures"),
        (PICTURES, {"epochs": 3}, "resnet8 learnt without mirrored pictures"),
        (PICTURES, {"head": FITTED, "whole": FITTED}, None),  # What it started from may know them.
        (SOUNDS, {**FITTED, "augment": "light"}, "--views=2 mirrors pictures, and words has none"),
    ],
)
def test_for_whom_it_means_something(dataset, recipe, message):
    check_views(1, dataset, card(recipe))
    if message is None:
        check_views(2, dataset, card(recipe))
        return
    with pytest.raises(zoo.RequestError, match=message):
        check_views(2, dataset, card(recipe))


def test_of_a_checkpoint(shipped, tmp_path):
    """Digits turned round: this network never saw them, so that its figures fall."""
    training = shipped.card.training
    mirrored = dataclasses.replace(training, recipe={**training.recipe, "augment": "light"})
    folder, output = tmp_path / "run", tmp_path / "figures.json"
    zoo.save(shipped.model, folder, dataclasses.replace(shipped.card, training=mirrored))
    asked = {"checkpoint": str(folder), "data": "digits", "split": "validation"}
    once, twice = (zoo.evaluate(**asked, views=views, output=output) for views in (1, 2))
    assert once.score.top1 > twice.score.top1 > 0.3
    assert "validation examples of digits, each as it is and mirrored" in str(twice)
    assert "mirrored" not in str(once)
    assert json.loads(output.read_text())["views"] == 2


def test_of_an_artifact(exported_digits):
    """A file does not say how its network was trained; its checkpoint does."""
    asked = {"artifact": str(exported_digits / "cpu.tflite"), "split": "validation", "views": 2}
    assert zoo.evaluate(**asked).views == 2
    with pytest.raises(zoo.RequestError, match="learnt without mirrored pictures"):
        zoo.evaluate(**asked, checkpoint="resnet8.digits")
