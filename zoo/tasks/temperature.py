"""The temperature with which a classifier is as sure as it is right (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np

# With fewer examples, a temperature would follow chance.
FEWEST = 20
_RANGE = (0.05, 20.0)


def fitted_temperature(logits: np.ndarray, y: np.ndarray) -> float:
    """Returns the temperature by which logits are divided, so that they fit the truth best.

    It lowers the cross-entropy of the examples and of one more, of which nothing is known: without
    that one, a classifier that is always right would become infinitely sure (Platt 1999). It is 1,
    which changes nothing, with fewer than `FEWEST` examples, and where no other lowers the
    cross-entropy of the examples themselves.

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

    def entropies(temperature: float) -> tuple[float, float]:
        logs = log_softmax(values / temperature, axis=1)
        return -float(logs[rows, y].mean()), -float(logs.mean())

    def with_one_more(logarithm: float) -> float:
        known, unknown = entropies(np.exp(logarithm))
        return (len(y) * known + unknown) / (len(y) + 1)

    best = minimize_scalar(with_one_more, bounds=np.log(_RANGE), method="bounded")
    temperature = round(float(np.exp(best.x)), 4)
    return temperature if entropies(temperature)[0] < entropies(1.0)[0] else 1.0
