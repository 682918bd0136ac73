"""The residual block of the Transformer encoder."""

from __future__ import annotations

from keras import layers, ops

from zoo.blocks import register
from zoo.blocks.norm import Norm, normalise
from zoo.errors import RequestError
from zoo.residual import Order, Scale, Shortcut, Tensor, residual

# Added to the scores of padding. e^-30 of the attention is as good as nothing. A larger number
# would cost an int8 file the resolution of the other scores.
_PADDING = -30.0


@register("encoder")
def encoder(
    x: Tensor,
    width: int,
    *,
    order: Order = "linear_output",
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
    zero_init: bool = False,
    norm: Norm = "layer",
    dropout: float = 0.0,
    heads: int = 4,
    expansion: int = 2,
    mask: Tensor | None = None,
    name: str = "encoder",
) -> Tensor:
    """Self-attention and two dense layers, each a residual unit (Vaswani et al. 2017).

    The norm takes the place of a ResNet's activation. The three orders are then known ones:
    "post_activation" is post-norm, the original; "linear_output" is pre-norm (Xiong et al. 2020);
    "relu_output" normalises the branch before the sum (Liu et al. 2022, Swin V2).

    Args:
        x: Input, (batch, steps, features).
        width: Features of the output.
        order: Where the norm stands, see above and `zoo.residual`.
        shortcut: What is added, see `zoo.residual`.
        scale: What multiplies each branch, see `zoo.residual`.
        zero_init: Starts each branch at zero, so that the unit starts as its shortcut.
        norm: See `zoo.blocks.norm`.
        dropout: Share of each branch's features dropped, in training.
        heads: Number of attention heads; they share the width.
        expansion: Width between the two dense layers, as a multiple of `width`.
        mask: (batch, steps) bool: the steps that are not padding. None: all.
        name: Prefix of the layers' names.

    Returns:
        (batch, steps, width).

    Raises:
        RequestError: The heads do not divide the width; see also `zoo.blocks.norm` and
            `zoo.residual`.
    """
    if heads < 1 or width % heads:
        raise RequestError(f"{heads} heads cannot share a width of {width}; one must divide it")
    last = "zeros" if zero_init else "glorot_uniform"

    def unit(x: Tensor, kind: str) -> Tensor:
        prefix = f"{name}_{kind}"

        def branch(y: Tensor) -> Tensor:
            if kind == "attention":
                y = attention(y, width, heads, mask=mask, name=prefix)
            else:
                y = layers.Dense(expansion * width, activation="relu", name=f"{prefix}_1")(y)
            y = layers.Dense(width, kernel_initializer=last, name=f"{prefix}_output")(y)
            return layers.Dropout(dropout, name=f"{prefix}_dropout")(y) if dropout else y

        return residual(
            x,
            branch,
            lambda y: layers.Dense(width, use_bias=False, name=f"{prefix}_shortcut")(y),
            order=order,
            activation=lambda y: normalise(y, norm, name=prefix, mask=mask),
            shortcut=shortcut,
            scale=scale,
            name=prefix,
        )

    return unit(unit(x, "attention"), "mlp")


def attention(
    x: Tensor, width: int, heads: int, *, mask: Tensor | None = None, name: str = "attention"
) -> Tensor:
    """Returns what each step takes from all steps (Vaswani et al. 2017, section 3.2).

    Args:
        x: Input, (batch, steps, features).
        width: Features of the output, all heads together.
        heads: Each attends with its share of the width.
        mask: (batch, steps) bool: the steps that are not padding. None: all.
        name: Prefix of the layers' names.

    Returns:
        (batch, steps, width), before the dense layer that mixes the heads.
    """
    share = width // heads
    # May be None. A Reshape to -1 instead would fail on a worker's empty part of a batch.
    steps = x.shape[1]

    def project(kind: str) -> Tensor:
        y = layers.Dense(width, name=f"{name}_{kind}")(x)
        if steps is None:
            return ops.stack(ops.split(y, heads, axis=-1), axis=1)
        y = layers.Reshape((steps, heads, share), name=f"{name}_{kind}_heads")(y)
        return ops.transpose(y, (0, 2, 1, 3))

    query, key, value = (project(kind) for kind in ("query", "key", "value"))
    scores = ops.matmul(query * share**-0.5, ops.transpose(key, (0, 1, 3, 2)))
    if mask is not None:
        # A sum, since `where` in integers would force one range on both.
        scores = scores + ops.where(mask, 0.0, _PADDING)[:, None, None, :]
    mixed = ops.matmul(ops.softmax(scores), value)
    if steps is None:
        return ops.concatenate(ops.unstack(mixed, heads, axis=1), axis=-1)
    mixed = ops.transpose(mixed, (0, 2, 1, 3))
    return layers.Reshape((steps, width), name=f"{name}_joined")(mixed)
