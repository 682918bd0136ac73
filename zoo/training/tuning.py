"""A fine-tuning on data that is already read: the head, then the network, then the checkpoint."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import keras

from zoo.checkpoints.card import WEIGHTS, Card, read_card
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.checkpoints.pushed import HUB
from zoo.checkpoints.store import build_from_card, load_weights
from zoo.data.dataset import Dataset
from zoo.data.reading import Progress
from zoo.forms import Form
from zoo.models.names import LOGITS
from zoo.training.distribution.distribution import ALONE, Distribution
from zoo.training.extending import earlier
from zoo.training.finish import finish
from zoo.training.fit import check_steps
from zoo.training.folds import (
    against_folds,
    check_folds,
    everything,
    in_words,
    without_test,
)
from zoo.training.integers import keeps_head
from zoo.training.parts import Apart, Watch, take_best, train_head, train_network
from zoo.training.recipes.distillation import open_teacher, taught_by, teacher_settings
from zoo.training.recipes.picture_size import adapted_form
from zoo.training.recipes.plan import Plan
from zoo.training.recipes.precision import network_for
from zoo.training.recipes.stages import check_freeze, freeze_stages, stages
from zoo.training.runs.run import open_run
from zoo.training.runs.run_folder import TAUGHT


def finetune_checkpoint(
    checkpoint: str,
    dataset: Dataset,
    plan: Plan,
    output: Path,
    *,
    form: Form,
    weights: str = "float32",
    licence: str | None = None,
    author: str = "",
    command: str = "",
    watch: Watch = lambda stage, recipe: (),
    progress: Progress | None = None,
    distribution: Distribution = ALONE,
    folds: int = 0,
) -> Card:
    """Fine-tunes a checkpoint on a data set that is already read, as `finetune` does.

    If batch normalisation is trained, it first gets the statistics of the new data. Then a new head
    is trained on the features of the backbone, which are computed once. Then all layers that
    `plan.freeze` does not keep are trained with it. Each stage ends with its best epoch on the
    validation split. The result is the better of the two, or the mean of their weights if that is
    better still; the card's `training.taken` says which: "head", "network" or "mean".

    The same call on an unfinished folder continues after its last saved epoch. On a finished one it
    does nothing.

    Args:
        checkpoint: Name or folder of the checkpoint to start from.
        dataset: Classes to learn, in the form `form`.
        plan: How to train.
        output: The folder.
        form: How the examples of the data set were prepared.
        weights: Type of the stored weights, "float32" or "float16".
        licence: Licence of the new checkpoint; None: that of the one it starts from.
        author: Who made it.
        command: The command that the user typed, for the card.
        watch: Returns the Keras callbacks of a stage.
        progress: Called with the numbers of examples that have features and of all examples.
        distribution: The other workers, see `train`. Only the chief trains the head.
        folds: Number of folds of a cross-validation, whose figures the card then has. The model
            learns the test split too. 0: the test split is measured.

    Returns:
        The card of the checkpoint.

    Raises:
        RequestError: `output` holds something else; a wrong name or value; a loss of NaN.
        StoppedError: It was stopped before its end; the same call continues.
    """
    check_folds(folds, against_folds(plan.whole))
    folder = find_checkpoint(checkpoint)
    origin = read_card(folder)
    name = checkpoint if checkpoint.startswith(HUB) else folder.resolve().name
    tuning = open_run(
        output,
        dataset,
        plan,
        model=origin.model,
        config=origin.config,
        weights=weights,
        command=command,
        distribution=distribution,
        start={
            "checkpoint": name,
            "checkpoint_sha256": origin.files[WEIGHTS].sha256,
            **({"folds": folds} if folds else {}),
            **teacher_settings(plan.whole.teacher),
        },
    )
    if (done := tuning.finished()) is not None:
        return done
    card = Card(
        model=origin.model,
        labels=dataset.labels,
        input=adapted_form(form, origin, dataset),
        config=origin.config,
        training=tuning.provenance,
        licence=origin.licence if licence is None else licence,
        author=author,
        source=f"fine-tuned from {name} with zoo finetune{taught_by(plan.whole.teacher)}",
        origin=origin.origin,
        task=dataset.task.name,
    )
    if folds:
        dataset = without_test(dataset)
        card = dataclasses.replace(card, notes=in_words(folds, len(everything(dataset))))
    if plan.freeze != "backbone":
        check_steps(plan.whole, len(dataset.train))
    heads: Apart = (None, None)
    taught = output / TAUGHT if distribution.chief else None
    teacher = open_teacher(plan.whole.teacher, dataset, progress, taught)
    keras.utils.set_random_seed(plan.head.seed)
    with distribution.scope():
        network = network_for(card, plan.whole)
    kept = keeps_head(plan.whole.quantize, origin, dataset)
    load_weights(network, folder, origin, skip=None if kept else LOGITS, adapt_stem=True)
    groups = stages(network)
    check_freeze(plan.freeze, groups)
    freeze_stages(network, plan, groups)
    key = hashlib.sha256(json.dumps(tuning.settings, sort_keys=True).encode()).hexdigest()

    def head() -> str:
        nonlocal heads
        if kept:
            return "[]"
        rows, heads = train_head(
            network, dataset, plan, output, key, watch, progress, folds, teacher
        )
        return json.dumps(rows)

    with tuning.writing():
        if (old := earlier(output)) is not None:
            card = old.described(card, plan.whole)
            old.load(network)
            history = old.history
        else:
            history = json.loads(distribution.on_chief(head))
        distribution.take_weights(network)
        if plan.freeze != "backbone":
            start = network.get_weights()
            part = plan
            if old is not None:
                part = dataclasses.replace(plan, whole=old.recipe(plan.whole))
            rows, ranges = train_network(
                network, dataset, part, groups, output, watch, distribution,
                before=old.epochs if old else 0, teacher=teacher,
                ranges=old.ranges if old else None,
            )  # fmt: skip
            ends = [(start, history), (network.get_weights(), rows)]
            taken = "network"  # Only that is used to integers.
            if ranges and old is not None and old.stays(plan.whole, rows, dataset):
                network.set_weights(start)
                ranges = old.ranges or {}
            elif not ranges:
                taken = distribution.on_chief(lambda: take_best(network, dataset, plan, ends))
            network.trainable = True
            distribution.take_weights(network)
            if old is not None and taken == "head":
                taken = old.taken  # What was there before did best.
            assert card.training is not None
            provenance = dataclasses.replace(card.training, taken=taken)
            card = dataclasses.replace(card, training=provenance, ranges=ranges)
            shift = len(history) - (old.epochs if old else 0)
            history += [{**row, "epoch": shift + row["epoch"]} for row in rows]
        final = build_from_card(card)
        final.set_weights(network.get_weights())
        done = distribution.card_of_chief(
            lambda: finish(final, card, dataset, history, output, weights, *heads)
        )
    assert done is not None
    return done
