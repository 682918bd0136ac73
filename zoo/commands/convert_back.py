"""`zoo convert-back`: a ResNet's checkpoint as a file that torchvision and timm load."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from zoo.checkpoints.catalogue import find_checkpoint
from zoo.checkpoints.foreign.resnets import write_torchvision
from zoo.commands.console import console
from zoo.commands.runner import DONE, Command, no_more
from zoo.errors import RequestError

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string("output", None, "the .safetensors file to write", flag_values=FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Writes the weights in torchvision's names and layouts."""
    no_more(rest)
    if not values.checkpoint:
        raise RequestError("say what to convert: --checkpoint=NAME or a folder")
    if not values.output or not values.output.endswith(".safetensors"):
        raise RequestError(f"--output must be a .safetensors file, not {values.output!r}")
    if Path(values.output).exists():
        raise RequestError(f"{values.output} exists already; remove it or choose another --output")
    count = write_torchvision(find_checkpoint(values.checkpoint), Path(values.output))
    console().print(f"{count} tensors: {values.output}", soft_wrap=True)
    return DONE


COMMAND = Command(
    "convert-back",
    "a ResNet for ImageNet as safetensors in torchvision's names and layouts.",
    FLAGS,
    main,
    required=("checkpoint", "output"),
    examples=(
        "zoo convert-back --checkpoint=runs/photos --output=photos.safetensors",
        "zoo convert-back --checkpoint=resnet18.cifar10 --output=cifar10.safetensors",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
