"""`zoo train`: train a model from scratch into a checkpoint."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from absl import flags

from zoo.commands.console import console
from zoo.commands.flags.configuring import parse_config
from zoo.commands.flags.distributing import define_distribution, join
from zoo.commands.flags.reading import define_reading, reading
from zoo.commands.runner import DONE, Command, command_line, no_more
from zoo.models import MODELS
from zoo.quiet import import_keras

FLAGS = flags.FlagValues()
flags.DEFINE_string("model", "resnet18", "a model of zoo list", flag_values=FLAGS)
flags.DEFINE_string(
    "data",
    "digits",
    "what to learn: digits, a folder of photos, tfds:NAME, a .csv or .npz file, or a folder of "
    "train.csv and test.csv",
    flag_values=FLAGS,
)
flags.DEFINE_string("output", None, "folder of the run; default runs/MODEL-DATA", flag_values=FLAGS)
# Those without a default here are the model's own recipe where they are not given.
flags.DEFINE_integer("epochs", None, "passes over the training split", flag_values=FLAGS)
flags.DEFINE_integer("batch_size", None, "examples in a step", flag_values=FLAGS)
flags.DEFINE_float("learning_rate", None, "highest learning rate", flag_values=FLAGS)
flags.DEFINE_float("label_smoothing", None, "share spread over all classes", flag_values=FLAGS)
flags.DEFINE_integer(
    "image_size", None, "height and width in pixels; default the data's own, from 32 to 224",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "augment", "none", "how training pictures are changed: none, light or strong", flag_values=FLAGS
)
flags.DEFINE_enum(
    "class_weights", None, ["balanced"], "rare classes count as much as others", flag_values=FLAGS
)
flags.DEFINE_string(
    "precision", "float32", "float32, bfloat16, float16, or auto: the fastest here",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_bool(
    "tensorboard", False, "write logs for TensorBoard into the run's folder", flag_values=FLAGS
)
flags.DEFINE_bool(
    "trajectory", False, "keep the weights of every epoch, for zoo landscape", flag_values=FLAGS
)
flags.DEFINE_enum(
    "weights", "float32", ["float32", "float16"], "type of the stored weights", flag_values=FLAGS
)
flags.DEFINE_string("licence", "unknown", "of the checkpoint, an SPDX name", flag_values=FLAGS)
flags.DEFINE_integer("seed", 0, "of weights and order", flag_values=FLAGS)
flags.DEFINE_string(
    "config", "", "the model's configuration, as in shortcut=none,depths=[1,1,1]",
    flag_values=FLAGS,
)  # fmt: skip
define_reading(FLAGS, task=True)
define_distribution(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Trains."""
    no_more(rest)
    row = MODELS.get(values.model)  # Before anything slow: the name may be wrong.
    config = parse_config(values.config)
    terminal = console()
    distribution = join(values, terminal)
    import_keras()
    from zoo.commands.terminal import told_precision, watchers
    from zoo.data.sources import load_dataset
    from zoo.training.recipe import Recipe
    from zoo.training.run_folder import train
    from zoo.training.trajectory import KeepTrajectory

    names = [field.name for field in dataclasses.fields(Recipe) if field.name in values]
    asked = {name: values[name].value for name in names if values[name].value is not None}
    asked["precision"] = told_precision(terminal, values.precision, distribution)
    recipe = Recipe(**{**row.recipe, **asked})
    with reading(values, terminal) as how:
        dataset = load_dataset(values.data, row.input, image_size=values.image_size, reading=how)
    output = Path(values.output or f"runs/{values.model}-{dataset.name}")
    logs = output / "tensorboard" if values.tensorboard else None
    for note in dataset.notes:
        terminal.print(note)
    shape = "×".join(str(side or "any") for side in dataset.example_shape)
    told = dataset.task.described(dataset.labels)
    terminal.print(
        f"{values.model} on {dataset.name}: {len(dataset.train):,} training, "
        f"{len(dataset.validation):,} validation, {len(dataset.test):,} test examples of "
        f"{shape}, {told}",
    )
    callbacks = watchers(terminal, recipe.epochs, logs) if distribution.chief else []
    if values.trajectory and distribution.chief:
        callbacks.append(KeepTrajectory(output))
    card = train(
        values.model,
        dataset,
        recipe,
        output,
        config=config,
        weights=values.weights,
        licence=values.licence,
        command=command_line("train", values),
        callbacks=callbacks,
        distribution=distribution,
    )
    for metric in card.metrics:
        terminal.print(f"{card.text(metric)} on {metric.examples:,} {metric.split} examples")
    terminal.print(f"checkpoint: {output}")
    return DONE


COMMAND = Command("train", "train a model from scratch into a checkpoint.", FLAGS, main)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
