"""What a network knows of its input before it decides: the features that its head reads."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from zoo.errors import RequestError
from zoo.models.names import LOGITS, part_of

# What the pooling of the stem reads, if there is one: the last of these that there is.
_STEM = ("stem_conv", "stem_3_conv", "stem_relu")
_PROBE = 1024  # Pixels a side, where a model takes any size.


def headless(network: keras.Model) -> keras.Model:
    """Returns the part of a network before its layer "logits"; it shares the weights.

    It gives (batch, features). A network that was built with `num_classes=0` is that already.
    """
    if LOGITS not in {layer.name for layer in network.layers}:
        return network
    return keras.Model(network.input, network.get_layer(LOGITS).input)


def features(network: keras.Model) -> keras.Model:
    """Returns a model of what each stage of a ResNet gives, for a detector or a segmentation.

    It shares the weights. `strides` says how far each stage has shrunk the picture.

    Args:
        network: A ResNet of the zoo, with or without its head.

    Returns:
        A model from what the network takes to a dictionary: "stem", before its pooling, then
        "stage1", "stage2" and so on, each (batch, height, width, channels) as the next stage gets
        it. In the order "linear_output" no activation follows the sums.

    Raises:
        RequestError: The network has no stages.
    """
    ends = {}
    for layer in network.layers:
        part = part_of(layer.name)
        if part.startswith("stage") or layer.name in _STEM:
            ends[part] = layer.output
    if not any(part.startswith("stage") for part in ends):
        raise RequestError(
            f"{network.name} has no stages whose features could be had; a ResNet has"
        )
    return keras.Model(network.input, ends, name=f"{network.name}_features")


def strides(network: keras.Model) -> dict[str, int]:
    """Returns how many pixels of the picture one step of each stage is: {"stem": 2, "stage1": 4}.

    Args:
        network: A result of `features` that takes pictures.

    Raises:
        RequestError: It takes something else, or pictures of a size that the stages do not divide.
    """
    shape = network.input_shape
    if len(shape) != 4:
        raise RequestError(f"{network.name} takes {shape[1:]}, no pictures, so it has no strides")
    sides = [side or _PROBE for side in shape[1:3]]
    probed = network.compute_output_spec(keras.KerasTensor((1, *sides, shape[3])))
    ordered = sorted(probed, key=lambda name: name.startswith("stage"))  # Keras sorts by name.
    return {name: _stride(sides, probed[name].shape[1:3]) for name in ordered}


def _stride(sides: Sequence[int], steps: Sequence[int]) -> int:
    """Returns the one power of two by which either side was divided without a rest."""
    for side, count in zip(sides, steps, strict=True):
        stride, rest = divmod(side, count)
        if not rest and stride.bit_count() == 1:
            return stride
    raise RequestError(
        f"pictures of {sides[0]}×{sides[1]} leave a rest in a stage; build the model with "
        "input_shape=(None, None, 3) to have its strides"
    )
