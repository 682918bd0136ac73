"""The learning rate of a fine-tuning falls from the head to the input, in every family."""

from __future__ import annotations

import pytest

from zoo.models import MODELS, build
from zoo.models.names import part_of
from zoo.models.sizes import without_values
from zoo.training.parts import shares_of
from zoo.training.recipes.plan import choose_plan
from zoo.training.recipes.stages import stages

NARROW = {"depths": (1, 1), "widths": (16, 16)}
STAGES, BLOCKS = ["stage1", "stage2"], ["block1", "block2"]
FAMILIES = [
    # model, configuration, parts from the input to the head
    ("resnet8", NARROW, ["stem", *STAGES]),
    ("resnet50d", NARROW, ["stem", *STAGES]),
    ("seresnet50", NARROW, ["stem", *STAGES]),
    ("resnetv2_50d", NARROW, ["stem", *STAGES, "head"]),
    ("residual_mlp", {"depth": 2}, ["stem", *BLOCKS]),
    ("residual_mlp", {"depth": 2, "members": 4, "norm": "none"}, ["stem", *BLOCKS]),
    ("residual_lstm", {"depth": 2}, BLOCKS),
    ("residual_encoder", {"depth": 2}, ["stem", *BLOCKS, "head"]),
    ("residual_vit", {"depth": 2}, ["stem", *BLOCKS, "head"]),
]


def test_every_family_is_here():
    """A builder is a family: a new one needs a row above."""
    of_rows = {MODELS.get(name).builder for name in MODELS}
    assert {MODELS.get(name).builder for name, _, _ in FAMILIES} == of_rows


@pytest.mark.parametrize(("name", "config", "parts"), FAMILIES)
def test_every_part_learns_slower_than_the_next(name, config, parts):
    network = without_values(lambda: build(name, num_classes=2, **config))
    groups = stages(network)
    assert groups == [*parts, "logits"]
    share = shares_of(choose_plan(100), groups)
    expected = {part: 0.75 ** (len(parts) - place) for place, part in enumerate(groups)}
    for variable in network.trainable_variables:
        assert share(variable.path) == expected[part_of(variable.path)]
