"""Measures trained twins: how good they are, their gradients, and the loss around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.analysis.compare.comparison import Outcome
from zoo.analysis.compare.twins import Twin
from zoo.analysis.fresh import initial_weights
from zoo.analysis.gradients.measured import GradientProbe
from zoo.analysis.landscape.curvature import negative_curvature
from zoo.analysis.landscape.measured import Surface, random_surface
from zoo.checkpoints.card import Card
from zoo.checkpoints.load import Checkpoint
from zoo.data.dataset import Dataset, Split, balanced_sample
from zoo.data.inference import run

_LINES, _POINTS, _EXAMPLES = 8, 100, 512  # The first two for gradients, the last for the surface.


@dataclass(frozen=True)
class Training:
    """A twin trained from one seed, and measured.

    Attributes:
        checkpoint: The trained model.
        history: A row for each epoch, see `zoo.training.fit.fit`.
        figures: How good it is on training examples and on new ones, by name.
        surface: The loss around its weights; None: not asked for.
    """

    checkpoint: Checkpoint
    history: Sequence[Mapping[str, float]]
    figures: Mapping[str, float]
    surface: Surface | None


def measure(
    checkpoint: Checkpoint,
    history: Sequence[Mapping[str, float]],
    dataset: Dataset,
    folder: Path,
    *,
    seed: int,
    points: int,
    curvature: int,
) -> Training:
    """Measures a training.

    Args:
        checkpoint: The trained model.
        history: A row for each epoch.
        dataset: What it learnt.
        folder: For the loss around it.
        seed: Seed of the training, and of the directions of the surface.
        points: Places along each direction of the surface; 0: none.
        curvature: Places along each direction where the lowest eigenvalue is computed; 0: none.
    """
    surface = None
    if points or curvature:
        surface = random_surface(
            checkpoint, balanced_sample(dataset.train, _EXAMPLES), folder, seed=seed,
            points=max(points, 2), curvature=curvature, statistics="batch",
        )  # fmt: skip
    figures = {**_quality(checkpoint, dataset), **_bending(surface)}
    return Training(checkpoint, history, figures, surface)


def outcome(
    twin: Twin, card: Card, dataset: Dataset, trainings: Sequence[Training], *, pictured: bool
) -> Outcome:
    """Puts together the results of a twin.

    Args:
        twin: The twin.
        card: Card of its model.
        dataset: What it learnt.
        trainings: From seed 0 up.
        pictured: Whether the surface of seed 0 is shown.
    """
    probe = GradientProbe(card, dataset, lines=_LINES, points=_POINTS)
    fresh = (initial_weights(card, seed) for seed in range(len(trainings)))
    weights = [training.checkpoint.model.get_weights() for training in trainings]
    names = trainings[0].figures
    return Outcome(
        twin,
        {name: [training.figures[name] for training in trainings] for name in names},
        [training.history for training in trainings],
        probe.network(twin.line, "initial", fresh),
        probe.network(twin.line, "trained", weights),
        trainings[0].surface if pictured else None,
    )


def _quality(checkpoint: Checkpoint, dataset: Dataset) -> dict[str, float]:
    def measured(split: Split) -> dict[str, float]:
        return dataset.task.measured(run(checkpoint.model, split.x, batch_size=256), split.y)

    watched, training = dataset.task.watched, measured(dataset.train)
    return {
        f"test {watched}": measured(dataset.test)[watched],
        **{f"training {name}": value for name, value in training.items()},
    }


def _bending(surface: Surface | None) -> dict[str, float]:
    """Returns how strongly the loss bends downwards, where that was asked for."""
    if surface is None or surface.lowest is None:
        return {}
    # A logarithm, since twins differ by factors. Curvature below a millionth counts as none.
    return {"log10 negative curvature": float(np.log10(negative_curvature(surface.lowest) + 1e-6))}
