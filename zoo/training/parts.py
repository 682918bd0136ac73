"""The two parts of a fine-tuning, the head and the network, and which of them is taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np

from zoo.data.dataset import Dataset, joined
from zoo.data.inference import run
from zoo.data.reading import Progress
from zoo.models.names import LOGITS, part_of
from zoo.quantization import ranges_of, settle
from zoo.training.cleaning.mislabels import apart as predicted
from zoo.training.distribution.distribution import Distribution
from zoo.training.features import (
    adapt_normalisation,
    backbone_of,
    cached_features,
    fold,
    standardised,
)
from zoo.training.fit import fit
from zoo.training.folds import cross_validate
from zoo.training.integers import Ranges, in_integers, in_units, out_of_units
from zoo.training.recipes.distillation import Teacher
from zoo.training.recipes.plan import Plan
from zoo.training.recipes.recipe import Recipe
from zoo.training.runs.run_folder import FEATURES, HEAD_STATE, STATE, Row

# Returns the callbacks of a stage, "head" or "network".
Watch: TypeAlias = Callable[[str, Recipe], Sequence[keras.callbacks.Callback]]
# Predictions by linear heads that did not see the label of the example: those of
# `zoo.training.folds.cross_validate`, if there are folds; or else those of the training and
# validation examples, whose labels they judge. None: not made.
Apart: TypeAlias = tuple[np.ndarray | None, np.ndarray | None]
_MOST_JUDGED = 5_000  # Examples; of more, judging takes minutes.


def train_head(
    network: keras.Model,
    dataset: Dataset,
    plan: Plan,
    output: Path,
    key: str,
    watch: Watch,
    progress: Progress | None,
    folds: int = 0,
    teacher: Teacher | None = None,
) -> tuple[list[Row], Apart]:
    """Trains a new head on the features of the backbone, and gives the network its weights.

    Returns:
        A row for each epoch, and an `Apart`.
    """
    backbone = backbone_of(network)
    adapted = plan.freeze != "backbone" and not plan.frozen_statistics
    path = output / FEATURES
    raw = cached_features(
        backbone, dataset, path, key, progress, adapt=plan.head.seed if adapted else None
    )
    apart = (cross_validate(raw, plan, folds), None) if folds else (None, _judged(raw))
    features, mean, std = standardised(raw)
    inputs = keras.Input(features.example_shape, name="features")
    layer = keras.layers.Dense(len(dataset.labels), dtype="float32", name=LOGITS)
    head = keras.Model(inputs, layer(inputs), name="head")
    state = output / HEAD_STATE
    history = fit(head, features, plan.head, state, watch("head", plan.head), teacher=teacher)
    fold(network.get_layer(LOGITS), layer, mean, std)
    return [{"stage": 1, **row} for row in history], apart


def _judged(features: Dataset) -> np.ndarray | None:
    whole = joined([features.train, features.validation])
    if features.task.learns != "classes" or len(whole) > _MOST_JUDGED:
        return None
    return predicted(whole, len(features.labels))


def train_network(
    network: keras.Model,
    dataset: Dataset,
    plan: Plan,
    groups: Sequence[str],
    output: Path,
    watch: Watch,
    distribution: Distribution,
    before: int = 0,
    teacher: Teacher | None = None,
    ranges: Ranges | None = None,
) -> tuple[list[Row], Ranges]:
    """Trains all layers that are not frozen, the slower the farther they are from the head.

    Returns:
        A row for each epoch, and if the plan quantises, the ranges of integers that were learnt.
        They begin with `ranges`, or with what is measured.
    """
    if (scale := dataset.task.scale(dataset.train.y)) is not None:
        scale.remove_units(network.get_layer(LOGITS))  # The training restores them.
    trained = network
    if plan.whole.quantize is not None:
        begun = out_of_units(ranges, scale, dataset.train.y)
        trained = in_integers(network, dataset, begun)
    history = fit(
        trained,
        dataset,
        plan.whole,
        output / STATE,
        # Whoever watches counts the epochs before too.
        watch("network", dataclasses.replace(plan.whole, epochs=before + plan.whole.epochs)),
        rates=shares_of(plan, groups),
        distribution=distribution,
        before=before,
        teacher=teacher,
    )
    settle(trained)
    return [{"stage": 2, **row} for row in history], in_units(ranges_of(trained), scale)


def shares_of(plan: Plan, groups: Sequence[str]) -> Callable[[str], float]:
    """Returns the function that gives a variable's share of the learning rate, by its path.

    Args:
        plan: How much less it is from part to part, from the head down.
        groups: The parts, see `zoo.training.recipes.stages.stages`.
    """
    shares = {name: plan.decay**above for above, name in enumerate(reversed(groups))}
    return lambda path: shares.get(part_of(path), 1.0)


def take_best(
    network: keras.Model,
    dataset: Dataset,
    plan: Plan,
    ends: Sequence[tuple[list[np.ndarray], Sequence[Row]]],
) -> str:
    """Gives a network the weights of the first stage, the second, or their mean, and says which.

    The mean is often better than either: Wortsman et al. 2022, "Robust Fine-Tuning of Zero-Shot
    Models".
    """
    (start, before), (tuned, after) = ends
    network.set_weights([(one + other) / 2 for one, other in zip(start, tuned, strict=True)])
    if not plan.frozen_statistics:  # The mean of the weights needs statistics of its own.
        adapt_normalisation(backbone_of(network), dataset.train.x, plan.whole.seed)
    task, validation = dataset.task, dataset.validation
    outputs, y = run(network, validation.x), validation.y
    if (scale := task.scale(dataset.train.y)) is not None:  # In which the losses were measured.
        outputs, y = scale.standardised(outputs), scale.standardised(y)
    figures = task.measured(outputs, y, plan.whole.label_smoothing)
    mean = {f"val_{name}": value for name, value in figures.items()}
    ranks = {
        name: max(task.rank(row, len(validation)) for row in rows)
        for name, rows in (("head", before), ("network", after), ("mean", [mean]))
    }
    taken = max(ranks, key=lambda name: ranks[name])
    if taken != "mean":
        network.set_weights(start if taken == "head" else tuned)
    return taken
