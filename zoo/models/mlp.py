"""The residual MLP: a ResNet of dense layers, for features."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers

from zoo.blocks import BLOCKS, options_of
from zoo.blocks.dense import dense_norm
from zoo.blocks.members import MembersDense
from zoo.blocks.norm import Norm, normalise
from zoo.blocks.periodic import Periodic
from zoo.errors import RequestError
from zoo.frontends.bins import Bins
from zoo.frontends.frontend import Frontend
from zoo.models.inputs import raw_input, shape_behind
from zoo.models.names import LOGITS, MEMBERS, PERIODIC, unit_name
from zoo.models.normalization import normalise_input
from zoo.models.sizes import check_shares, check_sizes
from zoo.residual import Order, Scale, Shortcut

# Of the waves of a table's numbers; chosen by the validation split of California housing.
_VECTOR = 16
_SPREAD = 4.0
# More numbers make the float part of integer files too large.
_MOST_NUMBERS = 64


def residual_mlp(
    *,
    depth: int = 4,
    width: int = 128,
    block: str = "mlp",
    norm: Norm = "batch",
    dropout: float = 0.2,
    members: int = 1,
    frequencies: int = 0,
    num_classes: int = 10,
    input_shape: tuple[int, ...] = (64,),
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
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
        members: Networks of an ensemble. How each reads the features is its own, and its head; all
            else they share, as in TabM's "mini" form (Gorishniy et al. 2024). The logits are the
            mean of theirs. `zoo.training.fit` lets each learn by itself.
        frequencies: Waves of each number of a table, see `zoo.blocks.periodic`; 0: there are none.
            Ignored where the input is no table, or one of more than 64 numbers.
        num_classes: Width of the logits, or 1 for regression; 0 gives the features of the last
            unit, of an ensemble those of all members.
        input_shape: (features,).
        shortcut: What is added, see `zoo.residual`.
        scale: What multiplies each branch, see `zoo.residual`.
        order: Where the ReLU stands, see `zoo.residual`.
        zero_init: Starts each branch at zero, so that a deep model starts as a shallow one. Ignored
            without a shortcut, where it would start as nothing, and with a scale, which does so
            too; with both, neither would learn.
        mean: Subtracted from each feature, in its own units; None: nothing is.
        std: Each feature is divided by it; None: nothing is.
        frontend: Makes what the network reads of raw input; None: the network reads it as it is.
        name: Name of the model.

    Returns:
        A model from raw features, (batch, features) float32, to logits, (batch, num_classes).

    Raises:
        RequestError: Unknown block, norm, order, shortcut or scale; an argument out of its range.
    """
    check_sizes(depth=depth, width=width, members=members)
    check_sizes(least=0, frequencies=frequencies)
    check_shares(dropout=dropout)
    shape = shape_behind(frontend, input_shape)
    if len(shape) != 1 or not shape[0]:
        raise RequestError(f"{name} takes features of shape (features,), not {shape}")
    unit = partial(
        BLOCKS.get(block),
        order=order,
        shortcut=shortcut,
        zero_init=zero_init and shortcut != "none" and scale == "none",
        norm=norm,
        dropout=dropout,
        **options_of(block, scale=(scale, "none")),
    )
    features, x = raw_input(input_shape, "features", frontend)
    x = normalise_input(x, mean, std)
    if frequencies and isinstance(frontend, Bins) and 0 < len(frontend.numbers) <= _MOST_NUMBERS:
        x = Periodic(frontend.numbers, frequencies, _VECTOR, _SPREAD, name=PERIODIC)(x)
    if members > 1:
        x = normalise(MembersDense(members, width, name="stem_dense")(x), norm, name="stem")
    else:
        x = dense_norm(x, width, norm, name="stem")
    x = layers.ReLU(name="stem_relu")(x)
    for index in range(1, depth + 1):
        x = unit(x, width, name=unit_name(index))
    if order == "linear_output":
        # In this order no activation follows the last sum, so it gets one here (He et al. 2016).
        x = normalise(x, norm, name="head")
        x = layers.ReLU(name="head_relu")(x)
    if members > 1:
        x = layers.Rescaling(1 / members, name=MEMBERS)(x)
        x = layers.Reshape((members * width,), name="head_features")(x)
    if num_classes:
        # The features of one member lead to its outputs, which are no smaller than without others.
        first = keras.initializers.VarianceScaling(members, "fan_avg", "uniform")
        x = layers.Dense(num_classes, dtype="float32", kernel_initializer=first, name=LOGITS)(x)
    return keras.Model(features, x, name=name)
