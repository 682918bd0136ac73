"""Padded sequences: which steps are real, and one vector of those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from keras import layers, ops

from zoo.errors import RequestError
from zoo.models.names import PLACES
from zoo.models.normalization import per_channel
from zoo.registry import unknown
from zoo.residual import Tensor

Pool = Literal["last", "mean"]


def places_of(
    sequence: Tensor, mean: Sequence[float] | None, std: Sequence[float] | None
) -> tuple[Tensor, Tensor]:
    """Returns the number of each step, (batch, steps) from 1, and that of the last real one.

    Uses only operators that GPU delegates and int8 files support.

    Args:
        sequence: (batch, steps, features), raw.
        mean: Mean of each feature; None: zeros.
        std: Deviation of each feature; None: ones.
    """
    features = sequence.shape[-1]
    mean, std = per_channel(mean, 0.0, features), per_channel(std, 1.0, features)
    # Looks at raw values, since the normalisation changes zeros. Takes the largest, since no GPU
    # supports the REDUCE_ANY of `keras.layers.Masking`. Scales it to some tens: TensorFlow Lite
    # aborts if it compares int8 values whose step is 1 or more, and takes values for equal that are
    # less than 1/256 apart (kernels/comparisons.cc, the shift by 8).
    scales = [100 / (abs(float(m)) + 10 * float(s)) for m, s in zip(mean, std, strict=True)]
    scaled = layers.Rescaling(scales, dtype="float32", name=PLACES)(sequence)
    real = ops.max(ops.abs(scaled), axis=-1) > 0
    number = ops.cumsum(ops.ones_like(scaled[..., 0]), axis=1)
    return number, ops.max(ops.where(real, number, 0.0), axis=1, keepdims=True)


def pooled(
    x: Tensor, places: tuple[Tensor, Tensor] | None, real: Tensor | None, pool: Pool
) -> Tensor:
    """Returns one vector of each sequence.

    Args:
        x: (batch, steps, features).
        places: Result of `places_of`; None: no step is padding.
        real: (batch, steps) bool, which steps are not padding; None: all.
        pool: "last" takes the last real step, "mean" the average of the real ones.

    Raises:
        RequestError: Unknown pool.
    """
    if pool not in get_args(Pool):
        raise RequestError(unknown("pool", pool, list(get_args(Pool))))
    if pool == "mean":
        return layers.GlobalAveragePooling1D(name="head_pool")(x, mask=real)
    if places is None:
        # Not x[:, -1]: no GPU supports a slice that drops an axis.
        return layers.Reshape(x.shape[2:], name="head_pool")(x[:, -1:])
    last = ops.expand_dims(ops.equal(*places), -1)
    # A product, since `where` in integers would give x the narrower range of its last steps.
    return ops.sum(x * ops.where(last, 1.0, 0.0), axis=1)
