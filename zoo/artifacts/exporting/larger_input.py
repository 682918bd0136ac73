"""Files that take larger pictures than their network, and scale them inside with averaging."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zoo.checkpoints.card import Card
from zoo.errors import RequestError
from zoo.forms import Picture

if TYPE_CHECKING:
    import keras

    from zoo.checkpoints.load import Checkpoint

_PIXELS = (0.0, 255.0)


def check_input_size(card: Card, size: int | None) -> int:
    """Returns how many times as high as the network's the pictures of a file are.

    Args:
        card: Of the checkpoint.
        size: Height and width in pixels; None: those of the network.

    Raises:
        RequestError: The checkpoint takes no such pictures, or the size is no multiple of its own.
    """
    if size is None:
        return 1
    form = card.input
    if not isinstance(form, Picture):
        raise RequestError(f"--input_size is for pictures, and the checkpoint takes a {form.kind}")
    height, width, _ = form.shape
    if height != width:
        raise RequestError(
            f"--input_size is for square pictures, and the checkpoint takes {height}×{width}"
        )
    if size % height or size < height:
        near = [height * max(2, size // height), height * (max(2, size // height) + 1)]
        raise RequestError(
            f"--input_size={size} is no multiple of the {height} pixels that the checkpoint takes; "
            f"say {near[0]} or {near[1]}"
        )
    if size > height and (form.interpolation, form.antialias) != ("bilinear", True):
        raise RequestError(
            "--input_size scales bilinearly with averaging, and the checkpoint learnt pictures "
            f"scaled {form.interpolation}{'' if form.antialias else ' without averaging'}; leave "
            "it out"
        )
    return size // height


def load_larger(name: str, factor: int) -> Checkpoint:
    """Loads a checkpoint as a network that takes larger pictures and scales them first.

    Args:
        name: Name or folder.
        factor: What `check_input_size` returned; 1: the network as it is.

    Returns:
        Its card says the larger size too.
    """
    from zoo.checkpoints.load import load
    from zoo.frontends.shrink import Shrink

    if factor == 1:
        return load(name)
    own = load(name)
    form = own.card.input
    assert isinstance(form, Picture)
    larger = form.sized(form.shape[0] * factor)
    checkpoint = load(name, input_shape=larger.shape, frontend=Shrink(factor))
    return replace(checkpoint, card=replace(own.card, input=larger))


def scaled_to(model: keras.Model) -> tuple[int, int] | None:
    """Returns the height and width to which a model scales its pictures; None: it does not."""
    from zoo.frontends.shrink import Shrink

    for layer in model.layers:
        if isinstance(layer, Shrink):
            _, height, width, _ = layer.output.shape
            return height, width
    return None


def ranges_inside(model: keras.Model) -> dict[str, tuple[float, float]]:
    """Returns the ranges of the pictures before and behind the scaling, for integers of step 1."""
    from zoo.frontends.shrink import Shrink

    names = [layer.name for layer in model.layers if isinstance(layer, Shrink)]
    return dict.fromkeys([model.inputs[0].name, *names], _PIXELS) if names else {}
