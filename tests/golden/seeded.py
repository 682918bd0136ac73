"""Weights from a seed, and pictures, for both sides of the comparison: numpy only."""

from __future__ import annotations

import zlib

import numpy as np

MODELS = ("resnet18", "resnet34", "resnet50")
# Of timm alone.
TIMMS = (
    "resnet18d", "resnet26d", "resnet34d", "resnet50d", "seresnet50", "resnetv2_18", "resnetv2_18d",
    "resnetv2_34", "resnetv2_34d", "resnetv2_50", "resnetv2_50d", "resnetv2_101",
)  # fmt: skip
# Others, in the slow tests.
LARGE = (
    "resnet101", "resnet152", "wide_resnet50_2", "wide_resnet101_2", "resnext50_32x4d",
    "resnext101_32x8d", "resnext101_64x4d",
)  # fmt: skip
# (picture, top, left, height, width): the network's usual size, another, and one not square.
CROPS = (
    ("china.jpg", 100, 200, 224, 224),
    ("flower.jpg", 80, 150, 224, 224),
    ("china.jpg", 20, 30, 160, 192),
)


def seeded_tensors(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    """Returns float32 tensors of torchvision's names that keep a ResNet's activations in bounds.

    A tensor depends on the seed and its own name alone, not on the order.
    """
    return {name: _tensor(name, shape, seed) for name, shape in shapes.items()}


def _tensor(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if name.endswith("num_batches_tracked"):
        return np.array(7, np.int64)
    if name.endswith("running_var"):
        value = random.uniform(0.5, 1.5, shape)
    elif len(shape) > 1:
        fan_in = int(np.prod(shape[1:]))
        value = random.normal(0, np.sqrt(2 / fan_in), shape)
    elif name.endswith("weight"):
        value = random.uniform(0.5, 1.0, shape)
    else:
        value = random.normal(0, 0.1, shape)
    return value.astype(np.float32)


def crops() -> list[np.ndarray]:
    """Returns parts of scikit-learn's two photographs (CC BY), each (height, width, 3) uint8."""
    from sklearn.datasets import load_sample_image

    return [
        load_sample_image(name)[top : top + height, left : left + width]
        for name, top, left, height, width in CROPS
    ]
