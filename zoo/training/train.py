"""Training from scratch: from a model's name and a data set to a checkpoint folder."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import keras

from zoo import forms
from zoo.checkpoints.card import DECIDED, Card
from zoo.checkpoints.store import build_from_card
from zoo.data.dataset import Dataset, form_of
from zoo.data.reading import Progress, Reading
from zoo.data.sources import check_size, load_dataset
from zoo.errors import RequestError, ShapeError
from zoo.models import MODELS, build
from zoo.models.sizes import without_values
from zoo.tasks import find_task
from zoo.training.budget import within
from zoo.training.distribution.cluster import Cluster, Kind, open_distribution
from zoo.training.distribution.distribution import ALONE, Distribution
from zoo.training.extending import Earlier, earlier, without_units
from zoo.training.finish import finish
from zoo.training.fit import check_recipe, fit
from zoo.training.rates import check_finding, found
from zoo.training.recipes.distillation import Teacher, open_teacher, taught_by, teacher_settings
from zoo.training.recipes.options import Options, given
from zoo.training.recipes.precision import network_for, resolve_precision
from zoo.training.recipes.recipe import Recipe
from zoo.training.runs.device import device_in_words
from zoo.training.runs.progress import opened, watchers
from zoo.training.runs.run import check_asked, check_weights, open_run
from zoo.training.runs.run_folder import LOGS, STATE, TAUGHT, Row
from zoo.training.runs.telling import Steps, Tell, silent, stepless
from zoo.training.runs.trajectory import KeepTrajectory
from zoo.training.trained import Trained


def train(
    model: str = "resnet18",
    data: str = "digits",
    *,
    output: str | os.PathLike[str] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    loss: str | None = None,
    patience: int | None = None,
    image_size: int | None = None,
    augment: str = "none",
    class_weights: str | None = None,
    precision: str = "float32",
    tensorboard: bool = False,
    trajectory: bool = False,
    weights: str = "float32",
    licence: str = "unknown",
    author: str = "",
    seed: int = 0,
    config: Mapping[str, Any] | None = None,
    label_column: str | None = None,
    columns: Sequence[str] | None = None,
    header: bool | None = None,
    rate: float | None = None,
    seconds: float | None = None,
    window: float | None = None,
    hop: float | None = None,
    time_column: str | None = None,
    recording_column: str | None = None,
    group: str | None = None,
    path_column: str | None = None,
    folder: str | None = None,
    exclude: str | None = None,
    data_dir: str | None = None,
    task: str = "classification",
    distribution: Kind = "none",
    cluster: Cluster = "tf_config",
    worker_timeout: float = 600.0,
    tpu: str = "",
    command: str = "",
    progress: Tell = silent,
    steps: Steps = stepless,
    **options: Unpack[Options],
) -> Trained:
    """Trains a model from scratch into a checkpoint folder, as `zoo train` does.

    The same call on an unfinished folder continues after its last saved epoch. On a finished one it
    does nothing; with more epochs and all else equal, it extends it (`zoo.training.extending`).
    Wrong arguments are refused before the data are read, if possible.

    Args:
        model: A name of `zoo.list_models()`.
        data: What to learn: "digits", a folder of photos, of sounds or of recordings, "tfds:NAME",
            a `.csv` of paths of pictures or sounds and their labels, another `.csv` or an `.npz`
            file, or a folder of `train.csv` and `test.csv`.
        output: The folder; None: runs/MODEL-DATA.
        epochs: Passes over the training split. None, here and in the next three: the model's own.
        batch_size: Examples in a step, of all devices together.
        learning_rate: The highest. The model's own is for AdamW, other optimizers have their share.
        loss: "huber" for values with outliers: errors of more than a usual deviation count
            linearly, not squared. None: the task's own.
        patience: The training ends after this many epochs without a better one in validation, and
            takes the best. If the model's recipe has none, it trains all and takes the last.
        image_size: Height and width in pixels; None: the data's own, from 32 to 224.
        augment: How training pictures are changed: "none", "shift", "light", "strong" or "trivial".
        class_weights: "balanced": rare classes count as much as others.
        precision: "float32", "bfloat16", "float16", or "auto": the fastest here.
        tensorboard: Whether to write logs for TensorBoard into the folder.
        trajectory: Whether to keep the weights of every epoch, for `zoo landscape`.
        weights: Type of the stored weights, "float32" or "float16"; accuracy is measured with them.
        licence: Licence of the checkpoint, an SPDX name.
        author: Who made the checkpoint, for its card and the files that are exported from it.
        seed: Decides initial weights, order of examples, and dropout.
        config: Arguments of the model's builder, beside those that its row in `zoo.models` gives.
        columns: Tables: for some columns, NAME:number or NAME:category, whatever they look like.
        label_column: Tables and lists: the column to learn, by name or number (0 first, -1 last).
        header: Tables: whether the first line holds names; None: decided by how it looks.
        rate: Sounds and recordings: samples in a second. See `zoo.data.reading.Reading`, also for
            the next six.
        seconds: Sounds: length to which they are cut or filled up with silence.
        window: Recordings: seconds of a window.
        hop: Recordings: seconds from a window to the next.
        time_column: Recordings: the clock, as "NAME" or "NAME:UNIT".
        recording_column: One table of many recordings: the column that tells them apart.
        group: Recordings, sounds and lists of pictures: what may not be in two splits, such as a
            person.
        path_column: Lists of pictures or sounds: the column of paths; None: it is searched.
        folder: Lists of pictures or sounds: where their paths begin; None: beside the list.
        exclude: A list of files to leave out, see `zoo.data.excluding`.
        data_dir: "tfds:": where prepared data sets are.
        task: What is learnt, such as "classification" or "regression".
        distribution: The devices to train on: "none", "mirrored", "multiworker" or "tpu".
        cluster: For "multiworker": where the workers' addresses come from, "tf_config" or "slurm".
        worker_timeout: For "multiworker": seconds to wait for the others at the start.
        tpu: For "tpu": its name or address; empty: that of this machine.
        command: The command that the user typed, for the card.
        progress: Called with each line of progress, such as that of an epoch; try `print`.
        steps: Called with a title, the finished steps and all steps, for a bar.
        **options: See `zoo.training.recipes.options.Options`.

    Returns:
        The checkpoint's folder and card, with its figures on the test split.

    Raises:
        RequestError: A wrong name or value, unreadable data, an `output` that holds something else
            or is being written, a loss of NaN.
        StoppedError: It was stopped before its end; the same call continues.
    """
    started = time.monotonic()
    row = MODELS.get(model)
    config = {**row.training_config, **(config or {})}
    check_weights(weights)
    devices = open_distribution(
        distribution, cluster=cluster, tpu=tpu, timeout=worker_timeout, tell=progress
    )
    check_size(image_size, row.input)
    check_config(model, config, image_size)
    check_asked(output, tensorboard=tensorboard)
    devices.check_alone({name: options.get(name) for name in ("minutes", "find_learning_rate")})
    check_finding(options.get("find_learning_rate"), learning_rate)
    asked = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "patience": patience,
    }
    learns = find_task(task)
    recipe = Recipe(
        **{
            "label_smoothing": learns.smoothing,
            **row.recipe,
            **{name: value for name, value in asked.items() if value is not None},
            "loss": loss,
            "augment": augment,
            "class_weights": class_weights,
            "precision": resolve_precision(precision, devices, progress),
            "seed": seed,
            **given(options),
        }
    )
    recipe = recipe.at_usual_rate if learning_rate is None else recipe
    # Networks for sequences learn sounds too; the data decides later.
    check_recipe(recipe, forms.Sound if row.input is forms.Sequence else row.input, learns)
    reading = Reading(
        task=learns,
        label_column=label_column,
        kinds=tuple(columns or ()),
        header=header,
        rate=rate,
        seconds=seconds,
        window=window,
        hop=hop,
        time_column=time_column,
        recording_column=recording_column,
        group=group,
        path_column=path_column,
        folder=folder,
        exclude=exclude,
        data_dir=data_dir,
        progress=lambda done, total: steps("reading", done, total),
    )
    dataset = load_dataset(data, row.input, image_size=image_size, reading=reading)
    opened(model, dataset, progress)
    check_recipe(recipe, row.input if dataset.form is None else type(dataset.form), learns)
    if isinstance(dataset.form, forms.Sound | forms.Recording):
        config = {**row.of_windows, **config}
    run = Path(output or f"runs/{model}-{dataset.name}")
    described = partial(new_card, model, dataset, config)
    recipe = found(recipe, run, dataset, described, progress)
    recipe = within(recipe, run, dataset, described, epochs, started, progress)
    callbacks = []
    if devices.chief:
        logs = run / LOGS if tensorboard else None
        device = device_in_words(several=distribution != "none")
        callbacks = watchers(recipe.epochs, progress, steps, logs, device=device)
        callbacks += [KeepTrajectory(run)] if trajectory else []
    card = train_model(
        model,
        dataset,
        recipe,
        run,
        config=config,
        weights=weights,
        licence=licence,
        author=author,
        command=command,
        callbacks=callbacks,
        progress=lambda done, total: steps("teacher", done, total),
        distribution=devices,
    )
    return Trained(run, card, dataset.broken)


def train_model(
    model: str,
    dataset: Dataset,
    recipe: Recipe,
    output: Path,
    *,
    config: Mapping[str, Any] | None = None,
    weights: str = "float32",
    licence: str = "unknown",
    author: str = "",
    command: str = "",
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: Progress | None = None,
    distribution: Distribution = ALONE,
) -> Card:
    """Trains a model on a data set that is already read, as `train` does.

    The folder also gets the files that `zoo.training.runs.run_folder` names.

    Args:
        model: A name of `zoo.list_models()`.
        dataset: What to learn.
        recipe: How to train.
        output: The folder.
        config: Arguments of the model's builder.
        weights: Type of the stored weights, "float32" or "float16".
        licence: Licence of the checkpoint, an SPDX name.
        author: Who made the checkpoint.
        command: The command that the user typed, for the card.
        callbacks: Keras callbacks, for progress.
        progress: Called with the numbers of examples that a teacher has seen and of all.
        distribution: The other workers, which call this alike. Only the chief writes.

    Returns:
        The card of the checkpoint.

    Raises:
        RequestError: `output` holds something else; a wrong name or value; a loss of NaN.
        StoppedError: It was stopped before its end; the same call continues.
    """
    training = open_run(
        output,
        dataset,
        recipe,
        model=model,
        config=config or {},
        weights=weights,
        command=command,
        distribution=distribution,
        start=teacher_settings(recipe.teacher),
    )
    if (done := training.finished()) is not None:
        return done
    kind = MODELS.get(model).input if dataset.form is None else type(dataset.form)
    check_recipe(recipe, kind, dataset.task, len(dataset.train))
    card = dataclasses.replace(
        new_card(model, dataset, config or {}),
        training=training.provenance,
        licence=licence,
        author=author,
        source=f"trained from scratch with zoo train{taught_by(recipe.teacher)}",
    )
    taught = output / TAUGHT if distribution.chief else None
    teacher = open_teacher(recipe.teacher, dataset, progress, taught)
    keras.utils.set_random_seed(recipe.seed)
    final = build_from_card(card)  # Refuses a wrong card before anything is written.
    network = final
    plain = recipe.precision == "float32" and recipe.stochastic_depth is None
    if distribution.strategy is not None or not plain:
        with distribution.scope():
            network = network_for(card, recipe)
        for variable, initial in zip(network.weights, final.weights, strict=True):
            variable.assign(initial)
    with training.writing():
        if (old := earlier(output)) is None:
            history = fit(
                network, dataset, recipe, output / STATE, callbacks,
                distribution=distribution, teacher=teacher,
            )  # fmt: skip
        else:
            card = old.described(card, recipe)
            history = _extend(network, dataset, recipe, output, callbacks, old, teacher)
        final.set_weights(network.get_weights())
        done = distribution.card_of_chief(
            lambda: finish(final, card, dataset, history, output, weights)
        )
    assert done is not None
    return done


def _extend(
    network: keras.Model,
    dataset: Dataset,
    recipe: Recipe,
    output: Path,
    callbacks: Sequence[keras.callbacks.Callback],
    old: Earlier,
    teacher: Teacher | None,
) -> list[Row]:
    """Gives a finished run more epochs. With patience, the best of all epochs is taken."""
    old.load(network)
    held = network.get_weights()
    without_units(network, dataset, recipe)
    more = fit(
        network, dataset, old.recipe(recipe), output / STATE, callbacks,
        before=old.epochs, teacher=teacher,
    )  # fmt: skip
    if old.stays(recipe, more, dataset):
        network.set_weights(held)
    return [*old.history, *more]


def check_config(model: str, config: Mapping[str, Any], image_size: int | None = None) -> None:
    """Refuses a configuration that a model cannot be built with, before the data are read.

    Args:
        model: A name of `zoo.list_models()`.
        config: Arguments of the model's builder.
        image_size: Height and width of pictures; None: the data decides later.

    Raises:
        RequestError: An argument or its value is wrong, or the data decides about it.
    """
    _check_decided(config)
    if not config:
        return
    row = MODELS.get(model)
    size = image_size if row.input is forms.Picture else None
    shape = row.input_shape if size is None else (size, size, *row.input_shape[2:])
    try:
        without_values(lambda: build(model, **config, input_shape=shape))
    except ShapeError:
        if size is not None:
            raise


def new_card(model: str, dataset: Dataset, config: Mapping[str, Any]) -> Card:
    """Returns the card with which the training of a model on a data set begins.

    Args:
        model: A name of `zoo.list_models()`.
        dataset: Its shape, classes and statistics decide the rest.
        config: Arguments of the model's builder.

    Raises:
        RequestError: `config` sets something that the data decides.
    """
    _check_decided(config)
    return Card(
        model=model,
        labels=dataset.labels,
        input=form_of(dataset),
        config=dict(config),
        task=dataset.task.name,
    )


def _check_decided(config: Mapping[str, Any]) -> None:
    for key in DECIDED:
        if key in config:
            raise RequestError(f"config cannot set {key!r}: it follows from the data")
