"""The residual block of the residual MLP."""

from __future__ import annotations

from keras import layers

from zoo.blocks import register
from zoo.blocks.norm import Norm, normalise
from zoo.residual import Order, Scale, Shortcut, Tensor, residual


@register("mlp")
def mlp(
    x: Tensor,
    width: int,
    *,
    order: Order = "post_activation",
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
    zero_init: bool = False,
    norm: Norm = "batch",
    dropout: float = 0.0,
    name: str = "mlp",
) -> Tensor:
    """Two dense layers: the basic block of He et al. 2015 (figure 5 left) without the image.

    It has two layers because a residual unit of one layer is y = W x + x, for which He et al. "have
    not observed advantages" (section 3.2).

    Args:
        x: Input, (batch, features).
        width: Features of both layers and of the output.
        order: Where the ReLU stands, see `zoo.residual`.
        shortcut: What is added, see `zoo.residual`.
        scale: What multiplies the branch, see `zoo.residual`.
        zero_init: Starts the branch at zero, so that the unit starts as its shortcut.
        norm: After each dense layer, see `zoo.blocks.norm`.
        dropout: Share of features dropped between the two layers, in training.
        name: Prefix of the layers' names.

    Returns:
        (batch, width).
    """

    def branch(y: Tensor) -> Tensor:
        y = dense_norm(y, width, norm, name=f"{name}_1")
        y = layers.ReLU(name=f"{name}_1_relu")(y)
        y = layers.Dropout(dropout, name=f"{name}_dropout")(y) if dropout else y
        return dense_norm(y, width, norm, name=f"{name}_2", zero_init=zero_init)

    def project(y: Tensor) -> Tensor:
        return dense_norm(y, width, norm, name=f"{name}_shortcut")

    return residual(x, branch, project, order=order, shortcut=shortcut, scale=scale, name=name)


def dense_norm(x: Tensor, width: int, norm: Norm, *, name: str, zero_init: bool = False) -> Tensor:
    """Returns a dense layer and its norm. The layer has a bias only if the norm has none.

    Args:
        x: Input, (batch, ..., features).
        width: Features of the output.
        norm: See `zoo.blocks.norm`.
        name: Prefix of the layers' names.
        zero_init: Starts the output at zero.
    """
    plain = norm == "none"
    x = layers.Dense(
        width,
        use_bias=plain,
        kernel_initializer="zeros" if plain and zero_init else "he_normal",
        name=f"{name}_dense",
    )(x)
    return normalise(x, norm, name=name, zero_init=zero_init)
