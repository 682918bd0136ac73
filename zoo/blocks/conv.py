"""Convolutional residual blocks, as in He et al. 2015 and 2016 and torchvision (v1.5 stride)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from keras import layers

from zoo.blocks import register
from zoo.blocks.norm import Norm, normalise
from zoo.errors import RequestError
from zoo.residual import Order, Scale, Shortcut, Tensor, residual


@register("basic")
def basic(
    x: Tensor,
    width: int,
    *,
    stride: int = 1,
    order: Order = "post_activation",
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
    norm: Norm = "batch",
    norm_first: bool = False,
    pooled_shortcut: bool = False,
    squeeze: int = 0,
    zero_init: bool = False,
    name: str = "basic",
) -> Tensor:
    """Two 3×3 convolutions (He et al. 2015, figure 5 left).

    Args:
        x: Input, (batch, height, width, channels).
        width: Channels of both convolutions and of the output.
        stride: Stride of the first convolution.
        order: Where the ReLU stands, see `zoo.residual`.
        shortcut: What is added, see `zoo.residual`.
        scale: What multiplies the branch, see `zoo.residual`.
        norm: Of each convolution, see `zoo.blocks.norm`.
        norm_first: See `bottleneck`.
        pooled_shortcut: See `bottleneck`.
        squeeze: See `bottleneck`.
        zero_init: Starts the last normalisation's gamma, or without a norm behind it the last
            kernel, at zero, so that the unit starts as its shortcut (Goyal et al. 2017, section
            5.1).
        name: Prefix of the layers' names.

    Returns:
        (batch, height / stride, width / stride, width).

    Raises:
        RequestError: `norm_first` in another order than "linear_output".
    """
    return _unit(
        x,
        (Convolution(width, 3, stride), Convolution(width, 3)),
        stride=stride,
        order=order,
        shortcut=shortcut,
        scale=scale,
        norm=norm,
        norm_first=norm_first,
        pooled_shortcut=pooled_shortcut,
        squeeze=squeeze,
        zero_init=zero_init,
        name=name,
    )


@register("bottleneck")
def bottleneck(
    x: Tensor,
    width: int,
    *,
    stride: int = 1,
    order: Order = "post_activation",
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
    norm: Norm = "batch",
    norm_first: bool = False,
    groups: int = 1,
    width_per_group: int = 64,
    pooled_shortcut: bool = False,
    squeeze: int = 0,
    zero_init: bool = False,
    name: str = "bottleneck",
) -> Tensor:
    """1×1, 3×3 and 1×1 convolutions (He et al. 2015, figure 5 right).

    The stride is in the 3×3 convolution, as in torchvision ("ResNet v1.5"). The paper has it in the
    first 1×1. In groups, it is a unit of ResNeXt (Xie et al. 2017); with one group of more than 64,
    of a Wide ResNet (Zagoruyko and Komodakis 2016).

    Args:
        x: Input, (batch, height, width, channels).
        width: The output has four times as many channels; the first two convolutions have
            `groups * width_per_group / 64` times as many.
        stride: Stride of the 3×3 convolution.
        order: Where the ReLU stands, see `zoo.residual`.
        shortcut: What is added, see `zoo.residual`.
        scale: What multiplies the branch, see `zoo.residual`.
        norm: Of each convolution, see `zoo.blocks.norm`.
        norm_first: Has norm and ReLU before each convolution, not behind it: the full
            pre-activation of He et al. 2016, figure 4(e), "ResNet-V2". A projection reads the
            first of these ReLUs and has no norm. Only in the order "linear_output".
        groups: Into how many the channels of the 3×3 convolution are divided.
        width_per_group: Channels of a group in a stage of width 64, as torchvision counts.
        pooled_shortcut: Halves the image of the shortcut by an average of 2×2 pixels before its
            convolution, which then skips none (ResNet-D of He et al. 2018, "Bag of Tricks").
        squeeze: Scales each channel of the branch by what all channels are in the mean, through a
            layer of so many times fewer channels (Hu et al. 2017, "Squeeze-and-Excitation", who
            take 16). 0: does not.
        zero_init: See `basic`.
        name: Prefix of the layers' names.

    Returns:
        (batch, height / stride, width / stride, 4 * width).

    Raises:
        RequestError: So few channels to a group leave none; `norm_first` in another order than
            "linear_output".
    """
    inner = width * width_per_group // 64 * groups
    if not inner:
        raise RequestError(
            f"width_per_group {width_per_group} leaves a stage of width {width} without channels"
        )
    return _unit(
        x,
        (
            Convolution(inner, 1),
            Convolution(inner, 3, stride, groups),
            Convolution(4 * width, 1),
        ),
        stride=stride,
        order=order,
        shortcut=shortcut,
        scale=scale,
        norm=norm,
        norm_first=norm_first,
        pooled_shortcut=pooled_shortcut,
        squeeze=squeeze,
        zero_init=zero_init,
        name=name,
    )


class Convolution(NamedTuple):
    """A convolution of a branch."""

    filters: int
    kernel: int
    stride: int = 1
    groups: int = 1


def _unit(
    x: Tensor,
    convolutions: Sequence[Convolution],
    *,
    stride: int,
    order: Order,
    shortcut: Shortcut,
    scale: Scale,
    norm: Norm,
    norm_first: bool,
    pooled_shortcut: bool,
    squeeze: int,
    zero_init: bool,
    name: str,
) -> Tensor:
    """Returns the sum of a shortcut and a branch of some convolutions."""
    if norm_first and order != "linear_output":
        raise RequestError(f"norm_first is of the order 'linear_output', not of {order!r}")

    def branch(y: Tensor) -> Tensor:
        for place, convolution in enumerate(convolutions, start=1):
            part, last = f"{name}_{place}", place == len(convolutions)
            if norm_first:
                # The residual sum has activated what the first one reads.
                y = y if place == 1 else norm_relu(y, norm, name=part)
                bias = norm == "none"
                y = convolve(y, *convolution, bias=bias, name=part, zero_init=zero_init and last)
            else:
                y = conv_norm(y, *convolution, norm, name=part, zero_init=zero_init and last)
                y = y if last else layers.ReLU(name=f"{part}_relu")(y)
        return excite(y, squeeze, name=name) if squeeze else y

    def project(y: Tensor) -> Tensor:
        filters = convolutions[-1].filters
        own = None if norm_first else norm
        return _projected(y, filters, stride, own, pooled=pooled_shortcut, name=name)

    return residual(
        x,
        branch,
        project,
        order=order,
        activation=partial(norm_relu, norm=norm, name=f"{name}_1") if norm_first else "relu",
        activated_shortcut=norm_first,
        shortcut=shortcut,
        scale=scale,
        stride=stride,
        name=name,
    )


def _projected(
    x: Tensor, filters: int, stride: int, norm: Norm | None, *, pooled: bool, name: str
) -> Tensor:
    """Returns the shortcut in the shape of a branch; norm None: it has neither norm nor bias."""
    convolution = convolve if norm is None else partial(conv_norm, norm=norm)
    if not pooled:
        return convolution(x, filters, 1, stride, name=f"{name}_shortcut")
    if stride > 1:
        # At an odd edge, Keras and timm average over the pixels that are there.
        x = layers.AveragePooling2D(stride, padding="same", name=f"{name}_shortcut_pool")(x)
    return convolution(x, filters, 1, name=f"{name}_pooled_shortcut")


def excite(x: Tensor, squeeze: int, *, name: str) -> Tensor:
    """Returns x with each channel scaled by what all channels are in the mean (Hu et al. 2017).

    Args:
        x: Input, (batch, height, width, channels).
        squeeze: How many times fewer channels there are in between; their number is rounded to
            eights, as timm does.
        name: Prefix of the layers' names.
    """
    channels = x.shape[-1]
    between = max(8, (channels // squeeze + 4) // 8 * 8)
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze_pool")(x)
    y = layers.Conv2D(between, 1, activation="relu", name=f"{name}_squeeze_conv")(y)
    y = layers.Conv2D(channels, 1, activation="sigmoid", name=f"{name}_excite_conv")(y)
    return layers.Multiply(name=f"{name}_excite")([x, y])


def norm_relu(x: Tensor, norm: Norm, *, name: str) -> Tensor:
    """Returns the ReLU of the normalisation of x; `name` is the prefix of both layers."""
    return layers.ReLU(name=f"{name}_relu")(normalise(x, norm, name=name))


def conv_norm(
    x: Tensor,
    filters: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    norm: Norm = "batch",
    *,
    name: str,
    zero_init: bool = False,
) -> Tensor:
    """Returns a convolution as `convolve` makes it and its norm.

    It has a bias only if there is no norm, which has one. `zero_init` is of the norm's gamma, or
    without a norm of the kernel.
    """
    plain = norm == "none"
    zeros = zero_init and plain
    x = convolve(x, filters, kernel, stride, groups, bias=plain, name=name, zero_init=zeros)
    return normalise(x, norm, name=name, zero_init=zero_init)


def convolve(
    x: Tensor,
    filters: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    *,
    bias: bool = False,
    name: str,
    zero_init: bool = False,
) -> Tensor:
    """Returns a convolution, padded like torch's `padding=kernel // 2`.

    Args:
        x: Input, (batch, height, width, channels).
        filters: Channels of the output.
        kernel: Side of the kernel, odd.
        stride: Stride of the convolution.
        groups: Into how many the channels are divided.
        bias: Whether it has one.
        name: Prefix of the layers' names.
        zero_init: Starts the kernel at zero.
    """
    if stride > 1 and kernel > 1:
        # "same" pads even sizes on the far side only; torch pads both.
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    # Fan-out keeps the variance of the gradients (He et al. 2015, "Delving Deep"; torchvision).
    usual = {
        "class_name": "VarianceScaling",
        "config": {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal"},
    }
    return layers.Conv2D(
        filters,
        kernel,
        stride,
        padding="same" if stride == 1 else "valid",
        groups=groups,
        use_bias=bias,
        kernel_initializer="zeros" if zero_init else usual,
        name=f"{name}_conv",
    )(x)
