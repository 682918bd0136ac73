"""The temperature with which a classifier is as sure as it is right (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np

# With fewer examples, a temperature would follow chance.
FEWEST = 20
_RANGE = (0.05, 20.0)
# Standard deviation of the logarithm of a temperature before anything is known: most trained
# classifiers lie between 0.6 and 1.7.
_DEVIATION = 0.5


def fitted_temperature(logits: np.ndarray, y: np.ndarray) -> float:
    """Returns the temperature by which logits are divided, so that they fit the truth best.

    It lowers the cross-entropy of the examples, and its logarithm is expected to lie near 0: few
    examples move it little, and a classifier that is always right does not become infinitely sure.
    It is 1, which changes nothing, with fewer than `FEWEST` examples, and where no other lowers the
    cross-entropy.

    Args:
        logits: (examples, classes) of examples that the classifier was not trained on.
        y: (examples,) true classes.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    if len(y) < FEWEST or not np.isfinite(logits).all():
        return 1.0
    values = logits.astype(np.float64)
    rows = np.arange(len(y))

    def entropy(temperature: float) -> float:
        return -float(log_softmax(values / temperature, axis=1)[rows, y].mean())

    def penalised(logarithm: float) -> float:
        return len(y) * entropy(np.exp(logarithm)) + (logarithm / _DEVIATION) ** 2 / 2

    best = minimize_scalar(penalised, bounds=np.log(_RANGE), method="bounded")
    temperature = round(float(np.exp(best.x)), 4)
    return temperature if entropy(temperature) < entropy(1.0) else 1.0
