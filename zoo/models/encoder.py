"""The residual encoder: a small Transformer over sequences, or over the patches of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers, ops

from zoo.blocks import BLOCKS, options_of
from zoo.blocks.norm import Norm, normalise
from zoo.blocks.positions import add_positions
from zoo.errors import RequestError, ShapeError
from zoo.frontends.frontend import Frontend
from zoo.models.inputs import raw_input, shape_behind
from zoo.models.names import LOGITS, unit_name
from zoo.models.normalization import normalise_input
from zoo.models.padding import Pool, places_of, pooled
from zoo.models.sizes import check_shares, check_sizes
from zoo.residual import Order, Scale, Shortcut, Tensor


def residual_encoder(
    *,
    depth: int = 2,
    width: int = 64,
    heads: int = 4,
    expansion: int = 2,
    patch: int = 1,
    block: str = "encoder",
    norm: Norm = "layer",
    dropout: float = 0.1,
    pool: Pool = "mean",
    masked: bool | None = None,
    num_classes: int = 10,
    input_shape: tuple[int | None, ...] = (8, 8),
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
    order: Order = "linear_output",
    zero_init: bool = False,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    frontend: Frontend | None = None,
    name: str = "residual_encoder",
) -> keras.Model:
    """Builds a residual encoder: patches, positions, attention blocks, pooling, a linear head.

    If the number of steps is open, steps of zeros at the end are padding. They change nothing: a
    sequence gives the same logits however far it is padded.

    Args:
        depth: Blocks; each of the block "encoder" has two residual units.
        width: Features inside.
        heads: Number of heads in each attention.
        expansion: Width inside each block's dense layers, as a multiple of `width`.
        patch: Steps, or height and width in pixels, that become one step (Dosovitskiy et al. 2020).
        block: Name of a registered block.
        norm: See `zoo.blocks.norm`.
        dropout: Share of features dropped after each branch, in training.
        pool: "mean" takes the average of the steps that are not padding, "last" the last of them.
        masked: Whether steps of zeros at the end are padding; None: if the number of steps is
            open.
        num_classes: Width of the logits, or 1 for regression; 0 gives the pooled features.
        input_shape: (steps, features), steps may be None; or (height, width, channels).
        shortcut: What is added, see `zoo.residual`.
        scale: What multiplies each branch, see `zoo.residual`.
        order: Where the norm stands, see `zoo.blocks.attention`.
        zero_init: Starts each branch at zero. Ignored without a shortcut, and with a scale, which
            does so too.
        mean: Subtracted from each feature or channel, in its own units; None: nothing is.
        std: Each feature or channel is divided by it; None: nothing is.
        frontend: Makes what the network reads of raw input; None: the network reads it as it is.
        name: Name of the model.

    Returns:
        A model from raw sequences, (batch, steps, features) float32, or raw pictures, (batch,
        height, width, channels), to logits, (batch, num_classes).

    Raises:
        RequestError: Unknown block, norm, pool, order, shortcut or scale; an argument out of its
            range.
    """
    check_sizes(depth=depth, width=width, heads=heads, expansion=expansion, patch=patch)
    check_shares(dropout=dropout)
    shape = shape_behind(frontend, input_shape)
    picture = _is_picture(shape, patch, name)
    inputs, steps = raw_input(input_shape, "image" if picture else "sequence", frontend)
    x = normalise_input(steps, mean, std)
    masked = not picture and (shape[0] is None if masked is None else masked)
    places = places_of(steps, mean, std) if masked else None
    real = None
    if picture:
        x = layers.Conv2D(width, patch, patch, name="stem_conv")(x)
        x = layers.Reshape((-1, width), name="stem_steps")(x)
    else:
        x, places, real = _sequence_stem(x, width, patch, places)
    x = add_positions(x)
    unit = partial(
        BLOCKS.get(block),
        order=order,
        shortcut=shortcut,
        zero_init=zero_init and shortcut != "none" and scale == "none",
        norm=norm,
        dropout=dropout,
        heads=heads,
        expansion=expansion,
        mask=real,
        **options_of(block, scale=(scale, "none")),
    )
    for index in range(1, depth + 1):
        x = unit(x, width, name=unit_name(index))
    if order == "linear_output":
        # In this order no norm follows the last sum, so it gets one here.
        x = normalise(x, norm, name="head", mask=real)
    x = pooled(x, places, real, pool)
    if num_classes:
        x = layers.Dense(num_classes, dtype="float32", name=LOGITS)(x)
    return keras.Model(inputs, x, name=name)


def _sequence_stem(
    x: Tensor, width: int, patch: int, places: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, tuple[Tensor, Tensor] | None, Tensor | None]:
    """Joins steps to patches. Returns these as steps, with their places and mask."""
    real = None
    if places is not None:
        number, last = places
        real = number <= last
        # The normalisation changed the zeros of padding, which may share a patch with real steps.
        x = x * ops.where(real, 1.0, 0.0)[..., None]
        if patch > 1:
            # A patch is real if its first step is, since padding is only at the end. A pool takes
            # every `patch`-th number, because XNNPACK takes no slice with a stride.
            number = ops.squeeze(ops.average_pool(number[..., None], 1, patch), -1)
            real = number <= last
            places = number, ops.max(ops.where(real, number, 0.0), axis=1, keepdims=True)
    if patch > 1:
        x = layers.ZeroPadding1D((0, patch - 1), name="stem_pad")(x)
    x = layers.Conv1D(width, patch, patch, name="stem_conv")(x)
    return x, places, real


def _is_picture(shape: tuple[int | None, ...], patch: int, name: str) -> bool:
    if len(shape) == 2 and shape[1] and shape[0] != 0:
        return False
    if len(shape) != 3 or not all(shape):
        raise RequestError(
            f"{name} takes (steps, features) or (height, width, channels), not {shape}"
        )
    for side in shape[:2]:
        if side is None or side % patch:
            raise ShapeError(f"patches of {patch} pixels do not fill {shape[0]}×{shape[1]}")
    return True
