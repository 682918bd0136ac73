"""The target of a regression: learnt standardised, told in its own units."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import keras
import numpy as np

from zoo.data.dataset import Dataset


@dataclass(frozen=True)
class TargetScale:
    """Mean and standard deviation of a target, in its own units."""

    mean: float
    std: float


def target_scale(y: np.ndarray) -> TargetScale:
    """Returns the scale of the values to learn, (examples,)."""
    # The reader of the data refuses a constant target.
    return TargetScale(float(y.mean(dtype=np.float64)), float(y.std(dtype=np.float64)))


def standardise(dataset: Dataset, scale: TargetScale) -> Dataset:
    """Returns the data set with targets of mean 0 and deviation 1."""
    splits = {
        name: dataclasses.replace(split, y=((split.y - scale.mean) / scale.std).astype(np.float32))
        for name in ("train", "validation", "test")
        for split in [getattr(dataset, name)]
    }
    return dataclasses.replace(dataset, **splits)


def restore_units(layer: keras.layers.Dense, scale: TargetScale) -> None:
    """Folds a scale into the last layer, so that it gives values in the target's own units."""
    layer.kernel.assign(layer.kernel * scale.std)
    layer.bias.assign(layer.bias * scale.std + scale.mean)
