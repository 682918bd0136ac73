"""The loss around a checkpoint: on a plane, or on the line to another one (Li et al. 2018)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.analysis.fresh import without_dropout
from zoo.analysis.landscape.curvature import extreme_eigenvalues, negative_curvature, nonconvexity
from zoo.analysis.landscape.directions import between, principal_directions, random_direction
from zoo.analysis.landscape.grid import fill
from zoo.analysis.landscape.objective import Objective, Statistics, Weights
from zoo.checkpoints.card import WEIGHTS
from zoo.checkpoints.load import Checkpoint
from zoo.data.dataset import Split
from zoo.data.reading import Progress

# The plane of a training extends beyond its path by this share of the path's extent.
_MARGIN = 0.25
# The line extends beyond both checkpoints by half of their distance (Li et al., figure 2).
_LINE = (-0.5, 1.5)


@dataclass(frozen=True)
class Surface:
    """The loss on a plane: at (0, 0) lies a checkpoint, or the end of its training.

    Attributes:
        axes: Coordinates along the two directions, (points,) each.
        loss: (points, points), the first axis is the first direction. If the network overflows, it
            is infinite or NaN.
        accuracy: (points, points), from 0 to 1; NaN for a regression.
        lowest: Lowest eigenvalue of the Hessian on a coarser grid, (places, places); None: not
            asked for.
        highest: Highest eigenvalue there; None: not asked for.
        path: (epochs, 2), the weights after each epoch of a training.
        explained: Share of the training's movement along the two directions.
    """

    axes: tuple[np.ndarray, np.ndarray]
    loss: np.ndarray
    accuracy: np.ndarray
    lowest: np.ndarray | None = None
    highest: np.ndarray | None = None
    path: np.ndarray | None = None
    explained: tuple[float, float] | None = None

    def figures(self) -> dict[str, Any]:
        """Returns summary figures, for JSON.

        `nonconvexity` and `negative_curvature` are those of `zoo.analysis.landscape.curvature`, or
        None if they were not asked for or the loss overflows everywhere. `minimum` and `maximum`
        are of the finite losses.
        """
        finite = self.loss[np.isfinite(self.loss)]
        figures: dict[str, Any] = {
            "minimum": float(finite.min()) if finite.size else None,
            "maximum": float(finite.max()) if finite.size else None,
            "overflows": int(self.loss.size - finite.size),
            "nonconvexity": None,
            "negative_curvature": None,
        }
        if self.lowest is not None and self.highest is not None:
            ratio = nonconvexity(self.lowest, self.highest)
            if np.isfinite(ratio):
                figures["nonconvexity"] = ratio
                figures["negative_curvature"] = negative_curvature(self.lowest)
        if self.explained is not None:
            figures["explained"] = list(self.explained)
        return figures


@dataclass(frozen=True)
class LossLine:
    """The loss on the line between two checkpoints, at 0 and at 1.

    Attributes:
        places: (points,).
        loss: Loss of each split, by its name, (points,).
        accuracy: Accuracy of each split, by its name, (points,).
    """

    places: np.ndarray
    loss: Mapping[str, np.ndarray]
    accuracy: Mapping[str, np.ndarray]


def random_surface(
    checkpoint: Checkpoint,
    split: Split,
    folder: Path | None,
    *,
    seed: int = 0,
    reach: float = 1.0,
    points: int = 51,
    curvature: int = 0,
    statistics: Statistics = "running",
    progress: Progress | None = None,
) -> Surface:
    """Measures the loss along two random directions with filter-wise normalisation.

    Args:
        checkpoint: The centre.
        split: Examples for the loss.
        folder: For the grids, `surface.npz` and `curvature.npz`. The same call continues after the
            last saved place. None: nothing is written.
        seed: Seed of the directions.
        reach: How far the plane extends in each direction; at 1 a filter moves by its own length.
        points: Places along each direction.
        curvature: Places along each direction at which the Hessian is measured; 0: none.
        statistics: Those that batch normalisation uses, see `zoo.analysis.landscape.objective`.
        progress: Called with the numbers of finished and of all places.

    Raises:
        RequestError: The folder holds a surface of other settings.
    """
    objective = _objective(checkpoint, split, statistics)
    weights = objective.weights
    first, second = (random_direction(weights, objective.kernels, 2 * seed + i) for i in (0, 1))
    axis = np.linspace(-reach, reach, points)
    settings = {**_settings(checkpoint, split), "plane": "random", "seed": seed}
    settings["statistics"] = statistics
    return _surface(
        objective, weights, (first, second), (axis, axis), folder, settings, curvature, progress
    )


def training_surface(
    checkpoint: Checkpoint,
    trajectory: Sequence[Weights],
    split: Split,
    folder: Path | None,
    *,
    points: int = 51,
    curvature: int = 0,
    statistics: Statistics = "running",
    progress: Progress | None = None,
) -> Surface:
    """Measures the loss on the plane in which a training moved most, with its path.

    The weights are as the training had them: after its last epoch, without temperature, and of a
    regression with standardised values. Biases and batch normalisation stay as they are at the end.

    Args:
        checkpoint: Its result.
        trajectory: Weights after each epoch, see `zoo.training.runs.trajectory`.
        split: See `random_surface`, also for all arguments below; of a regression with values as
            the training had them.
        folder: For the grids; None: nothing is written.
        points: Places along each direction.
        curvature: Places along each direction at which the Hessian is measured; 0: none.
        statistics: Those that batch normalisation uses.
        progress: Called with the numbers of finished and of all places.

    Raises:
        RequestError: The training has under three epochs, or the folder holds something else.
    """
    objective = _objective(checkpoint, split, statistics)
    principal = principal_directions(trajectory, objective.kernels)
    low, high = principal.path.min(axis=0), principal.path.max(axis=0)
    margin = _MARGIN * np.maximum(high - low, 1e-6)
    axes = tuple(
        np.linspace(*ends, points) for ends in zip(low - margin, high + margin, strict=True)
    )
    settings = {**_settings(checkpoint, split), "plane": "training", "epochs": len(trajectory)}
    settings["statistics"] = statistics
    surface = _surface(
        objective,
        {path: trajectory[-1].get(path, own) for path, own in objective.weights.items()},
        principal.directions,
        axes,
        folder,
        settings,
        curvature,
        progress,
    )
    return Surface(
        surface.axes, surface.loss, surface.accuracy, surface.lowest, surface.highest,
        principal.path, principal.explained,
    )  # fmt: skip


def line(
    start: Checkpoint,
    end: Checkpoint,
    splits: Mapping[str, Split],
    folder: Path | None,
    *,
    points: int = 51,
    progress: Progress | None = None,
) -> LossLine:
    """Measures the loss on the straight line through two checkpoints of one model.

    All weights are interpolated, the statistics of batch normalisation too.

    Args:
        start: The checkpoint at 0.
        end: The checkpoint at 1.
        splits: Examples for the loss, by name.
        folder: For the figures, `line-NAME.npz`; None: nothing is written.
        points: Number of places, from -0.5 to 1.5.
        progress: Called with the numbers of finished and of all places of a split.

    Raises:
        RequestError: The checkpoints are of different models, or the folder holds something else.
    """
    places = np.linspace(*_LINE, points)
    loss, accuracy = {}, {}
    for name, split in splits.items():
        objective = _objective(start, split)
        weights = objective.weights
        way = between(weights, Objective(end.model, split).weights)
        settings = {**_settings(start, split), "to": end.card.files[WEIGHTS].sha256}
        measured = fill(
            _inside(folder, f"line-{name}.npz"),
            settings,
            [places],
            ("loss", "accuracy"),
            objective.measure_along(weights, [way]),
            progress,
        )
        loss[name], accuracy[name] = measured["loss"], measured["accuracy"]
    return LossLine(places, loss, accuracy)


def _surface(
    objective: Objective,
    weights: Weights,
    directions: Sequence[Weights],
    axes: Sequence[np.ndarray],
    folder: Path | None,
    settings: Mapping[str, Any],
    curvature: int,
    progress: Progress | None,
) -> Surface:
    measure = objective.measure_along(weights, directions)
    measured = fill(
        _inside(folder, "surface.npz"), settings, axes, ("loss", "accuracy"), measure, progress
    )
    lowest = highest = None
    if curvature:

        def eigenvalues(place: Sequence[float]) -> tuple[float, float]:
            there = dict(weights)
            for step, direction in zip(place, directions, strict=True):
                for path, way in direction.items():
                    there[path] = there[path] + np.float32(step) * way
            return extreme_eigenvalues(objective, there, objective.kernels)

        coarse = [np.linspace(axis[0], axis[-1], curvature) for axis in axes]
        names = ("lowest", "highest")
        bends = fill(
            _inside(folder, "curvature.npz"), settings, coarse, names, eigenvalues, progress
        )
        lowest, highest = (bends[name] for name in names)
    first, second = axes
    return Surface((first, second), measured["loss"], measured["accuracy"], lowest, highest)


def _inside(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name


def _objective(
    checkpoint: Checkpoint, split: Split, statistics: Statistics = "running"
) -> Objective:
    model = without_dropout(checkpoint.card)
    model.set_weights(checkpoint.model.get_weights())
    return Objective(model, split, statistics)


def _settings(checkpoint: Checkpoint, split: Split) -> dict[str, Any]:
    examples = hashlib.sha256(np.ascontiguousarray(split.x).data)
    examples.update(np.ascontiguousarray(split.y).data)
    return {
        "checkpoint": checkpoint.card.files[WEIGHTS].sha256,
        "examples": len(split),
        "examples_sha256": examples.hexdigest(),
    }
