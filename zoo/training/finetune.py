"""Fine-tuning: makes a checkpoint for other classes from an existing one."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Unpack

import keras

from zoo.checkpoints.catalogue import checkpoint_card, find_checkpoint
from zoo.data.reading import Reading
from zoo.data.sources import check_size, load_dataset
from zoo.errors import RequestError
from zoo.forms import Form, Picture, Recording, Sound, Table
from zoo.tasks import find_task
from zoo.training.budget import tuning_within
from zoo.training.distribution.cluster import Cluster, Kind, open_distribution
from zoo.training.fit import check_recipe
from zoo.training.folds import (
    against_folds,
    check_folds,
    choose_folds,
    holds_validation,
    without_test,
)
from zoo.training.integers import check_quantize, keeps_head
from zoo.training.rates import check_finding, found_for_tuning
from zoo.training.recipes.options import Options
from zoo.training.recipes.picture_size import in_words as size_in_words
from zoo.training.recipes.picture_size import larger_form
from zoo.training.recipes.plan import choose_plan
from zoo.training.recipes.precision import resolve_precision
from zoo.training.recipes.recipe import Recipe
from zoo.training.recipes.stages import (
    check_freeze,
    check_of_network,
    of_network,
    stages_of_checkpoint,
)
from zoo.training.runs.device import device_in_words
from zoo.training.runs.progress import opened, watchers
from zoo.training.runs.run import check_asked, check_weights
from zoo.training.runs.run_folder import LOGS
from zoo.training.runs.telling import Steps, Tell, silent, stepless
from zoo.training.trained import Trained
from zoo.training.tuning import finetune_checkpoint


def finetune(
    checkpoint: str,
    data: str,
    *,
    output: str | os.PathLike[str] | None = None,
    freeze: str = "none",
    epochs: int | None = None,
    head_epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    augment: str | None = None,
    image_size: int | None = None,
    class_weights: str | None = None,
    precision: str = "float32",
    tensorboard: bool = False,
    weights: str = "float32",
    licence: str | None = None,
    author: str = "",
    seed: int = 0,
    folds: int | None = None,
    label_column: str | None = None,
    header: bool | None = None,
    time_column: str | None = None,
    recording_column: str | None = None,
    group: str | None = None,
    path_column: str | None = None,
    folder: str | None = None,
    exclude: str | None = None,
    data_dir: str | None = None,
    task: str = "classification",
    quantize: str | None = None,
    distribution: Kind = "none",
    cluster: Cluster = "tf_config",
    worker_timeout: float = 600.0,
    tpu: str = "",
    command: str = "",
    progress: Tell = silent,
    steps: Steps = stepless,
    **options: Unpack[Options],
) -> Trained:
    """Fine-tunes a checkpoint on classes of your own, as `zoo finetune` does.

    A new head is trained on the features of the pretrained backbone, which are computed once. Then
    all layers that `freeze` does not keep are trained with it. The result is what does best on the
    validation split. Wrong arguments are refused before the pictures are read, if possible.

    Args:
        checkpoint: Name or folder of the checkpoint to start from.
        data: What to learn: a folder of photos, a `.csv` of their paths and labels, "tfds:NAME", or
            another source of pictures. For a
            checkpoint of sounds or recordings, others of them; for one of a table, another table,
            whose columns are matched by name.
        output: The folder; None: runs/CHECKPOINT-DATA.
        freeze: What is not trained: "none", "backbone", or a stage such as "stage2" and all before
            it.
        epochs: Epochs of the second stage, which trains the network. None, here and in the next
            three: the size of the data decides.
        head_epochs: Epochs of the first stage, which trains the head.
        batch_size: Examples in a step.
        learning_rate: The highest of the second stage, at the head.
        augment: How training pictures or sounds are changed; None: see
            `zoo.training.recipes.plan`.
        image_size: Height and width in pixels; None: the checkpoint's, or a larger one if the
            pictures are large, see `zoo.training.recipes.picture_size`.
        class_weights: "balanced": rare classes count as much as others.
        precision: "float32", "bfloat16", "float16", or "auto": the fastest here.
        tensorboard: Whether to write logs for TensorBoard into the folder.
        weights: Type of the stored weights, "float32" or "float16".
        licence: Licence of the new checkpoint, an SPDX name; None: that of the one it starts from.
        author: Who made it, for its card and the files that are exported from it.
        seed: Decides the head's initial weights and the order of examples.
        folds: Number of folds of a cross-validation, see `zoo.training.folds`; 0: none. None: 5, if
            under 40 examples would be left for a test split.
        label_column: See `zoo.train`, also for the next eleven.
        header: Of a table.
        time_column: Of recordings.
        recording_column: Of recordings.
        group: Of recordings, sounds and lists of pictures.
        path_column: Of lists of pictures or sounds.
        folder: Of lists of pictures or sounds.
        exclude: A list of files to leave out, see `zoo.data.excluding`.
        data_dir: Of "tfds:".
        task: What is learnt, such as "classification" or "regression", whatever the checkpoint
            learnt.
        quantize: "int8": the network rounds as its int8 file will, see `zoo.quantization`. If the
            checkpoint knows the very classes of the data, the head stays.
        distribution: See `zoo.train`.
        cluster: See `zoo.train`.
        worker_timeout: See `zoo.train`.
        tpu: See `zoo.train`.
        command: The command that the user typed, for the card.
        progress: Called with each line of progress; try `print`.
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
    check_weights(weights)
    base = checkpoint_card(checkpoint)
    if not isinstance(base.input, Picture | Sound | Recording | Table):
        raise RequestError(
            "zoo finetune learns pictures, sounds, recordings and tables; "
            f"{base.model} takes a {base.input.kind}"
        )
    learns = find_task(task)
    devices = open_distribution(
        distribution, cluster=cluster, tpu=tpu, timeout=worker_timeout, tell=progress
    )
    plan_for = partial(
        choose_plan,
        task=learns,
        kind=type(base.input),
        model=base.model,
        epochs=epochs,
        head_epochs=head_epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        freeze=freeze,
        augment=augment,
        class_weights=class_weights,
        precision=resolve_precision(precision, devices, progress),
        seed=seed,
        quantize=quantize,
        **options,
    )
    # What is wrong is refused before the pictures are read.
    check_asked(output, tensorboard=tensorboard)
    finding = options.get("find_learning_rate")
    devices.check_alone({"minutes": options.get("minutes"), "find_learning_rate": finding})
    check_finding(finding, learning_rate, quantize)
    settings = {"epochs": epochs, "learning_rate": learning_rate, "augment": augment, **options}
    given = of_network(settings)
    check_of_network(freeze, given)
    if quantize is not None and options.get("minutes") is not None:
        raise RequestError("--minutes knows no pace of --quantize; give --epochs in place of it")
    check_size(image_size, type(base.input))
    members = base.config.get("members", 1)
    check_quantize(quantize, alone=distribution == "none", freeze=freeze, members=members)
    plan = plan_for(1)
    against = against_folds(plan.whole, alone=distribution == "none")
    check_folds(folds, against)
    check_recipe(plan.whole, type(base.input), learns)
    check_freeze(freeze, stages_of_checkpoint(find_checkpoint(checkpoint)))
    form: Form = base.input
    larger = None
    if isinstance(form, Picture):
        larger = larger_form(form, base.model) if image_size is None else None
        form = form if image_size is None else form.sized(image_size)
    reading = Reading(
        task=learns,
        columns=form if isinstance(form, Table) else None,
        larger=larger,
        label_column=label_column,
        header=header,
        time_column=time_column,
        recording_column=recording_column,
        group=group,
        path_column=path_column,
        folder=folder,
        exclude=exclude,
        data_dir=data_dir,
        few=True,
        progress=lambda done, total: steps("reading", done, total),
    )
    known = None if isinstance(form, Table) else form
    dataset = load_dataset(data, type(form), image_size=image_size, form=known, reading=reading)
    grown = larger is not None and dataset.example_shape == larger.shape
    form = dataset.form or (larger if larger is not None and grown else form)
    opened(checkpoint, dataset, progress)
    if larger is not None and grown:
        progress(size_in_words(larger, checkpoint, base))
    folds = choose_folds(folds, dataset, against=against)
    learnt = without_test(dataset) if folds else dataset
    cost = math.prod(form.shape) / math.prod(base.input.shape) if isinstance(form, Picture) else 1.0
    plan = plan_for(len(learnt.train), cost=cost)
    run = Path(output or f"runs/{Path(checkpoint).resolve().name}-{dataset.name}")
    if folds:
        progress(f"{folds}-fold cross-validation of the head, on all examples")
    if folds and epochs is None and freeze != "backbone" and not holds_validation(learnt):
        lost = [*given, *(["--freeze"] if freeze != "none" else [])]
        progress(
            "too few examples to judge epochs of the network: only the head is trained"
            + (f", without regard to {' and '.join(lost)}" if lost else "")
        )
        plan = dataclasses.replace(plan, freeze="backbone")
    if finding and plan.freeze != "backbone":
        rate = found_for_tuning(plan, run, checkpoint, learnt, form, progress)
        plan_for = partial(plan_for, learning_rate=rate)
        plan = plan_for(len(learnt.train), cost=cost)
    if plan.whole.minutes is not None and plan.freeze != "backbone":
        fits = tuning_within(plan, run, checkpoint, learnt, form, epochs, started, progress)
        plan = plan_for(len(learnt.train), cost=cost, epochs=fits)
    kept = keeps_head(quantize, base, learnt)
    if kept:
        progress(f"{checkpoint} knows these classes: its head stays")
        plan = plan.with_head() if learning_rate is None else plan
    progress("\n".join(plan.lines[1:] if kept else plan.lines))
    device = device_in_words(several=distribution != "none")

    def watch(stage: str, recipe: Recipe) -> Sequence[keras.callbacks.Callback]:
        if not devices.chief:
            return ()
        logs = run / LOGS / stage if tensorboard else None
        what = "" if stage == "head" else device  # The head's epochs are one line.
        return watchers(recipe.epochs, progress, steps, logs, title=stage, device=what)

    card = finetune_checkpoint(
        checkpoint,
        dataset,
        plan,
        run,
        form=form,
        weights=weights,
        licence=licence,
        author=author,
        command=command,
        watch=watch,
        progress=lambda done, total: steps("features", done, total),
        distribution=devices,
        folds=folds,
    )
    return Trained(run, card, dataset.broken)
