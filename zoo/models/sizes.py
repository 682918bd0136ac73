"""How large a model may be. Checked before it is built, since others may write configurations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from zoo.errors import RequestError

if TYPE_CHECKING:
    import keras

MOST_BLOCKS = 1_000  # He et al. 2016 train 333 blocks, in 1,001 layers.
MOST_PARAMETERS = 500_000_000  # 2 GB of float32; a ResNet-152 has 60 million.
MOST_VALUES = 2**28  # Numbers in one input.
MOST_CHANNELS = 2**18  # Channels or features; each has a mean and a deviation.

T = TypeVar("T")

_SURELY_SMALL = MOST_PARAMETERS // 5


def check_sizes(*, least: int = 1, **sizes: int) -> None:
    """Refuses sizes that are not whole numbers from `least` up, and too many blocks.

    Raises:
        RequestError: The message names the size.
    """
    for name, size in sizes.items():
        if type(size) is not int or size < least:  # Not True, which is an int as well.
            raise RequestError(f"{name} must be a whole number from {least} up, not {size!r}")
        if name == "depth" and size > MOST_BLOCKS:
            raise RequestError(f"depth must be at most {MOST_BLOCKS:,}, not {size:,}")


def check_shares(**shares: float) -> None:
    """Refuses shares, such as of dropout, that are not in [0, 1).

    Raises:
        RequestError: The message names the share.
    """
    for name, share in shares.items():
        if not isinstance(share, (int, float)) or not 0 <= share < 1:
            raise RequestError(f"{name} must be in [0, 1), not {share!r}")


def check_stages(depths: Sequence[int], widths: Sequence[int]) -> None:
    """Refuses depths and widths of stages that are not positive whole numbers, or too many blocks.

    Raises:
        RequestError: The message names them.
    """
    for key, values in (("depths", depths), ("widths", widths)):
        if not isinstance(values, (list, tuple)) or not values:
            raise RequestError(f"{key} must be a list of whole numbers, not {values!r}")
        for value in values:
            check_sizes(**{key: value})
    if len(depths) != len(widths):
        raise RequestError(f"there are {len(depths)} depths for {len(widths)} widths")
    if sum(depths) > MOST_BLOCKS:
        raise RequestError(f"depths must be {MOST_BLOCKS:,} together at most, not {sum(depths):,}")


def check_parameters(
    name: str, arguments: Mapping[str, Any], build: Callable[[], keras.Model]
) -> None:
    """Refuses a model of more parameters than `MOST_PARAMETERS`, before memory is taken for them.

    Args:
        name: Name of the model, for the message.
        arguments: All arguments of its builder.
        build: Builds it.

    Raises:
        RequestError: It has more, or its input is over `MOST_VALUES` or `MOST_CHANNELS`.
    """
    from zoo.models.inputs import shape_behind

    shape = [size or 1 for size in arguments.get("input_shape") or (1,)]
    channels = shape_behind(arguments.get("frontend"), tuple(shape))[-1] or 1
    # The samples of a sound are no channels, nor is a column that becomes many features.
    if math.prod(shape) > MOST_VALUES or min(shape[-1], channels) > MOST_CHANNELS:
        raise RequestError(
            f"{name}: an input of {' × '.join(f'{size:,}' for size in shape)} values is too large; "
            f"the zoo takes {MOST_VALUES:,} values in {MOST_CHANNELS:,} channels or features"
        )
    if _at_most(arguments, channels) <= _SURELY_SMALL:
        return
    count = without_values(
        lambda: sum(math.prod(variable.shape) for variable in build().trainable_variables)
    )
    if count > MOST_PARAMETERS:
        raise RequestError(
            f"{name} would have {count:,} parameters; the zoo builds up to {MOST_PARAMETERS:,}"
        )


def without_values(ask: Callable[[], T]) -> T:
    """Calls `ask` without giving memory to the weights of the models that it builds.

    Keras lists the variables that wait for values, in one list for each thread, and would later
    fill them all. Here a thread of its own ends, and takes its list with it.

    Args:
        ask: Builds models.

    Returns:
        What `ask` returns. Its models have layers, names and shapes, but cannot compute.
    """
    import keras

    def in_scope() -> T:
        with keras.StatelessScope(initialize_variables=False):
            return ask()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(in_scope).result()


def _at_most(arguments: Mapping[str, Any], channels: int) -> int:
    """Returns a number of parameters that no built-in block exceeds; unknown sizes count as 1.

    Args:
        arguments: Of a builder.
        channels: That its network reads.
    """

    def number(key: str) -> int:
        value = arguments.get(key)
        return max(1, value) if type(value) is int else 1

    def largest(keys: Sequence[str]) -> int:
        return max([1, *(n for key in keys for n in arguments.get(key) or () if type(n) is int)])

    width = max(number("width"), largest(["widths"]))
    blocks = max(number("depth"), sum(n for n in arguments.get("depths") or () if type(n) is int))
    stem = max(49, number("patch") ** 2) * channels * width * number("members")
    head = 4 * width * number("num_classes")
    return blocks * (36 + 2 * number("expansion")) * width**2 + stem + head
