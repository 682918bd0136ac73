"""The input of a model, and the front end behind it."""

from __future__ import annotations

import keras

from zoo.frontends.frontend import Frontend
from zoo.residual import Tensor


def shape_behind(
    frontend: Frontend | None, input_shape: tuple[int | None, ...]
) -> tuple[int | None, ...]:
    """Returns the shape of what the network reads, without the batch, for one of raw input."""
    if frontend is None:
        return input_shape
    return tuple(frontend.compute_output_shape((None, *input_shape))[1:])


def raw_input(
    input_shape: tuple[int | None, ...], name: str, frontend: Frontend | None
) -> tuple[Tensor, Tensor]:
    """Returns the input of a model, and what its network reads of it.

    Args:
        input_shape: Of raw input, without the batch.
        name: Name of the input of a model without a front end.
        frontend: Stands between the two; None: they are the same.
    """
    if frontend is None:
        inputs = keras.Input(input_shape, name=name)
        return inputs, inputs
    inputs = keras.Input(input_shape, name=frontend.reads)
    return inputs, frontend(inputs)
