"""timm's names in a ResNet-V2 are translated, under any prefix, and back."""

import numpy as np
import pytest

from zoo.checkpoints.foreign.resnet_v2_names import as_timm, renamed

NAMES = [
    # pooled, timm's name, as it would be in torchvision's ResNet
    (False, "stem.conv.weight", "conv1.weight"),
    (True, "stem.conv1.weight", "conv1.0.weight"),
    (True, "stem.norm1.bias", "conv1.1.bias"),
    (True, "stem.norm2.running_var", "conv1.4.running_var"),
    (True, "stem.conv3.weight", "conv1.6.weight"),
    (False, "stages.0.blocks.1.conv2.weight", "layer1.1.conv2.weight"),
    (False, "stages.2.blocks.10.norm3.running_mean", "layer3.10.bn3.running_mean"),
    (False, "stages.1.blocks.0.downsample.conv.weight", "layer2.0.downsample.0.weight"),
    (True, "stages.1.blocks.0.downsample.conv.weight", "layer2.0.downsample.1.weight"),
    (False, "norm.weight", "bn_head.weight"),
    (True, "head.fc.bias", "fc.bias"),
]
BODY = "stages.0.blocks.0.conv1.weight"


@pytest.mark.parametrize(("pooled", "timms", "torchvisions"), NAMES)
@pytest.mark.parametrize("prefix", ["", "state_dict.model."])
def test_there_and_back(pooled, timms, torchvisions, prefix):
    stem = "stem.conv1.weight" if pooled else "stem.conv.weight"
    names = renamed([f"{prefix}{name}" for name in dict.fromkeys((stem, BODY, timms))])
    assert names[f"{prefix}{timms}"] == f"{prefix}{torchvisions}"
    assert list(as_timm({torchvisions: np.zeros(2)}, pooled=pooled)) == [timms]


def test_the_head_is_a_convolution_in_timm():
    head = as_timm({"fc.weight": np.ones((5, 8)), "fc.bias": np.ones(5)}, pooled=False)
    assert {name: value.shape for name, value in head.items()} == {
        "head.fc.weight": (5, 8, 1, 1),
        "head.fc.bias": (5,),
    }


def test_what_is_no_such_network_keeps_its_names():
    names = ["stem.conv.weight", "other.norm.weight", "stages.0.blocks.0.norm1.weight", "fc.bias"]
    assert renamed(names) == {name: name for name in names}
    beside = ["net.stem.conv.weight", f"net.{BODY}", "loss.norm.weight", "net.neck.norm.bias"]
    assert [renamed(beside)[name] for name in beside[2:]] == beside[2:]
