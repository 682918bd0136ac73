"""`zoo import`: weights of torchvision or timm into a checkpoint."""

from __future__ import annotations

import sys
from typing import Literal

from absl import flags

from zoo.artifacts.opening.open import read_labels
from zoo.checkpoints.foreign.weights import import_weights
from zoo.commands.console import console
from zoo.commands.runner import DONE, Command, no_more
from zoo.errors import RequestError
from zoo.forms import INTERPOLATIONS

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "source", None, "a .safetensors file, one of torch.save (.pth, .ckpt, .pth.tar, .bin), a "
    "folder that timm saved (model.safetensors or pytorch_model.bin, and config.json), or a "
    "Hugging Face Hub id such as timm/resnet50.a1_in1k",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "model", None, "what it is: resnet50; or resnet50.a1_in1k, to take labels, preprocessing and "
    "licence of that checkpoint of zoo list", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "folder; default for a checkpoint of zoo list: its place in the cache",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("sha256", None, "that the file must have", flag_values=FLAGS)
flags.DEFINE_string("labels", None, "text file with a label a line", flag_values=FLAGS)
flags.DEFINE_string("licence", None, "of the weights, an SPDX name", flag_values=FLAGS)
flags.DEFINE_enum(
    "dtype", "float32", ["float32", "float16"], "of the stored weights", flag_values=FLAGS
)
flags.DEFINE_enum(
    "task", None, ["classification", "regression"],
    "what one output is: a class (the logit of a sigmoid; the default) or a value",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "image_size", None, "side of the pictures in pixels; default what the file says, or 224",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "resize", None, "the shorter side before a central crop to image_size, or squash: the whole "
    "picture is scaled; default what the file says, or 256 for 224", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_float(
    "crop_pct", None, "in place of resize: image_size as a share of it, such as 0.875",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_list(
    "mean", None, "a value a channel, of pixels from 0 to 1 or from 0 to 255, as in "
    "0.485,0.456,0.406; default what the file says, or these", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_list("std", None, "the deviations, in the same units", flag_values=FLAGS)
flags.DEFINE_enum(
    "interpolation", None, list(INTERPOLATIONS), "of the scaling; default what the file says, or "
    "bilinear", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "weights_key", None, "which network, where the file holds several: state_dict_ema",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_list(
    "ignore", [], "layers beside the network that may be left out, by the start of their names",
    flag_values=FLAGS,
)  # fmt: skip


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Imports."""
    no_more(rest)
    if not values.source:
        raise RequestError("say what to import: --source=FILE.safetensors or a Hub id")
    imported = import_weights(
        values.source,
        model=values.model,
        output=values.output,
        sha256=values.sha256,
        labels=read_labels(values.labels) if values.labels else None,
        licence=values.licence,
        dtype=values.dtype,
        task=values.task,
        image_size=values.image_size,
        resize=_resize(values.resize),
        crop_pct=values.crop_pct,
        mean=_numbers("mean", values.mean),
        std=_numbers("std", values.std),
        interpolation=values.interpolation,
        weights_key=values.weights_key,
        ignore=values.ignore,
    )
    for line in str(imported).splitlines():
        console().print(line, soft_wrap=True)
    return DONE


def _resize(given: str | None) -> int | Literal["squash"] | None:
    if given is None:
        return None
    if given == "squash":
        return "squash"
    if not given.isdecimal():
        raise RequestError(f"--resize takes a number of pixels or squash, not {given!r}")
    return int(given)


def _numbers(flag: str, given: list[str] | None) -> list[float] | None:
    try:
        return None if given is None else list(map(float, given))
    except ValueError as error:
        raise RequestError(f"--{flag} takes numbers such as 0.485,0.456,0.406: {error}") from error


COMMAND = Command(
    "import",
    "weights of a torchvision or timm ResNet into a checkpoint.",
    FLAGS,
    main,
    required=("source",),
    usual=("model", "output", "labels", "sha256", "licence"),
    examples=(
        "zoo import --source=timm/resnet50.a1_in1k --model=resnet50.a1_in1k",
        "zoo import --source=mine.pth --model=resnet18 --labels=labels.txt --output=runs/mine",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
