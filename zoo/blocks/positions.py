"""Where a step stands in its sequence, which attention alone does not see."""

from __future__ import annotations

import numpy as np
from keras import ops

from zoo.errors import RequestError
from zoo.residual import Tensor


def add_positions(x: Tensor) -> Tensor:
    """Adds sines and cosines of each step's number (Vaswani et al. 2017, section 3.5).

    They have no weights, and work for any length.

    Args:
        x: (batch, steps, features); steps may be None.

    Raises:
        RequestError: The constant that holds them would take more than half a gigabyte.
    """
    steps, features = x.shape[1:]
    if (steps or 0) * features > 2**26:
        raise RequestError(f"{steps:,} steps of {features:,} features are too many for attention")
    rates = 1e4 ** (-2 * (np.arange(features) // 2) / features)
    phases = np.where(np.arange(features) % 2, np.pi / 2, 0)
    if steps is not None:
        # A constant of the graph.
        return x + np.sin(np.arange(steps)[:, None] * rates + phases).astype(np.float32)
    number = ops.cumsum(ops.ones_like(x[..., :1]), axis=1) - 1
    return x + ops.sin(number * rates.astype(np.float32) + phases.astype(np.float32))
