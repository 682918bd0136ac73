"""How alike the outputs of two units are, by centred kernel alignment (CKA).

Kornblith et al. 2019, "Similarity of Neural Network Representations Revisited": 1 if one is the
other turned and scaled, about 0 if they have nothing in common. HSIC is estimated without bias
(Song et al. 2012), since few examples of many features would seem alike otherwise.
"""

from __future__ import annotations

import keras
import numpy as np

from zoo.analysis.gradients.depth import unit_layers
from zoo.data.examples import Examples

_AT_ONCE = 64
_FEWEST = 4  # The estimate divides by the count less three.


def unit_similarity(model: keras.Model, x: Examples) -> tuple[tuple[str, ...], np.ndarray]:
    """Returns the linear CKA between the outputs of all units.

    Args:
        model: A model of the zoo.
        x: (examples, ...) raw inputs, four or more. Their products are held for each unit, so a
            thousand will do.

    Returns:
        Names of the units, and (units, units) from about 0 to 1.
    """
    units = unit_layers(model)
    probe = keras.Model(model.input, [layers[-1].output for layers in units.values()])
    features: list[list[np.ndarray]] = [[] for _ in units]
    for start in range(0, len(x), _AT_ONCE):
        outputs = probe(np.asarray(x[start : start + _AT_ONCE], np.float32), training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        for kept, values in zip(features, outputs, strict=True):
            kept.append(np.asarray(values).reshape(len(values), -1))
    grams = []
    for kept in features:
        rows = np.concatenate(kept).astype(np.float64)
        kept.clear()
        grams.append(rows @ rows.T)
    return tuple(units), alignment(grams)


def alignment(grams: list[np.ndarray]) -> np.ndarray:
    """Returns the CKA of kernels, by the unbiased estimate of HSIC.

    Args:
        grams: Of each, (examples, examples) products of the examples with each other.

    Returns:
        (kernels, kernels); NaN where a kernel is the same for all examples.

    Raises:
        ValueError: There are fewer than four examples.
    """
    if len(grams[0]) < _FEWEST:
        raise ValueError(f"CKA needs {_FEWEST} examples or more, not {len(grams[0])}")
    count = len(grams)
    values = np.empty((count, count))
    for i, one in enumerate(grams):
        for j, other in enumerate(grams[: i + 1]):
            values[i, j] = values[j, i] = _hsic(one, other)
    own = np.diag(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(values / np.sqrt(np.outer(own, own)))


def _hsic(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the unbiased estimate of Song et al. 2012, equation 5."""
    count = len(one)
    k, l = (_without_diagonal(gram) for gram in (one, other))  # noqa: E741 (the names of the paper)
    total = float((k * l).sum())  # tr(KL), both symmetric.
    total += float(k.sum() * l.sum()) / ((count - 1) * (count - 2))
    total -= 2 / (count - 2) * float(k.sum(axis=0) @ l.sum(axis=0))
    return total / (count * (count - 3))


def _without_diagonal(gram: np.ndarray) -> np.ndarray:
    made = gram.copy()
    np.fill_diagonal(made, 0)
    return made
