"""The residual MLP: a ResNet of dense layers, for features."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers

from zoo.blocks import BLOCKS
from zoo.blocks.dense import dense_norm
from zoo.blocks.norm import Norm, normalise
from zoo.errors import RequestError
from zoo.frontends.frontend import Frontend
from zoo.models.inputs import raw_input, shape_behind
from zoo.models.names import LOGITS, MEMBERS, unit_name
from zoo.models.normalization import normalise_input
from zoo.models.sizes import check_shares, check_sizes
from zoo.residual import Order, Shortcut


def residual_mlp(
    *,
    depth: int = 4,
    width: int = 128,
    block: str = "mlp",
    norm: Norm = "batch",
    dropout: float = 0.2,
    members: int = 1,
    num_classes: int = 10,
    input_shape: tuple[int, ...] = (64,),
    shortcut: Shortcut = "auto",
    order: Order = "post_activation",
    zero_init: bool = True,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    frontend: Frontend | None = None,
    name: str = "residual_mlp",
) -> keras.Model:
    """Builds a residual MLP: a dense stem, residual units of one width, a linear head.

    Args:
        depth: Residual units; each of the block "mlp" has two dense layers.
        width: Features inside.
        block: Name of a registered block.
        norm: After each dense layer, see `zoo.blocks.norm`.
        dropout: Share of features dropped inside each unit, in training.
        members: Networks of an ensemble. They differ in the stem only, and share all else, as in
            TabM (Gorishniy et al. 2024), whose members differ in little too. The head takes the
            mean of their features, so that the logits are the mean of theirs. `zoo.training.fit`
            lets each learn by itself.
        num_classes: Width of the logits, or 1 for regression; 0 gives the features of the last
            unit.
        input_shape: (features,).
        shortcut: What is added, see `zoo.residual`.
        order: Where the ReLU stands, see `zoo.residual`.
        zero_init: Starts each branch at zero, so that a deep model starts as a shallow one. Ignored
            without a shortcut, where it would start as nothing.
        mean: Subtracted from each feature, in its own units; None: nothing is.
        std: Each feature is divided by it; None: nothing is.
        frontend: Makes what the network reads of raw input; None: the network reads it as it is.
        name: Name of the model.

    Returns:
        A model from raw features, (batch, features) float32, to logits, (batch, num_classes).

    Raises:
        RequestError: Unknown block, norm, order or shortcut; an argument out of its range.
    """
    check_sizes(depth=depth, width=width, members=members)
    check_shares(dropout=dropout)
    shape = shape_behind(frontend, input_shape)
    if len(shape) != 1 or not shape[0]:
        raise RequestError(f"{name} takes features of shape (features,), not {shape}")
    unit = partial(
        BLOCKS.get(block),
        order=order,
        shortcut=shortcut,
        zero_init=zero_init and shortcut != "none",
        norm=norm,
        dropout=dropout,
    )
    features, x = raw_input(input_shape, "features", frontend)
    x = normalise_input(x, mean, std)
    x = dense_norm(x, members * width, norm, name="stem")
    if members > 1:
        x = layers.Reshape((members, width), name="stem_members")(x)
    x = layers.ReLU(name="stem_relu")(x)
    for index in range(1, depth + 1):
        x = unit(x, width, name=unit_name(index))
    if order == "linear_output":
        # In this order no activation follows the last sum, so it gets one here (He et al. 2016).
        x = normalise(x, norm, name="head")
        x = layers.ReLU(name="head_relu")(x)
    if members > 1:
        x = layers.GlobalAveragePooling1D(name=MEMBERS)(x)
    if num_classes:
        x = layers.Dense(num_classes, dtype="float32", name=LOGITS)(x)
    return keras.Model(features, x, name=name)
