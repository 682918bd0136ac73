"""Fits a model. An interrupted fit continues where it stopped."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from zoo.data.batches import (
    evaluation_batches,
    reading_errors,
    steps_per_epoch,
    training_batches,
)
from zoo.data.dataset import Dataset
from zoo.errors import RequestError
from zoo.forms import Form, Picture, Recording, Sound
from zoo.models.names import LOGITS
from zoo.quantization.aware import layer_in
from zoo.tasks import Scale, Task
from zoo.training.cpu.fused import fused_layers
from zoo.training.distribution.distribution import ALONE, Distribution
from zoo.training.distribution.preemption import sigterm_noted
from zoo.training.recipes import augment_sounds
from zoo.training.recipes.augment import changes
from zoo.training.recipes.averaging import AveragedInValidation, take_averages
from zoo.training.recipes.distillation import Teacher, check_teacher
from zoo.training.recipes.members import apart
from zoo.training.recipes.recipe import Recipe, compile_model, scale_of
from zoo.training.runs.run_folder import Row
from zoo.training.runs.state import StateKeeper

if TYPE_CHECKING:
    import tensorflow as tf


def fit(
    model: keras.Model,
    dataset: Dataset,
    recipe: Recipe,
    state: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    rates: Callable[[str], float] | None = None,
    distribution: Distribution = ALONE,
    before: int = 0,
    teacher: Teacher | None = None,
) -> list[Row]:
    """Trains a model on a data set, from the last saved state if there is one.

    After a SIGTERM to the main thread, the state is saved at the end of the next batch.

    Args:
        model: Gives logits, or the one value of a regression from a layer "logits". It learns
            standardised values; at the end of the training, that layer gives them in their own
            units. The members of an ensemble learn each by itself.
        dataset: The training split is fitted, the validation split watched.
        recipe: How to train.
        state: File for the state of an unfinished training, `.safetensors`.
        callbacks: Keras callbacks, for progress.
        rates: Returns the share of the learning rate for a variable, by its path; None: all of it.
        distribution: The other workers. The model was built in its scope; `recipe.batch_size` is
            that of all together. Only the chief reads and writes `state`.
        before: Epochs that an earlier training counted; those of this one follow them.
        teacher: Of `recipe.teacher`, for the training split.

    Returns:
        A row for each epoch: epoch (from 1, after those before), loss, accuracy, val_loss,
        val_accuracy, learning_rate. A regression has r2 and mae, in the units of the truth, in
        place of accuracy.

    Raises:
        RequestError: The loss is no longer finite, the state is of another training, or the last
            batch is too small for all workers.
        StoppedError: A SIGTERM came, or another worker was lost; the same call continues.
    """
    task = dataset.task
    scale = scale_of(recipe, task, dataset.train.y)
    if scale is not None:
        dataset = _standardised(dataset, scale)
    for split in (dataset.train, dataset.validation):
        distribution.check_last_batch(len(split), recipe.batch_size)
    outputs = len(dataset.labels)
    check_steps(recipe, len(dataset.train))
    steps = steps_per_epoch(dataset.train, recipe.batch_size)
    trained = distribution.trained(apart(model))
    with distribution.scope():
        compile_model(
            trained, recipe, steps, task, unit=1.0 if scale is None else scale.std, rates=rates
        )
        trained.optimizer.build(trained.trainable_variables)
    distribution.build_metrics(trained, outputs)
    path = state if distribution.chief else None
    saved = path is not None and path.exists()
    held = distribution.from_chief(state.read_bytes() or b"empty" if saved else b"")
    averaging = [] if recipe.ema is None else [AveragedInValidation()]
    weights = balance(dataset.train.y, outputs) if recipe.class_weights else None
    beside = None
    augment = changes(recipe.augment, dataset, mixup=recipe.mixup, cutmix=recipe.cutmix)
    known = teacher is not None and (augment is None or bool(recipe.teacher_once))
    if teacher is not None and augment is not None:
        augment = teacher.apart_from(augment) if known else teacher.beside(augment)
    with (
        sigterm_noted() as asked,
        distribution.lost_workers_named(),
        fused_layers(trained),
        reading_errors(dataset.train, dataset.validation),
    ):
        stop = partial(distribution.stop_agreed, trained, asked)
        rank = partial(task.rank, examples=len(dataset.validation))
        keeper = StateKeeper(trained, path, rank, held, recipe.patience, stop)
        first, step = before + len(keeper.history), keeper.step
        end = before + recipe.epochs
        spans = [(range(first, end), 0)]
        if step:  # In one call of `fit`, all epochs have the same length.
            spans = [(range(first, first + 1), step), (range(first + 1, end), 0)]
        for epochs, skip in spans:
            if not epochs or keeper.exhausted:
                continue
            if teacher is not None and known:
                beside = teacher.known
            batches = training_batches(
                dataset.train,
                recipe.batch_size,
                outputs,
                seed=recipe.seed,
                epochs=epochs,
                skip=skip,
                share=distribution.share,
                augment=augment,
                beside=beside,
            )
            trained.fit(
                batches if weights is None else weighted(batches, weights),
                initial_epoch=epochs.start,
                epochs=epochs.stop,
                steps_per_epoch=steps - skip,
                shuffle=False,  # The batches are already shuffled.
                validation_data=evaluation_batches(
                    dataset.validation, recipe.batch_size, outputs, distribution.share
                ),
                callbacks=[_FiniteLoss(), *averaging, *callbacks, keeper],  # `keeper` may end it.
                verbose=0,
            )
    if keeper.best is not None:
        model.set_weights(keeper.best)
    elif averaging:
        take_averages(trained)
    if scale is not None:
        scale.restore_units(layer_in(model, LOGITS))
    return keeper.history


def check_recipe(recipe: Recipe, kind: type[Form], task: Task, examples: int | None = None) -> None:
    """Refuses a recipe that does not fit a model or a task.

    Args:
        recipe: How to train.
        kind: What the model takes.
        task: What it learns.
        examples: In the training split; None: they are not read yet.

    Raises:
        RequestError: It asks for class weights without classes, for a loss of values without
            values, for augmentation that the inputs do not have, for a teacher that there is not
            or that cannot teach it, or for more batches in a step than there are.
    """
    if examples is not None:
        check_steps(recipe, examples)
    check_teacher(recipe.teacher, task)
    if recipe.loss and task.learns != "values":
        raise RequestError(f"--loss={recipe.loss} is of values; say --task=regression, or no loss")
    if recipe.class_weights and task.learns != "classes":
        raise RequestError(f"--class_weights is of classes, and a {task.name} has none")
    if recipe.mixup is not None and not issubclass(kind, (Picture, Sound, Recording)):
        raise RequestError(
            "--mixup blends pictures, sounds and recordings, and this model takes none"
        )
    if recipe.cutmix is not None and not (issubclass(kind, Picture) and task.learns != "values"):
        raise RequestError("--cutmix is of pictures with classes, and these are none; leave it out")
    if recipe.augment != "none" and not issubclass(kind, (Picture, Sound)):
        raise RequestError(
            f"--augment={recipe.augment} is of pictures and sounds, and this model takes none; "
            "leave it out"
        )
    if issubclass(kind, Sound) and recipe.augment not in ("none", *augment_sounds.POLICIES):
        known = ", ".join(augment_sounds.POLICIES)
        raise RequestError(f"--augment={recipe.augment} is of pictures; sounds take {known}")


def check_steps(recipe: Recipe, examples: int) -> None:
    """Refuses a training that ends before its first step.

    Args:
        recipe: How to train.
        examples: In the training split.

    Raises:
        RequestError: A step takes more batches than all epochs have.
    """
    batches = recipe.epochs * math.ceil(examples / recipe.batch_size)
    if recipe.accumulate is not None and recipe.accumulate > batches:
        raise RequestError(
            f"--accumulate={recipe.accumulate} makes a step of so many batches, and all "
            f"{recipe.epochs} epochs have {batches}: nothing would be learnt; give fewer"
        )


def balance(y: np.ndarray, classes: int) -> np.ndarray:
    """Returns weights with which all classes count equally; their mean over the examples is 1.

    Args:
        y: (examples,) class indices.
        classes: Number of classes.

    Returns:
        (classes,) float32; 0 of a class without examples.
    """
    counts = np.bincount(y, minlength=classes)
    weights = len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.where(counts, weights, 0).astype(np.float32)


def weighted(batches: tf.data.Dataset, weights: np.ndarray) -> tf.data.Dataset:
    """Adds a third to the pairs of some batches: (batch,) the weight of each example.

    That of a blend of classes is the mean of theirs by its shares. (Keras would take that of the
    class with the largest.)

    Args:
        batches: Their targets begin with the shares of the classes, (batch, classes or more).
        weights: (classes,) float32.
    """
    import tensorflow as tf

    return batches.map(lambda x, y: (x, y, tf.linalg.matvec(y[:, : len(weights)], weights)))


def _standardised(dataset: Dataset, scale: Scale) -> Dataset:
    return dataset.map(lambda split: dataclasses.replace(split, y=scale.standardised(split.y)))


class _FiniteLoss(keras.callbacks.Callback):
    """Ends a training whose loss is no longer a number, before its state is saved."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {})["loss"]
        if not math.isfinite(loss):
            raise RequestError(
                f"the loss became {loss} in epoch {epoch + 1}; lower --learning_rate"
            )
