"""Rounds a kernel so that the errors of its weights make up for one another.

GPTQ (Frantar et al. 2022, algorithm 1), column by column: what the rounding of a column changes in
the results of the calibration's inputs is taken up by the columns that are not rounded yet.
"""

from __future__ import annotations

import numpy as np

# Of the mean square of the inputs, added to that of each: inputs that are always zero would give
# the columns after them any size. Frantar et al. add as much.
_DAMPING = 0.01
# Columns between two updates of all that follow; it changes the time alone.
_BLOCK = 64
# TensorFlow Lite's weights are symmetric: it leaves -128 unused.
_MOST = 127


def rounded(weights: np.ndarray, scales: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Rounds the kernel of a layer that calculates `weights @ inputs`.

    Args:
        weights: (rows, columns) kernel.
        scales: (rows,) step of each row.
        moment: (columns, columns) mean product of each two inputs; less those of their means, if
            the bias makes up for these.

    Returns:
        (rows, columns) whole numbers of steps, -127 to 127, int8.
    """
    moment = moment.astype(np.float64)
    sizes = np.diag(moment).copy()
    moment[np.diag_indices_from(moment)] += _DAMPING * sizes.mean() + np.finfo(np.float32).tiny
    order = np.argsort(-sizes, kind="stable")  # The largest first: little is left behind them.
    left = weights[:, order].astype(np.float64)
    # Row i: how the error of column i is spread over those after it.
    spread = np.linalg.cholesky(np.linalg.inv(moment[np.ix_(order, order)])).T
    steps = np.zeros_like(left)
    for start in range(0, len(order), _BLOCK):
        block = slice(start, start + _BLOCK)
        errors = np.zeros_like(left[:, block])
        for column in range(start, min(start + _BLOCK, len(order))):
            steps[:, column] = np.clip(np.round(left[:, column] / scales), -_MOST, _MOST)
            lost = left[:, column] - steps[:, column] * scales
            errors[:, column - start] = lost / spread[column, column]
            rest = slice(column, start + _BLOCK)
            left[:, rest] -= np.outer(errors[:, column - start], spread[column, rest])
        after = slice(start + _BLOCK, None)
        left[:, after] -= errors @ spread[block, after]
    kernel = np.empty(weights.shape, np.int8)
    kernel[:, order] = steps
    return kernel
