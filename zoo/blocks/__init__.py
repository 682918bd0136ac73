"""The one block registry.

A block is a residual unit: `block(x, width, *, stride, order, shortcut, zero_init, name)` takes a
tensor and returns a tensor. `@zoo.blocks.register("my_block")` makes a function of that form known
to every builder: `zoo.create_model("resnet18", block="my_block")`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoo.registry import Registry

BLOCKS: Registry[Callable[..., Any]] = Registry("block", modules=("zoo.blocks.conv",))

register = BLOCKS.register
