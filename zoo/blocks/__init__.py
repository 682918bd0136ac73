"""The one block registry.

A block is a residual unit: a function `block(x, width, *, order, shortcut, zero_init, name, ...)`
from a tensor to a tensor. What its family gives it besides stands for "...": `stride` in a ResNet,
`norm` and `dropout` in an MLP; see `zoo.blocks.recurrent` for an LSTM's arguments and
`zoo.blocks.attention` for an encoder's.

`@zoo.blocks.register("my_block")` makes your own known to the builders:
`zoo.create_model("resnet18", block="my_block")`. Two rules hold for it:

- Every layer with weights has a name that starts with `name` and an underscore, as in
  `name=f"{name}_1_conv"`. `name` is "stage2_block1" or "block3"; by it fine-tuning freezes stages,
  each stage gets its own learning rate, and the pictures of gradients know the units
  (`zoo.models.names` has the whole grammar). A layer with a name that Keras makes up, such as
  "conv2d_7", has another name in the next model, and its weights cannot be saved.
- The skip is added by `zoo.residual.residual`, so that every order and shortcut works.
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
