"""The loss of a model on fixed examples, as a function of its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import keras
import numpy as np

from zoo.data.dataset import Split

if TYPE_CHECKING:
    import tensorflow as tf

# Arrays by the path of their variables, such as "stem_conv/kernel".
Weights: TypeAlias = Mapping[str, np.ndarray]
# From a place on a line or plane to (loss, accuracy) there.
Measure: TypeAlias = Callable[[Sequence[float]], tuple[float, float]]

Statistics: TypeAlias = Literal["running", "batch"]

# Input values in one batch: 512 pictures of 32×32 pixels in colour.
_VALUES = 512 * 32 * 32 * 3


class Objective:
    """The loss of a model on fixed examples, as a function of its weights.

    It is the mean of the task's loss over the examples, without label smoothing. The mean squared
    error of a regression has the units of the model's output.

    Args:
        model: Gives logits, or one value. It must not have dropout, which "batch" would activate.
        split: The examples.
        statistics: Those that batch normalisation uses. "running": as in inference, and in the
            paper's own code. "batch": those of the examples, as in training; then even a network
            whose weights are moved far gives outputs of the usual size.
    """

    def __init__(
        self, model: keras.Model, split: Split, statistics: Statistics = "running"
    ) -> None:
        import tensorflow as tf

        self._model = model
        self._training = statistics == "batch"
        self._task = split.task
        count = max(1, _VALUES // max(int(np.prod(split.x.shape[1:])), 1))
        self._batches = [
            (tf.constant(split.x[i : i + count], tf.float32), tf.constant(split.y[i : i + count]))
            for i in range(0, len(split), count)
        ]
        self._examples = len(split)
        self._products = tf.function(self._product)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The model's own weights, running statistics included."""
        return {
            variable.path: np.asarray(variable.value).copy()
            for variable in self._model.variables
            if variable.dtype.startswith(("float", "bfloat"))
        }

    @property
    def kernels(self) -> list[str]:
        """Paths of trained weights with two axes or more: no biases, no batch normalisation."""
        return [v.path for v in self._model.trainable_variables if len(v.shape) > 1]

    def measure_along(self, start: Weights, directions: Sequence[Weights]) -> Measure:
        """Returns a function that measures the model with other weights.

        Args:
            start: Weights at the place (0, …, 0).
            directions: At a place, each is multiplied by its coordinate and added to `start`.
        """
        import tensorflow as tf

        moved = {path for direction in directions for path in direction}
        origin = {path: tf.constant(value) for path, value in start.items()}
        steps = [
            {path: tf.constant(value) for path, value in direction.items()}
            for direction in directions
        ]

        @tf.function
        def batch(place: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            there = dict(origin)
            for path in moved:
                for index, step in enumerate(steps):
                    if path in step:
                        there[path] = there[path] + place[index] * step[path]
            outputs = self._outputs(there, x)
            return tf.reduce_sum(self._task.losses(outputs, y)), self._task.correct(outputs, y)

        def measure(place: Sequence[float]) -> tuple[float, float]:
            sums = [batch(tf.constant(place, tf.float32), x, y) for x, y in self._batches]
            losses, rights = (sum(map(float, parts)) for parts in zip(*sums, strict=True))
            return losses / self._examples, rights / self._examples

        return measure

    def hessian_times(
        self, weights: Weights, paths: Sequence[str], vector: np.ndarray
    ) -> np.ndarray:
        """Returns the product of the loss's Hessian and a vector.

        It is the gradient of the product of the gradient and the vector (Pearlmutter 1994). The
        Hessian itself is never computed.

        Args:
            weights: The weights at which the loss is differentiated.
            paths: Paths of the weights by which the loss is differentiated. The vector holds their
                values in order.
            vector: (values,).
        """
        import tensorflow as tf

        ends = np.cumsum([weights[path].size for path in paths])[:-1]
        parts = [
            tf.constant(part.reshape(weights[path].shape), tf.float32)
            for path, part in zip(paths, np.split(vector, ends), strict=True)
        ]
        there = {path: tf.constant(value) for path, value in weights.items()}
        total: np.ndarray | float = 0.0
        for x, y in self._batches:
            products = self._products(there, tuple(paths), parts, x, y)
            total = total + np.concatenate([np.ravel(part) for part in products]).astype(np.float64)
        return np.asarray(total) / self._examples

    def _product(
        self,
        there: Mapping[str, tf.Tensor],
        paths: Sequence[str],
        vector: Sequence[tf.Tensor],
        x: tf.Tensor,
        y: tf.Tensor,
    ) -> list[tf.Tensor]:
        import tensorflow as tf

        by = [there[path] for path in paths]
        with tf.GradientTape() as outer:
            outer.watch(by)
            with tf.GradientTape() as inner:
                inner.watch(by)
                loss = tf.reduce_sum(self._task.losses(self._outputs(there, x), y))
            gradient = inner.gradient(loss, by, unconnected_gradients="zero")
            along = tf.add_n([tf.reduce_sum(g * v) for g, v in zip(gradient, vector, strict=True)])
        return outer.gradient(along, by, unconnected_gradients="zero")

    def _outputs(self, weights: Mapping[str, tf.Tensor], x: tf.Tensor) -> tf.Tensor:
        trained, other = (
            [weights.get(variable.path, variable.value) for variable in variables]
            for variables in (self._model.trainable_variables, self._model.non_trainable_variables)
        )
        return self._model.stateless_call(trained, other, x, training=self._training)[0]
