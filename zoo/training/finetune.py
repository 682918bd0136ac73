"""Fine-tuning: from a checkpoint and a data set of other classes to a checkpoint of those."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import safetensors

from zoo.checkpoints.adapt import adapt_statistics
from zoo.checkpoints.card import Card, Input, read_card
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.checkpoints.store import WEIGHTS, build_from_card, load_weights
from zoo.data.dataset import Dataset
from zoo.data.reading import Progress
from zoo.errors import RequestError
from zoo.registry import unknown
from zoo.training.distribution.distribution import ALONE, Distribution
from zoo.training.features import (
    adapt_normalisation,
    backbone_of,
    cached_features,
    fold,
    standardised,
)
from zoo.training.fit import fit
from zoo.training.inference import run
from zoo.training.plan import Plan
from zoo.training.recipe import Recipe
from zoo.training.run_folder import STATE, begun, finish, finished, in_precision, versions
from zoo.training.state import Row

# Gives the callbacks of a stage, "head" or "network".
Watch: TypeAlias = Callable[[str, Recipe], Sequence[keras.callbacks.Callback]]


def finetune(
    checkpoint: str,
    dataset: Dataset,
    plan: Plan,
    output: Path,
    *,
    form: Input,
    weights: str = "float32",
    command: str = "",
    watch: Watch = lambda stage, recipe: (),
    progress: Progress | None = None,
    distribution: Distribution = ALONE,
) -> Card:
    """Fine-tunes a checkpoint into a checkpoint folder, as `train` writes it.

    Where batch normalisation is to be trained, its statistics first become those of the new data.
    Then a new head is trained on the features of the backbone, which are computed once. Then the
    layers that `plan.freeze` leaves are trained with it. Of each stage the epoch that does best on
    the validation split is taken; of these two, and the mean of their weights, again the best. The
    card's `training.taken` tells which: "head", "network" or "mean".

    The same call on an unfinished folder goes on after its last saved epoch; on a finished one it
    does nothing.

    Args:
        checkpoint: Name or folder of the checkpoint to start from.
        dataset: Classes to learn, in the form `form`.
        plan: How.
        output: The folder.
        form: How the pictures of the data set were prepared, see `sized_form`.
        weights: Type of the stored weights, "float32" or "float16".
        command: What the user typed, for the record.
        watch: Gives callbacks that are told of the progress of a stage.
        progress: Told how many of how many features are computed.
        distribution: Who else trains, see `train`. The head is the chief's work alone.

    Returns:
        The card of the checkpoint.

    Raises:
        RequestError: `output` holds something else; a wrong name or value; a loss gone NaN.
        StoppedError: It was stopped before its end; the same call goes on.
    """
    folder = find_checkpoint(checkpoint)
    origin = read_card(folder)
    settings: dict[str, Any] = {
        "checkpoint": folder.resolve().name,
        "checkpoint_sha256": origin.files[WEIGHTS].sha256,
        "model": origin.model,
        "config": dict(origin.config),
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint()},
        "shape": list(dataset.example_shape),
        "weights": weights,
        **dataclasses.asdict(plan),
    }
    distribution.check_precision(plan.head.precision)
    distribution.check_same(settings)
    if (done := distribution.card_of_chief(lambda: finished(output, settings))) is not None:
        return done
    channels = dataset.example_shape[-1] or 0
    card = Card(
        model=origin.model,
        labels=dataset.labels,
        input=dataclasses.replace(
            form,
            shape=dataset.example_shape,
            mean=adapt_statistics(origin.input.mean, channels),
            std=adapt_statistics(origin.input.std, channels),
        ),
        config=origin.config,
        training={"command": command, **settings, "versions": versions()},
        licence=origin.licence,
        source=f"fine-tuned from {folder.resolve().name} with zoo finetune",
        origin=origin.origin,
    )
    keras.utils.set_random_seed(plan.head.seed)
    with distribution.scope():
        network = in_precision(card, plan.head.precision)
    load_weights(network, folder, origin, skip="logits", adapt_stem=True)
    groups = stages(network)
    check_freeze(plan.freeze, groups)
    _freeze(network, plan, groups)
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    def train_head() -> str:
        rows = _train_head(network, dataset, plan, output, key, watch, progress)
        return json.dumps(rows)

    with begun(output, card.training, settings, distribution):
        history = json.loads(distribution.on_chief(train_head))
        distribution.take_weights(network)
        if plan.freeze != "backbone":
            start = network.get_weights()
            rows = _train_network(network, dataset, plan, groups, output, watch, distribution)
            ends = [(start, history), (network.get_weights(), rows)]
            taken = distribution.on_chief(lambda: _take_best(network, dataset, plan, ends))
            network.trainable = True
            distribution.take_weights(network)
            card = dataclasses.replace(card, training={**card.training, "taken": taken})
            shift = len(history)
            history += [{**row, "epoch": shift + row["epoch"]} for row in rows]
        final = build_from_card(card)
        final.set_weights(network.get_weights())
        done = distribution.card_of_chief(
            lambda: finish(final, card, dataset, history, output, weights)
        )
    assert done is not None
    return done


def sized_form(form: Input, size: int | None) -> Input:
    """Returns the preparation of pictures for another size, cropped by the same share."""
    if size is None:
        return form
    height, _, channels = form.shape
    resize = None if form.resize is None else round(form.resize * size / (height or size))
    return dataclasses.replace(form, shape=(size, size, channels), resize=resize)


def check_freeze(freeze: str, groups: Sequence[str]) -> None:
    """Refuses to freeze what a network does not have.

    Args:
        freeze: See `Plan`.
        groups: Of `stages`.

    Raises:
        RequestError: It has no such stage; the message names those that it has.
    """
    known = ["none", "backbone", *(group for group in groups if group != "logits")]
    if freeze not in known:
        raise RequestError(unknown("stage to freeze:", freeze, known))


def stages_of_checkpoint(folder: Path) -> list[str]:
    """Returns what `stages` does, sorted, by the names of the weights alone: in no time."""
    with safetensors.safe_open(folder / WEIGHTS, framework="numpy") as file:
        return sorted({stage_of(name) for name in file.keys()})  # noqa: SIM118


def stages(network: keras.Model) -> list[str]:
    """Returns the parts of a network from its input on: "stem", "stage1", …, "logits"."""
    names = [stage_of(layer.name) for layer in network.layers if layer.trainable_weights]
    return list(dict.fromkeys(names))


def stage_of(name: str) -> str:
    """Returns the part of a network that a layer or a variable's path belongs to."""
    return name.split("/")[0].split("_")[0]


