"""`zoo finetune`: a checkpoint's backbone with a new head for classes of your own."""

from __future__ import annotations

import sys

from absl import flags

from zoo.checkpoints.catalogue import checkpoint_card
from zoo.commands.console import console, print_result
from zoo.commands.flags.distributing import define_distribution
from zoo.commands.flags.quieting import define_quiet
from zoo.commands.flags.reading import define_reading
from zoo.commands.flags.training import define_options
from zoo.commands.runner import DONE, Command, arguments_of, command_line, no_more
from zoo.commands.terminal import bars
from zoo.errors import RequestError
from zoo.quiet import check_backend, quiet
from zoo.tasks import TASKS
from zoo.tasks.classification import CLASSIFICATION

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "checkpoint", None, "to start from: a checkpoint's name or folder", flag_values=FLAGS
)
flags.DEFINE_string(
    "data",
    None,
    "what to learn: a folder of photos, tfds:NAME, hf:OWNER/NAME; or a table",
    flag_values=FLAGS,
)
flags.DEFINE_string(
    "output", None, "folder of the run; default runs/CHECKPOINT-DATA", flag_values=FLAGS
)
flags.DEFINE_string(
    "freeze", "none", "what stays as it is: none, backbone, or a stage such as stage2 with all "
    "before it", flag_values=FLAGS,
)  # fmt: skip
# Flags without a default here get one from the size of the data.
flags.DEFINE_integer("epochs", None, "of the second stage, after the head's", flag_values=FLAGS)
flags.DEFINE_integer("head_epochs", None, "of the head on cached features", flag_values=FLAGS)
flags.DEFINE_integer("batch_size", None, "examples in a step", flag_values=FLAGS)
flags.DEFINE_float(
    "learning_rate", None, "highest of the second stage, at the head", flag_values=FLAGS
)
flags.DEFINE_string(
    "augment", None,
    "of pictures and sounds: none, shift, light, strong or trivial; default light, of others none",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "image_size",
    None,
    "height and width in pixels; default the checkpoint's, or half "
    "as much again if the pictures are as large",
    flag_values=FLAGS,
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
flags.DEFINE_string(
    "licence", None, "of the new checkpoint, an SPDX name; default that of the old",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "author", "", "of the new checkpoint, for its card and exported files", flag_values=FLAGS
)
flags.DEFINE_integer("seed", 0, "of the head and the order", flag_values=FLAGS)
flags.DEFINE_integer(
    "folds", None, "of a cross-validation on cached features, 0 for none; default 5 if under 40 "
    "test examples would be left", flag_values=FLAGS,
)  # fmt: skip
define_reading(FLAGS)
flags.DEFINE_enum(
    "task", CLASSIFICATION.name, sorted(TASKS),
    "what the labels are: classes, values (regression)", flag_values=FLAGS,
)  # fmt: skip
define_options(FLAGS)
flags.DEFINE_enum(
    "quantize", None, ["int8"], "train the network as its int8 file will calculate",
    flag_values=FLAGS,
)  # fmt: skip
define_distribution(FLAGS)
define_quiet(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Fine-tunes."""
    no_more(rest)
    for name in ("checkpoint", "data"):
        if not values[name].value:
            raise RequestError(f"--{name} is missing: zoo finetune --checkpoint=NAME --data=FOLDER")
    checkpoint_card(values.checkpoint)  # Before anything slow: the name may be wrong.
    check_backend()
    with quiet():
        from zoo.training.finetune import finetune

    terminal = console(quiet=values.quiet)
    with bars(terminal) as steps:
        trained = finetune(
            **arguments_of(values),
            command=command_line("finetune", values),
            progress=terminal.print,
            steps=steps,
        )
    print_result(console(), trained)
    return DONE


COMMAND = Command(
    "finetune",
    "a checkpoint's backbone with a new head for classes of your own.",
    FLAGS,
    main,
    required=("checkpoint", "data"),
    usual=(
        "output",
        "epochs",
        "minutes",
        "learning_rate",
        "image_size",
        "freeze",
        "augment",
        "task",
        "label_column",
        "seed",
    ),
    examples=(
        "zoo finetune --checkpoint=resnet18.cifar10 --data=photos/ --output=runs/photos",
        "zoo finetune --checkpoint=resnet8.spoken_digits --data=sounds/ --epochs=20",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
