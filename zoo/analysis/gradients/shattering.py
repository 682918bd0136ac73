"""Shattered gradients: how the gradient of an output changes as the input moves along a line.

Balduzzi et al. 2017, "The Shattered Gradients Problem: If resnets are the answer, then what is the
question?": in a deep plain network the gradients at two near inputs are uncorrelated, like white
noise. Residual connections keep them correlated, like brown noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np

from zoo.data.dataset import Split
from zoo.models.names import NORMALIZATION
from zoo.models.statistics import adopt_statistics

if TYPE_CHECKING:
    import tensorflow as tf

# The figure of shattering is taken at this share of the way between two examples.
DISTANCE = 0.01

# Input values in one batch: 512 pictures of 32×32 pixels in colour.
_VALUES = 512 * 32 * 32 * 3


@dataclass(frozen=True)
class InputLine:
    """Inputs on the straight way from one example to another.

    Attributes:
        x: (points, ...) raw inputs, evenly spaced. The first is an example; the last is one step
            before the other example.
        output: The output whose gradient is taken: the class of the first example.
    """

    x: np.ndarray
    output: int


def draw_lines(split: Split, count: int, points: int, seed: int) -> list[InputLine]:
    """Returns lines between random pairs of examples.

    A straight line between raw inputs is also straight between normalised ones. Of two sequences,
    the longer is cut, so that no step is padding on only a part of the line.

    Args:
        split: The examples, two or more.
        count: Number of lines.
        points: Inputs on each line.
        seed: Decides about the pairs.
    """
    random = np.random.default_rng(seed)
    lines = []
    for _ in range(count):
        pair = random.choice(len(split), 2, replace=False)
        ends = np.stack([np.asarray(split.x[index], np.float32) for index in pair])
        if split.lengths is not None:
            ends[:, split.lengths[pair].min() :] = 0
        share = np.arange(points, dtype=np.float32).reshape(-1, *[1] * (ends.ndim - 1)) / points
        x = (1 - share) * ends[0] + share * ends[1]
        classes = split.task.learns == "classes"
        lines.append(InputLine(x, int(split.y[pair[0]]) if classes else 0))
    return lines


class InputGradient:
    """The gradient of an output of a model with respect to its normalised input.

    Batch normalisation uses its running statistics, as in inference, so that the gradient at a
    place does not depend on the other places. A fresh model needs `settle` first.

    Args:
        model: Gives logits, or one value. If it has a layer "normalization", that normalises its
            input.
    """

    def __init__(self, model: keras.Model) -> None:
        import tensorflow as tf

        names = [layer.name for layer in model.layers]
        known = NORMALIZATION in names
        inner = model.get_layer(NORMALIZATION).output if known else model.input
        self._probe = keras.Model(model.input, [inner, model.output])
        self._function = tf.function(self._gradient, reduce_retracing=True)

    def __call__(self, line: InputLine) -> np.ndarray:
        """Returns the gradient at each place of a line, (points, ...)."""
        import tensorflow as tf

        batch = max(1, _VALUES // line.x[0].size)
        parts = [
            self._function(tf.constant(line.x[start : start + batch]), tf.constant(line.output))
            for start in range(0, len(line.x), batch)
        ]
        return np.concatenate([part.numpy() for part in parts])

    def _gradient(self, x: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            inner, outputs = self._probe(x, training=False)
            total = tf.reduce_sum(tf.gather(outputs, output, axis=-1))
        return tape.gradient(total, inner)


def settle(model: keras.Model, x: np.ndarray) -> None:
    """Sets the running statistics of batch normalisation to those of a batch.

    In a fresh model they are mean 0 and variance 1, with which batch normalisation does nothing. In
    its first training step it uses those of the batch; after this call, inference does too.

    Args:
        model: Its other weights stay.
        x: (examples, ...) raw inputs.
    """
    adopt_statistics(model, [x])


def autocorrelation(gradients: np.ndarray) -> np.ndarray:
    """Returns how gradients along a line correlate, by the number of steps between them.

    R(k) = E⟨g(i), g(i + k)⟩ / √(E|g(i)|² E|g(i + k)|²), the mean over the places i of a line. As in
    the paper's theorems, the mean gradient is not subtracted: for a linear function R is 1 at any
    distance. If gradients are white noise, R is about 0 from one step on.

    Args:
        gradients: (points, ...), evenly spaced.

    Returns:
        (points // 2 + 1,) for 0 steps to half the line. NaN if all gradients are zero.
    """
    flat = gradients.reshape(len(gradients), -1).astype(np.float64)
    # Scaled, so that no square overflows or vanishes. R does not depend on the scale.
    scale = np.abs(flat).max()
    if not np.isfinite(scale) or scale == 0:
        return np.full(len(flat) // 2 + 1, np.nan)
    products = (flat / scale) @ (flat / scale).T
    squares = np.diag(products)
    count = len(flat)
    return np.array(
        [
            np.trace(products, k) / np.sqrt(squares[: count - k].sum() * squares[k:].sum())
            for k in range(count // 2 + 1)
        ]
    )


def gradient_correlation(curve: np.ndarray, points: int) -> float:
    """Returns the figure of shattering: the autocorrelation at `DISTANCE`.

    It is the correlation of the gradients at two inputs, in normalised input space, that are a
    hundredth of the way between two examples apart. 1: the gradient stays the same, as in a linear
    model. 0: it is shattered; the gradient after so small a step is unrelated.

    Args:
        curve: Result of `autocorrelation`, or the mean of several.
        points: Inputs on the line, a multiple of 100.
    """
    return float(curve[round(DISTANCE * points)])


def along(gradients: np.ndarray, line: InputLine) -> np.ndarray:
    """Returns the part of each gradient that points along the line, (points,), for a picture."""
    way = (line.x[-1] - line.x[0]).ravel().astype(np.float64)
    length = float(np.linalg.norm(way)) or 1.0
    return gradients.reshape(len(gradients), -1).astype(np.float64) @ way / length
