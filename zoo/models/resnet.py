"""ResNets: one builder over data (depths, widths, block, stem)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import keras
from keras import layers

from zoo.blocks import BLOCKS, options_of
from zoo.blocks.conv import conv_norm, convolve
from zoo.blocks.norm import Norm, normalise
from zoo.errors import RequestError
from zoo.frontends.frontend import Frontend
from zoo.models.imagenet import imagenet_statistics
from zoo.models.inputs import raw_input, shape_behind
from zoo.models.names import LOGITS, unit_name
from zoo.models.normalization import normalise_input
from zoo.models.sizes import check_sizes, check_stages
from zoo.residual import Order, Scale, Shortcut, Tensor


def resnet(
    *,
    depths: Sequence[int],
    widths: Sequence[int],
    block: str,
    stem: Literal["imagenet", "deep", "small"] = "imagenet",
    num_classes: int = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    shortcut: Shortcut = "auto",
    order: Order = "post_activation",
    norm: Norm = "batch",
    scale: Scale = "none",
    norm_first: bool = False,
    groups: int = 1,
    width_per_group: int = 64,
    pooled_shortcut: bool = False,
    squeeze: int = 0,
    zero_init: bool = False,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    frontend: Frontend | None = None,
    name: str = "resnet",
) -> keras.Model:
    """Builds a ResNet (He et al. 2015; torchvision's v1.5 where the two differ).

    Args:
        depths: Blocks in each stage.
        widths: Width of the blocks of each stage; every stage but the first halves the image.
        block: Name of a registered block.
        stem: "imagenet": 7×7 convolution with stride 2 and 3×3 max pooling with stride 2;
            "deep": the same with three 3×3 convolutions (ResNet-D of He et al. 2018);
            "small": 3×3 convolution, for images of about 32 pixels (section 4.2).
        num_classes: Width of the logits; 0 gives the pooled features.
        input_shape: Height, width and channels; height and width from 32 up, or None.
        shortcut: What is added, see `zoo.residual`.
        order: Where the ReLU stands, see `zoo.residual`.
        norm: Of each convolution, see `zoo.blocks.norm`. Without one a deep network needs a scale.
        scale: What multiplies each branch, see `zoo.residual`.
        norm_first: Full pre-activation (He et al. 2016), see `zoo.blocks.conv.bottleneck`; norm and
            ReLU of the stem go to the first unit.
        groups: Of the block's 3×3 convolutions, see there.
        width_per_group: See there.
        pooled_shortcut: See there.
        squeeze: See there.
        zero_init: Starts each branch at zero, see `zoo.blocks.conv.basic`. Ignored with a scale,
            which does so too; with both, neither would learn.
        mean: Subtracted from each channel, in units of the input; None: ImageNet's for three
            channels, else its average.
        std: Each channel is divided by it; None: ImageNet's in the same way.
        frontend: Makes what the network reads of raw input; None: the network reads it as it is.
        name: Name of the model.

    Returns:
        A model from float images in [0, 255], (batch, height, width, channels), to logits,
        (batch, num_classes).

    Raises:
        RequestError: Unknown block, stem, order, shortcut, norm or scale; a size under 32; stages
            or groups that are not whole numbers; an option that the block does not have.
    """
    shape = shape_behind(frontend, input_shape)
    spectrogram = frontend is not None and len(shape) == 2
    _check_shape((*shape, 1) if spectrogram else shape)
    check_stages(depths, widths)
    check_sizes(groups=groups, width_per_group=width_per_group)
    check_sizes(least=0, squeeze=squeeze)
    options = options_of(
        block,
        norm=(norm, "batch"),
        scale=(scale, "none"),
        norm_first=(norm_first, False),
        groups=(groups, 1),
        width_per_group=(width_per_group, 64),
        pooled_shortcut=(pooled_shortcut, False),
        squeeze=(squeeze, 0),
    )
    unit = partial(
        BLOCKS.get(block),
        order=order,
        shortcut=shortcut,
        zero_init=zero_init and scale == "none",
        **options,
    )

    image, x = raw_input(input_shape, "image", frontend)
    if frontend is None:
        usual_mean, usual_std = imagenet_statistics(input_shape[-1])
        mean, std = usual_mean if mean is None else mean, usual_std if std is None else std
    x = normalise_input(x, mean, std)
    if spectrogram:
        x = layers.Reshape((*shape, 1), name="stem_picture")(x)
    x = _stem(x, widths[0], stem, norm, activate=not norm_first)
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        for index in range(1, depth + 1):
            stride = 2 if stage > 1 and index == 1 else 1
            x = unit(x, width, stride=stride, name=unit_name(index, stage))
    if order == "linear_output":
        # In this order no activation follows the last sum, so it gets one here (He et al. 2016).
        x = normalise(x, norm, name="head")
        x = layers.ReLU(name="head_relu")(x)
    x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    if num_classes:
        x = layers.Dense(num_classes, dtype="float32", name=LOGITS)(x)
    return keras.Model(image, x, name=name)


def _stem(x: Tensor, width: int, stem: str, norm: Norm, *, activate: bool) -> Tensor:
    """Returns what the first unit reads; without `activate`, no norm or ReLU ends the stem."""
    if stem not in ("imagenet", "deep", "small"):
        raise RequestError(f"unknown stem {stem!r}; known: imagenet, deep, small")
    bias = norm == "none"
    if stem == "deep":
        for index, stride in ((1, 2), (2, 1)):
            x = conv_norm(x, width // 2, 3, stride, norm=norm, name=f"stem_{index}")
            x = layers.ReLU(name=f"stem_{index}_relu")(x)
        x = convolve(x, width, 3, bias=bias, name=(name := "stem_3"))
    elif stem == "imagenet":
        x = convolve(x, width, 7, 2, bias=bias, name=(name := "stem"))
    else:
        x = convolve(x, width, 3, bias=bias, name=(name := "stem"))
    if activate:
        x = layers.ReLU(name="stem_relu")(normalise(x, norm, name=name))
    if stem == "small":
        return x
    if activate:
        # After a ReLU nothing is below zero, so zeros pad as well as torch's -inf.
        x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
        return layers.MaxPooling2D(3, 2, name="stem_pool")(x)
    # Otherwise zeros would win. "same" pads both sides with -inf where nothing is skipped, so that
    # every second place of it is what torch pools; it needs no constant that integers cannot hold.
    x = layers.MaxPooling2D(3, 1, padding="same", name="stem_pool")(x)
    return layers.MaxPooling2D(1, 2, name="stem_pool_stride")(x)


def _check_shape(shape: tuple[int | None, ...]) -> None:
    if len(shape) != 3 or not shape[2]:
        raise RequestError(f"a ResNet takes (height, width, channels), not {shape}")
    if any(side is not None and side < 32 for side in shape[:2]):
        raise RequestError(f"image size {shape[0]}×{shape[1]} is under 32×32, the smallest allowed")
