import numpy as np
import pytest

from zoo.checkpoints.foreign.torchvision_names import (
    from_torchvision,
    to_torchvision,
    torchvision_name,
)
from zoo.errors import RequestError

NAMES = [
    ("stem_conv/kernel", "conv1.weight"),
    ("stem_bn/moving_variance", "bn1.running_var"),
    ("stage1_block1_1_conv/kernel", "layer1.0.conv1.weight"),
    ("stage3_block6_3_bn/gamma", "layer3.5.bn3.weight"),
    ("stage4_block2_2_bn/beta", "layer4.1.bn2.bias"),
    ("stage2_block1_shortcut_conv/kernel", "layer2.0.downsample.0.weight"),
    ("stage2_block1_shortcut_bn/moving_mean", "layer2.0.downsample.1.running_mean"),
    ("logits/kernel", "fc.weight"),
    ("logits/bias", "fc.bias"),
    # timm's, of a deep stem, of pooled shortcuts and of squeeze and excitation.
    ("stem_1_conv/kernel", "conv1.0.weight"),
    ("stem_2_bn/gamma", "conv1.4.weight"),
    ("stem_3_conv/kernel", "conv1.6.weight"),
    ("stem_3_bn/gamma", "bn1.weight"),
    ("stage1_block1_pooled_shortcut_conv/kernel", "layer1.0.downsample.1.weight"),
    ("stage1_block1_pooled_shortcut_bn/beta", "layer1.0.downsample.2.bias"),
    ("stage4_block3_squeeze_conv/kernel", "layer4.2.se.fc1.weight"),
    ("stage4_block3_excite_conv/bias", "layer4.2.se.fc2.bias"),
    # Of a ResNet-V2.
    ("head_bn/gamma", "bn_head.weight"),
]


@pytest.mark.parametrize(("path", "name"), NAMES)
def test_names(path, name):
    assert torchvision_name(path) == name


def test_other_layers_have_no_counterpart():
    with pytest.raises(RequestError, match="no counterpart of 'head_ln/gamma'"):
        torchvision_name("head_ln/gamma")


def test_a_network_without_stages_has_no_counterpart():
    with pytest.raises(RequestError, match="'block1_1_bn/gamma' is in none"):
        torchvision_name("block1_1_bn/gamma")


SHAPES = {"stem_conv/kernel": (7, 5, 3, 8), "stem_bn/beta": (8,), "logits/kernel": (8, 4)}


@pytest.fixture
def tensors():
    random = np.random.default_rng(0)
    shapes = {"conv1.weight": (8, 3, 7, 5), "bn1.bias": (8,), "fc.weight": (4, 8)}
    return {name: random.normal(size=s).astype(np.float32) for name, s in shapes.items()}


def test_layouts_and_a_round_trip_of_the_bits(tensors):
    tensors["bn1.bias"][0] = np.float32(1e-45)  # Denormal: nothing is computed on the way.
    values = from_torchvision(tensors, SHAPES)
    assert {path: value.shape for path, value in values.items()} == SHAPES
    assert values["stem_conv/kernel"][6, 4, 2, 7] == tensors["conv1.weight"][7, 2, 6, 4]
    assert values["logits/kernel"][7, 3] == tensors["fc.weight"][3, 7]
    back = to_torchvision(values)
    assert {name: value.tobytes() for name, value in back.items()} == {
        name: value.tobytes() for name, value in tensors.items()
    }


def test_a_head_that_is_a_convolution(tensors):
    """As timm's ResNet-V2 has it."""
    dense = from_torchvision(tensors, SHAPES)
    tensors["fc.weight"] = tensors["fc.weight"][..., None, None]
    values = from_torchvision(tensors, SHAPES)
    np.testing.assert_array_equal(values["logits/kernel"], dense["logits/kernel"])


def test_counters_of_batches_are_accepted(tensors):
    tensors["bn1.num_batches_tracked"] = np.array(3)
    assert from_torchvision(tensors, SHAPES).keys() == SHAPES.keys()


def test_problems_are_named_all_at_once(tensors):
    tensors["fc.bias"] = tensors.pop("bn1.bias")
    tensors["conv1.weight"] = tensors["conv1.weight"][:, :1]
    with pytest.raises(RequestError) as error:
        from_torchvision(tensors, SHAPES)
    assert str(error.value) == (
        "the file lacks 1 tensors: bn1.bias; has in excess 1 tensors: fc.bias; "
        "has misshapen conv1.weight (8, 1, 7, 5) in place of (8, 3, 7, 5)"
    )


def test_other_numbers_than_floats_are_named(tensors):
    tensors["conv1.weight"] = tensors["conv1.weight"].astype(np.int8)
    with pytest.raises(RequestError, match=r"other numbers than floats in conv1\.weight \(int8\)"):
        from_torchvision(tensors, SHAPES)
