"""`zoo finetune`: a checkpoint's backbone with a new head for classes of your own."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from zoo.checkpoints.catalogue import checkpoint_card, find_checkpoint
from zoo.commands.console import console
from zoo.commands.flags.distributing import define_distribution, join
from zoo.commands.flags.reading import bar, define_reading, reading
from zoo.commands.runner import DONE, Command, command_line, no_more
from zoo.errors import RequestError
from zoo.models import MODELS
from zoo.quiet import import_keras
from zoo.tasks import find_task

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "checkpoint", None, "to start from: a checkpoint's name or folder", flag_values=FLAGS
)
flags.DEFINE_string("data", None, "what to learn: a folder of photos, tfds:NAME", flag_values=FLAGS)
flags.DEFINE_string(
    "output", None, "folder of the run; default runs/CHECKPOINT-DATA", flag_values=FLAGS
)
flags.DEFINE_string(
    "freeze", "none", "what stays as it is: none, backbone, or a stage such as stage2 with all "
    "before it", flag_values=FLAGS,
)  # fmt: skip
# Those without a default here are chosen by the size of the data.
flags.DEFINE_integer("epochs", None, "of the second stage, after the head's", flag_values=FLAGS)
flags.DEFINE_integer("head_epochs", None, "of the head on cached features", flag_values=FLAGS)
flags.DEFINE_integer("batch_size", None, "examples in a step", flag_values=FLAGS)
flags.DEFINE_float(
    "learning_rate", None, "highest of the second stage, at the head", flag_values=FLAGS
)
flags.DEFINE_string("augment", "light", "none, light or strong", flag_values=FLAGS)
flags.DEFINE_integer(
    "image_size", None, "height and width in pixels; default the checkpoint's", flag_values=FLAGS
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
flags.DEFINE_enum(
    "weights", "float32", ["float32", "float16"], "type of the stored weights", flag_values=FLAGS
)
flags.DEFINE_integer("seed", 0, "of the head and the order", flag_values=FLAGS)
define_reading(FLAGS, tables=False)
define_distribution(FLAGS)

# By `training.taken` of the card.
TAKEN = {
    "head": "taken: the new head on the backbone as it was, which did best in validation",
    "network": "taken: the network of the second stage, which did best in validation",
    "mean": "taken: the mean of the weights of both stages, which did best in validation",
}


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Fine-tunes."""
    no_more(rest)
    for name in ("checkpoint", "data"):
        if not values[name].value:
            raise RequestError(f"--{name} is missing: zoo finetune --checkpoint=NAME --data=FOLDER")
    base = checkpoint_card(values.checkpoint)
    if MODELS.get(base.model).input != "image" or find_task(base.task).learns != "classes":
        raise RequestError(
            f"zoo finetune learns classes of pictures; {base.model} takes no picture"
        )
    terminal = console()
    distribution = join(values, terminal)
    import_keras()
    from zoo.commands.terminal import told_precision, watchers
    from zoo.data.sources import load_images
    from zoo.training.finetune import check_freeze, finetune, sized_form, stages_of_checkpoint
    from zoo.training.plan import Plan, choose_plan

    def plan_for(examples: int) -> Plan:
        return choose_plan(
            examples,
            epochs=values.epochs,
            head_epochs=values.head_epochs,
            batch_size=values.batch_size,
            learning_rate=values.learning_rate,
            freeze=values.freeze,
            augment=values.augment,
            class_weights=values.class_weights,
            precision=precision,
            seed=values.seed,
        )

    form = sized_form(base.input, values.image_size)
    precision = told_precision(terminal, values.precision, distribution)
    plan_for(1)  # It refuses wrong values, before the pictures are read.
    check_freeze(values.freeze, stages_of_checkpoint(find_checkpoint(values.checkpoint)))
    with reading(values, terminal) as how:
        dataset = load_images(values.data, values.image_size, how, form=form)
    for note in dataset.notes:
        terminal.print(note)
    terminal.print(
        f"{values.checkpoint} on {dataset.name}: {len(dataset.train):,} training, "
        f"{len(dataset.validation):,} validation, {len(dataset.test):,} test examples of "
        f"{'×'.join(map(str, dataset.example_shape))}, {len(dataset.labels)} classes",
    )
    plan = plan_for(len(dataset.train))
    terminal.print(plan.text)
    name = Path(values.checkpoint).resolve().name
    output = Path(values.output or f"runs/{name}-{dataset.name}")
    logs = output / "tensorboard" if values.tensorboard else None
    with bar(terminal, "features") as progress:
        card = finetune(
            values.checkpoint,
            dataset,
            plan,
            output,
            form=form,
            weights=values.weights,
            command=command_line("finetune", values),
            watch=lambda stage, recipe: (
                watchers(terminal, recipe.epochs, logs and logs / stage, title=stage)
                if distribution.chief
                else []
            ),
            progress=progress,
            distribution=distribution,
        )
    if "taken" in card.training:
        terminal.print(TAKEN[card.training["taken"]])
    for metric in card.metrics:
        terminal.print(f"{card.text(metric)} on {metric.examples:,} {metric.split} examples")
    terminal.print(f"checkpoint: {output}")
    return DONE


COMMAND = Command(
    "finetune", "a checkpoint's backbone with a new head for classes of your own.", FLAGS, main
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
