"""Directions in the space of weights, along which a loss surface is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.analysis.landscape.objective import Weights
from zoo.errors import RequestError


@dataclass(frozen=True)
class Principal:
    """The plane in which a training moved most.

    Attributes:
        directions: Two, of unit length and at right angles.
        path: (epochs, 2): the weights after each epoch, in the plane; the last is (0, 0).
        explained: Shares of the movement's variance along the two.
    """

    directions: tuple[Weights, Weights]
    path: np.ndarray
    explained: tuple[float, float]


def random_direction(weights: Weights, paths: Sequence[str], seed: int) -> Weights:
    """Returns a random direction with filter-wise normalisation.

    Li et al. 2018, section 4: each filter of Gaussian noise is scaled to the length of the same
    filter of the weights, so that surfaces of differently scaled weights can be compared. Biases
    and the parameters and statistics of batch normalisation stay.

    Args:
        weights: The centre of the surface.
        paths: Paths of the kernels, (…, filters).
        seed: Seed of the noise.
    """
    noise = np.random.default_rng(seed)
    direction = {}
    for path in paths:
        kernel = weights[path]
        axes = tuple(range(kernel.ndim - 1))
        step = noise.standard_normal(kernel.shape)
        step *= _length(kernel, axes) / np.maximum(_length(step, axes), 1e-12)
        direction[path] = step.astype(np.float32)
    return direction


def between(start: Weights, end: Weights) -> Weights:
    """Returns the direction from one checkpoint to another, running statistics included.

    Raises:
        RequestError: They belong to different models.
    """
    if {path: value.shape for path, value in start.items()} != {
        path: value.shape for path, value in end.items()
    }:
        differing = sorted(set(start) ^ set(end)) or sorted(
            path for path in start if start[path].shape != end[path].shape
        )
        raise RequestError(
            f"the two checkpoints are not of one model: they differ in {differing[0]!r}; "
            "take two trainings of the same model and classes"
        )
    return {path: end[path] - start[path] for path in start}


def principal_directions(trajectory: Sequence[Weights], paths: Sequence[str]) -> Principal:
    """Returns the first two principal components of a training's path.

    Li et al. 2018, section 7: the components of the differences between the weights after each
    epoch and those at the end.

    Args:
        trajectory: Weights after each epoch.
        paths: Paths of the kernels.

    Raises:
        RequestError: It has under three epochs; a plane needs two differences.
    """
    from sklearn.decomposition import PCA

    if len(trajectory) < 3:
        raise RequestError(
            f"a plane of the training needs the weights of 3 epochs, not of {len(trajectory)}"
        )
    last = trajectory[-1]
    ways = np.stack(
        [np.concatenate([(at[path] - last[path]).ravel() for path in paths]) for at in trajectory]
    )
    analysis = PCA(n_components=2, svd_solver="full").fit(ways[:-1])
    ends = np.cumsum([last[path].size for path in paths])[:-1]
    first, second = (
        {
            path: part.reshape(last[path].shape).astype(np.float32)
            for path, part in zip(paths, np.split(component, ends), strict=True)
        }
        for component in analysis.components_
    )
    explained = tuple(float(share) for share in analysis.explained_variance_ratio_)
    return Principal((first, second), ways @ analysis.components_.T, explained)  # type: ignore[arg-type]


def _length(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.sqrt(np.square(values, dtype=np.float64).sum(axis=axes, keepdims=True))
