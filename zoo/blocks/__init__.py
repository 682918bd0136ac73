"""The one block registry.

A block is a residual unit: a function `block(x, width, *, order, shortcut, zero_init, name, ...)`
from a tensor to a tensor. The other arguments depend on the family: `stride` in a ResNet, `norm`
and `dropout` in an MLP; see `zoo.blocks.recurrent` for an LSTM's and `zoo.blocks.attention` for an
encoder's. Without `scale`, a block is built by all configurations but `scale=rezero`.

Register a block of your own with `@zoo.blocks.register("my_block")`, and build a model of it with
`zoo.create_model("resnet18", block="my_block")`. It has to keep two rules:

- Every layer with weights has a name that starts with `name` and an underscore, as in
  `name=f"{name}_1_conv"`. `name` is "stage2_block1" or "block3". Fine-tuning finds the stages by
  it, and the pictures of gradients the units; `zoo.models.names` has the whole grammar. If Keras
  makes up a name, such as "conv2d_7", the next model gets another one, so weights cannot be saved.
- `zoo.residual.residual` adds the skip, so that every order and shortcut works.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from zoo.errors import RequestError
from zoo.registry import Registry

BLOCKS: Registry[Callable[..., Any]] = Registry(
    "block",
    modules=("zoo.blocks.attention", "zoo.blocks.conv", "zoo.blocks.dense", "zoo.blocks.recurrent"),
)

register = BLOCKS.register


def options_of(block: str, **options: tuple[Any, Any]) -> dict[str, Any]:
    """Returns the options that differ from their usual values. Not every block has all of them.

    Args:
        block: Name of a registered block.
        **options: Of each its value and its usual one.

    Raises:
        RequestError: Unknown block, or it takes no option that differs.
    """
    changed = {name: value for name, (value, usual) in options.items() if value != usual}
    known = inspect.signature(BLOCKS.get(block)).parameters
    for name, value in changed.items():
        if name not in known:
            raise RequestError(f"block {block!r} takes no {name}, not even {value!r}")
    return changed