def _freeze(network: keras.Model, plan: Plan, groups: Sequence[str]) -> None:
    frozen = groups[: groups.index(plan.freeze) + 1] if plan.freeze in groups else []
    for layer in network.layers:
        # A batch normalisation that is not trainable takes no statistics. (`training=False` in the
        # call of a nested model would not do: `fit` overrides it.)
        kept = plan.frozen_statistics and isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = stage_of(layer.name) not in frozen and not kept


def _train_head(
    network: keras.Model,
    dataset: Dataset,
    plan: Plan,
    output: Path,
    key: str,
    watch: Watch,
    progress: Progress | None,
) -> list[Row]:
    backbone = backbone_of(network)
    adapted = plan.freeze != "backbone" and not plan.frozen_statistics
    path = output / "features.safetensors"
    features, mean, std = standardised(
        cached_features(
            backbone, dataset, path, key, progress, adapt=plan.head.seed if adapted else None
        )
    )
    inputs = keras.Input(features.example_shape, name="features")
    layer = keras.layers.Dense(len(dataset.labels), dtype="float32", name="logits")
    head = keras.Model(inputs, layer(inputs), name="head")
    state = output / "head.state.safetensors"
    history = fit(head, features, plan.head, state, watch("head", plan.head))
    fold(network.get_layer("logits"), layer, mean, std)
    return [{"stage": 1, **row} for row in history]


def _train_network(
    network: keras.Model,
    dataset: Dataset,
    plan: Plan,
    groups: Sequence[str],
    output: Path,
    watch: Watch,
    distribution: Distribution,
) -> list[Row]:
    shares = {name: plan.decay**above for above, name in enumerate(reversed(groups))}
    history = fit(
        network,
        dataset,
        plan.whole,
        output / STATE,
        watch("network", plan.whole),
        rates=lambda path: shares[stage_of(path)],
        distribution=distribution,
    )
    return [{"stage": 2, **row} for row in history]


def _take_best(
    network: keras.Model,
    dataset: Dataset,
    plan: Plan,
    ends: Sequence[tuple[list[np.ndarray], Sequence[Row]]],
) -> str:
    """Gives a network the weights of the first stage, the second, or their mean, and says which.

    Halfway between a pretrained network and what fine-tuning made of it often lies a better one:
    Wortsman et al. 2022, "Robust Fine-Tuning of Zero-Shot Models".
    """
    (start, before), (tuned, after) = ends
    network.set_weights([(one + other) / 2 for one, other in zip(start, tuned, strict=True)])
    if not plan.frozen_statistics:  # Those of the mean are not the mean of those.
        adapt_normalisation(backbone_of(network), dataset.train.x, plan.whole.seed)
    task, validation = dataset.task, dataset.validation
    outputs = run(network, validation.x)
    figures = task.measured(outputs, validation.y, plan.whole.label_smoothing)
    ranks = {
        "head": max(map(task.rank, before)),
        "network": max(map(task.rank, after)),
        "mean": task.rank({f"val_{name}": value for name, value in figures.items()}),
    }
    taken = max(ranks, key=lambda name: ranks[name])
    if taken != "mean":
        network.set_weights(start if taken == "head" else tuned)
    return taken
