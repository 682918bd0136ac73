"""The Hessian's extreme eigenvalues, and how convex a loss surface is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from zoo.analysis.landscape.objective import Objective, Weights


def extreme_eigenvalues(
    objective: Objective, weights: Weights, paths: Sequence[str], *, tolerance: float = 1e-2
) -> tuple[float, float]:
    """Returns the lowest and the highest eigenvalue of the loss's Hessian.

    It uses Lanczos's method (ARPACK's implicitly restarted one), with products of the Hessian and
    vectors, like Li et al. 2018 in section 6.

    Args:
        objective: The loss.
        weights: The weights at which the loss is differentiated.
        paths: Paths of the weights by which the loss is differentiated; at least three values.
        tolerance: Largest relative error of an eigenvalue.

    Returns:
        Both are NaN if the loss overflows, or the method does not converge.
    """
    size = sum(weights[path].size for path in paths)

    def times(vector: np.ndarray) -> np.ndarray:
        product = objective.hessian_times(weights, paths, np.ravel(vector))
        if not np.isfinite(product).all():
            raise FloatingPointError
        return product

    # A fixed start, so that the figure is the same each time.
    start = np.random.default_rng(0).standard_normal(size)
    operator = LinearOperator((size, size), matvec=times, dtype=np.float64)
    try:
        low, high = eigsh(
            operator, k=2, which="BE", v0=start, tol=tolerance, return_eigenvectors=False
        )
    except (FloatingPointError, ArpackNoConvergence):
        return float("nan"), float("nan")
    return float(low), float(high)


def negative_curvature(lowest: np.ndarray) -> float:
    """Returns how strongly a surface bends downwards, in units of the loss: 0 is convex.

    It is the median over the places of minus the lowest eigenvalue, or 0 at places where that is
    not negative. NaN places do not count. `nonconvexity` is only a ratio: both eigenvalues of a
    deep plain network are thousands of times those of its residual twin, yet their ratio may be
    smaller.

    Args:
        lowest: Lowest eigenvalues, of any shape.
    """
    known = np.isfinite(lowest)
    return float(np.median(np.maximum(-lowest[known], 0))) if known.any() else float("nan")


def nonconvexity(lowest: np.ndarray, highest: np.ndarray) -> float:
    """Returns how far from convex a surface is: 0 is convex at every place.

    It is the mean over the places of |lowest / highest| eigenvalue, the ratio that Li et al. 2018
    map in figure 7. The ratio is 0 at places without a negative eigenvalue. NaN places do not
    count.

    Args:
        lowest: Lowest eigenvalues, of any shape.
        highest: Highest eigenvalues, of the same shape.
    """
    ratio = np.where(lowest < 0, np.abs(lowest) / np.maximum(np.abs(highest), 1e-30), 0.0)
    known = np.isfinite(lowest) & np.isfinite(highest)
    return float(ratio[known].mean()) if known.any() else float("nan")
