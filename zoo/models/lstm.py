"""The residual LSTM: LSTM layers with a skip around each, for sequences of any length."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers

from zoo.blocks import BLOCKS, options_of
from zoo.blocks.norm import Norm, normalise
from zoo.errors import RequestError
from zoo.frontends.frontend import Frontend
from zoo.models.inputs import raw_input, shape_behind
from zoo.models.names import LOGITS, unit_name
from zoo.models.normalization import normalise_input
from zoo.models.padding import Pool, places_of, pooled
from zoo.models.sizes import check_shares, check_sizes
from zoo.residual import Activation, Order, Scale, Shortcut


def residual_lstm(
    *,
    depth: int = 2,
    width: int = 64,
    block: str = "lstm",
    bidirectional: bool = False,
    norm: Norm = "layer",
    dropout: float = 0.2,
    recurrent_dropout: float = 0.0,
    pool: Pool = "last",
    masked: bool | None = None,
    num_classes: int = 10,
    input_shape: tuple[int | None, ...] = (8, 8),
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
    order: Order = "post_activation",
    activation: Activation = "linear",
    zero_init: bool = False,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    frontend: Frontend | None = None,
    name: str = "residual_lstm",
) -> keras.Model:
    """Builds a residual LSTM: recurrent residual units, pooling over time, a linear head.

    If the number of steps is open, steps of zeros at the end are padding. They change nothing: a
    sequence gives the same logits however far it is padded.

    Args:
        depth: Residual units; each of the block "lstm" has one LSTM layer.
        width: Features inside, in each direction.
        block: Name of a registered block.
        bidirectional: Whether each unit reads the sequence from both ends.
        norm: After each LSTM, see `zoo.blocks.norm`.
        dropout: Share of features dropped after each LSTM, in training.
        recurrent_dropout: Share of an LSTM's state dropped between steps, in training.
        pool: "last" takes the last step that is not padding, "mean" the average of all such.
        masked: Whether steps of zeros at the end are padding; None: if the number of steps is
            open.
        num_classes: Width of the logits, or 1 for regression; 0 gives the pooled features.
        input_shape: (steps, features); steps may be None.
        shortcut: What is added, see `zoo.residual`; "none" is the plain stack.
        scale: What multiplies each branch, see `zoo.residual`.
        order: Where the activation stands, see `zoo.residual`.
        activation: Activation of the sums, see `zoo.blocks.recurrent`.
        zero_init: Starts each branch at zero, which needs a norm. Ignored without a shortcut, where
            the model would start as nothing, and with a scale, which does so too.
        mean: Subtracted from each feature, in its own units; None: nothing is.
        std: Each feature is divided by it; None: nothing is.
        frontend: Makes what the network reads of raw input; None: the network reads it as it is.
        name: Name of the model.

    Returns:
        A model from raw sequences, (batch, steps, features) float32, to logits,
        (batch, num_classes).

    Raises:
        RequestError: Unknown block, norm, pool, order, shortcut or scale; an argument out of its
            range.
    """
    check_sizes(depth=depth, width=width)
    check_shares(dropout=dropout, recurrent_dropout=recurrent_dropout)
    shape = shape_behind(frontend, input_shape)
    if len(shape) != 2 or not shape[1] or shape[0] == 0:
        raise RequestError(f"{name} takes sequences of shape (steps, features), not {shape}")
    inputs, sequence = raw_input(input_shape, "sequence", frontend)
    x = normalise_input(sequence, mean, std)
    masked = shape[0] is None if masked is None else masked
    places = places_of(sequence, mean, std) if masked else None
    real = None if places is None else places[0] <= places[1]
    unit = partial(
        BLOCKS.get(block),
        order=order,
        activation=activation,
        shortcut=shortcut,
        zero_init=zero_init and shortcut != "none" and scale == "none",
        norm=norm,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        bidirectional=bidirectional,
        mask=real,
        **options_of(block, scale=(scale, "none")),
    )
    for index in range(1, depth + 1):
        x = unit(x, width, name=unit_name(index))
    if order == "linear_output" and activation == "relu":
        # In this order no activation follows the last sum, so it gets one here (He et al. 2016).
        x = normalise(x, norm, name="head", mask=real)
        x = layers.ReLU(name="head_relu")(x)
    x = pooled(x, places, real, pool)
    if num_classes:
        x = layers.Dense(num_classes, dtype="float32", name=LOGITS)(x)
    return keras.Model(inputs, x, name=name)
