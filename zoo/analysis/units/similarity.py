"""How alike the outputs of two units are, by centred kernel alignment (CKA).

Kornblith et al. 2019, "Similarity of Neural Network Representations Revisited": 1 if one is the
other turned and scaled, about 0 if they have nothing in common. HSIC is estimated without bias
(Song et al. 2012), since few examples of many features would seem alike otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from zoo.analysis.gradients.depth import unit_layers
from zoo.data.examples import Examples
from zoo.residual import Tensor

# Examples of a pass, fewer of large pictures: Keras keeps the outputs of all layers until it ends.
_AT_ONCE, _VALUES = 64, 64 * 64 * 64 * 3
# Bytes of outputs that are held, and values of an example that are in float64 at once.
_HELD, _COLUMNS = 2**30, 2**16
_FEWEST = 4  # The estimate divides by the count less three.


def unit_similarity(model: keras.Model, x: Examples) -> tuple[tuple[str, ...], np.ndarray]:
    """Returns the linear CKA between the outputs of all units.

    Args:
        model: A model of the zoo.
        x: (examples, ...) raw inputs, four or more. Their products are held for each unit, so a
            thousand will do. Outputs are held of as many units as take `_HELD` bytes, or of one;
            the others have passes of their own.

    Returns:
        Names of the units, and (units, units) from about 0 to 1.
    """
    units = unit_layers(model)
    ends = [layers[-1].output for layers in units.values()]
    grams = [
        gram(values) for portion in _portions(ends, x) for values in _outputs(model, portion, x)
    ]
    return tuple(units), alignment(grams)


def _portions(ends: Sequence[Tensor], x: Examples) -> Iterator[list[Tensor]]:
    """Gives outputs in portions that are in the memory at once."""
    portion: list[Tensor] = []
    held = 0
    for end in ends:
        # Of sequences of any length, the length is that of the examples.
        size = 4 * len(x) * math.prod(side or x.shape[1] for side in end.shape[1:])
        if portion and held + size > _HELD:
            yield portion
            portion, held = [], 0
        portion.append(end)
        held += size
    yield portion


def _outputs(model: keras.Model, ends: Sequence[Tensor], x: Examples) -> Iterator[np.ndarray]:
    """Gives (examples, values) float32 of each of some outputs; each is forgotten after it."""
    probe = keras.Model(model.input, list(ends))
    held: list[np.ndarray] = []
    size = min(_AT_ONCE, max(1, _VALUES // math.prod(x.shape[1:])))
    for start in range(0, len(x), size):
        outputs = probe(np.asarray(x[start : start + size], np.float32), training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        rows = [np.asarray(values).reshape(len(values), -1) for values in outputs]
        held = held or [np.empty((len(x), row.shape[1]), np.float32) for row in rows]
        for whole, row in zip(held, rows, strict=True):
            whole[start : start + len(row)] = row
    while held:
        yield held.pop(0)


def gram(values: np.ndarray) -> np.ndarray:
    """Returns (examples, examples) products of the rows of (examples, values), in float64."""
    products = np.zeros((len(values), len(values)))
    for start in range(0, values.shape[1], _COLUMNS):
        part = values[:, start : start + _COLUMNS].astype(np.float64)
        products += part @ part.T
    return products


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
