"""Chooses the arithmetic in which training is fastest on this machine."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import keras

from zoo.checkpoints.card import Card
from zoo.checkpoints.store import build_from_card
from zoo.residual import shallow
from zoo.training.distribution.distribution import Distribution
from zoo.training.recipes.recipe import PRECISIONS, Recipe

# From this compute capability on, a GPU's tensor cores support the type.
BFLOAT16_CAPABILITY, FLOAT16_CAPABILITY = (8, 0), (7, 0)
_CPU_INFO = Path("/proc/cpuinfo")


def choose_precision(*, scaled: bool = True) -> tuple[str, str]:
    """Returns a precision of `zoo.training.recipes.recipe.Recipe` for this machine, and the reason.

    Args:
        scaled: Whether the loss can be scaled, which float16 needs.
    """
    return fastest(_capability(), _cpu_flags(), scaled=scaled)


def resolve_precision(name: str, distribution: Distribution, tell: Callable[[str], None]) -> str:
    """Returns a precision; "auto" becomes the fastest here.

    Args:
        name: A precision, or "auto".
        distribution: Its devices train.
        tell: Called with a line that says what "auto" became.

    Raises:
        RequestError: The devices cannot train together in this precision.
    """
    if name != "auto":
        distribution.check_precision(name)
        return name
    chosen, why = choose_precision(scaled=distribution.strategy is None)
    tell(f"precision: {chosen} ({why})")
    return chosen


def fastest(
    capability: tuple[int, ...] | None, cpu_flags: Collection[str], *, scaled: bool = True
) -> tuple[str, str]:
    """Returns the fastest precision, and the reason.

    A processor with instructions for bfloat16 uses it. With vector instructions alone (AVX512-BF16,
    two cores of an AMD EPYC), whole epochs of ResNet-18 were 1.07 times as fast as in float32 at 32
    pixels and 1.27 times at 64 (`python -m benchmarks.throughput`).

    Args:
        capability: Compute capability of the GPU, major and minor; None: there is no GPU.
        cpu_flags: Instruction sets of the processor, in Linux's names.
        scaled: Whether the loss can be scaled, which float16 needs.
    """
    if capability is not None:
        reason = f"compute capability {'.'.join(map(str, capability))}"
        if capability >= BFLOAT16_CAPABILITY:
            return "bfloat16", f"the GPU has it: {reason}"
        if capability >= FLOAT16_CAPABILITY and not scaled:
            return "float32", f"float16 is of one device; the GPU has no bfloat16: {reason}"
        if capability >= FLOAT16_CAPABILITY:
            return "float16", f"with loss scaling; the GPU has no bfloat16: {reason}"
        return "float32", f"the GPU has no fast half precision: {reason}"
    if "amx_bf16" in cpu_flags:
        return "bfloat16", "the processor has a matrix unit for it, AMX"
    if "avx512_bf16" in cpu_flags:
        return "bfloat16", "the processor has vector instructions for it, AVX512-BF16"
    return "float32", "the processor has no instructions for bfloat16"


def _capability() -> tuple[int, ...] | None:
    if keras.backend.backend() == "jax":
        import jax

        version = getattr(jax.devices()[0], "compute_capability", None)
        return None if version is None else tuple(int(part) for part in str(version).split("."))
    import tensorflow as tf

    for device in tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_device_details(device).get("compute_capability")
    return None


def _cpu_flags() -> set[str]:
    if not _CPU_INFO.is_file():
        return set()
    lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


def network_for(card: Card, recipe: Recipe) -> keras.Model:
    """Builds the model of a card for training, with the arithmetic and depth of a recipe."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(PRECISIONS[recipe.precision])
    try:
        return shallow(lambda: build_from_card(card), recipe.stochastic_depth)
    finally:
        keras.config.set_dtype_policy(before)
