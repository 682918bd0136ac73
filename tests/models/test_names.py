"""Every model of the table keeps the grammar of layer names."""

import pytest

from zoo.forms import Picture
from zoo.models import MODELS, build
from zoo.models.names import (
    LOGITS,
    NORMALIZATION,
    STEM_KERNELS,
    layer_of,
    part_of,
    stage_and_index,
    unit_name,
    unit_of,
)
from zoo.models.sizes import without_values

PARTS = {NORMALIZATION, "stem", "head", LOGITS}


@pytest.mark.parametrize("name", list(MODELS))
def test_a_model_of_the_table(name):
    stages = MODELS.get(name).config.get("depths")
    # Two narrow units in each stage show as much as all.
    config = {"depth": 2, "width": 8}
    if stages:
        config = {"depths": (2,) * len(stages), "widths": (16,) * len(stages)}
    model = without_values(lambda: build(name, num_classes=2, order="linear_output", **config))
    units = [
        unit_name(index, stage)
        for stage in (range(1, len(stages) + 1) if stages else [None])
        for index in (1, 2)
    ]
    of_layers = [unit_of(layer.name) for layer in model.layers]
    assert list(dict.fromkeys(filter(None, of_layers))) == units

    heavy = [layer for layer in model.layers if layer.weights]
    assert {part_of(layer.name) for layer in heavy} <= PARTS | {part_of(unit) for unit in units}
    assert heavy[-1].name == LOGITS
    assert heavy[-1].output is model.output
    assert NORMALIZATION in {layer.name for layer in model.layers}
    for layer in heavy:
        for variable in layer.weights:
            assert layer_of(variable.path) == layer.name
    if MODELS.get(name).input is Picture:
        kernel = next(v for v in model.weights if v.path in STEM_KERNELS)
        assert kernel.shape[2] == model.input_shape[-1]


@pytest.mark.parametrize(
    ("name", "part", "unit"),
    [
        ("stem_conv/kernel", "stem", None),
        ("stage2_block10_shortcut_bn/gamma", "stage2", "stage2_block10"),
        ("block3_bidirectional/forward_lstm/kernel", "block3", "block3"),
        ("head_bn", "head", None),
        ("logits/bias", "logits", None),
        ("my_block1_conv", "my", None),
        ("block1", "block1", None),
    ],
)
def test_parts_and_units(name, part, unit):
    assert part_of(name) == part
    assert unit_of(name) == unit


@pytest.mark.parametrize("place", [(None, 3), (2, 10)])
def test_a_unit_s_name_and_back(place):
    stage, index = place
    assert stage_and_index(unit_name(index, stage)) == place
