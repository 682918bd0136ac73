"""The figures in the table of models are those of the models."""

import numpy as np
import pytest

from zoo.models import MODELS, build
from zoo.models.macs import count_macs
from zoo.models.sizes import without_values

# Trainable parameters: torchvision, timm; He et al. 2015, section 4.2 (0.27 M, 0.85 M).
PUBLISHED = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "wide_resnet50_2": 68_883_240,
    "wide_resnet101_2": 126_886_696,
    "resnext50_32x4d": 25_028_904,
    "resnext101_32x8d": 88_791_336,
    "resnext101_64x4d": 83_455_272,
    "resnet18d": 11_708_744,
    "resnet26d": 16_014_408,
    "resnet34d": 21_816_904,
    "resnet50d": 25_576_264,
    "seresnet50": 28_088_024,
    "resnetv2_18": 11_687_720,
    "resnetv2_18d": 11_706_952,
    "resnetv2_34": 21_795_880,
    "resnetv2_34d": 21_815_112,
    "resnetv2_50": 25_549_352,
    "resnetv2_50d": 25_568_584,
    "resnetv2_101": 44_541_480,
    "resnet20": 269_722,
    "resnet56": 853_018,
}


@pytest.mark.parametrize("name", list(MODELS))
def test_row(name):
    row = MODELS.get(name)
    model = without_values(
        lambda: build(name, num_classes=row.num_classes, input_shape=row.input_shape)
    )
    parameters = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert parameters == row.parameters
    assert parameters == PUBLISHED.get(name, parameters)
    assert count_macs(model) == row.macs
    assert model.input_shape == (None, *row.input_shape)
    assert model.output_shape == (None, row.num_classes)
    assert model.name == name
