"""The one block registry.

A block is a residual unit: `block(x, width, *, order, shortcut, zero_init, name, ...)` takes a
tensor and returns a tensor; "..." is what its family gives beside: `stride` to those of a ResNet,
`norm` and `dropout` to those of an MLP, see `zoo.blocks.recurrent` for an LSTM's and
`zoo.blocks.attention` for an encoder's.
`@zoo.blocks.register("my_block")` makes a function of that form known to the builders:
`zoo.create_model("resnet18", block="my_block")`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoo.registry import Registry

BLOCKS: Registry[Callable[..., Any]] = Registry(
    "block",
    modules=("zoo.blocks.attention", "zoo.blocks.conv", "zoo.blocks.dense", "zoo.blocks.recurrent"),
)

register = BLOCKS.register
