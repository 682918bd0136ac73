"""The grammar of layer names, on which weights, fine-tuning and the pictures of gradients rely.

    frontend            the raw input, as what the network reads
    normalization       that, normalised
    stem_periodic       of a table: the same, with waves in place of the bins of numbers
    scaled              what the network reads, in the scale in which padding is looked for
    stem_…              from there to the first unit
    block3_…            the third residual unit, in a network of one width
    stage2_block1_…     the first of the second stage, in a network of stages
    head_…              from the last unit to the vector of features
    head_members        of an ensemble: the features of each member, divided by their number
    logits              the dense layer at the end: an output for each class, or the one value

What follows the prefix is the block's own. A layer without weights may have any name. The path of
a variable is the name of its layer, a slash, and its own name: "stem_conv/kernel".
"""

from __future__ import annotations

import re

FRONTEND = "frontend"
NORMALIZATION = "normalization"
PLACES = "scaled"
PERIODIC = "stem_periodic"
LOGITS = "logits"
MEMBERS = "head_members"
# Of the layer that reads the picture: of one convolution, and of several.
STEM_KERNELS = ("stem_conv/kernel", "stem_1_conv/kernel")

_UNIT = re.compile(r"(?:stage(\d+)_)?block(\d+)(?=_)")


def unit_name(index: int, stage: int | None = None) -> str:
    """Returns the prefix of a unit's layers.

    Args:
        index: Number of the unit from 1, in its stage if there are stages.
        stage: Its stage, from 1; None: the network has none.
    """
    return f"block{index}" if stage is None else f"stage{stage}_block{index}"


def unit_of(name: str) -> str | None:
    """Returns the prefix of the unit of a layer or path; None if it belongs to no unit."""
    match = _UNIT.match(name)
    return match[0] if match else None


def stage_and_index(unit: str) -> tuple[int | None, int]:
    """Returns the stage and the index in a prefix that `unit_name` made."""
    match = _UNIT.match(f"{unit}_")
    assert match is not None, unit
    return None if match[1] is None else int(match[1]), int(match[2])


def layer_of(path: str) -> str:
    """Returns the name of the layer that a variable belongs to."""
    return path.partition("/")[0]


def part_of(name: str) -> str:
    """Returns the part of the network that a layer or path belongs to, as fine-tuning freezes them.

    "stem", "stage2", "block3", "head" or "logits".
    """
    return layer_of(name).partition("_")[0]
