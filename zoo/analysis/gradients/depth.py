"""How large the gradient of the loss is at each residual unit, from the first to the last."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from zoo.data.dataset import Split, balanced_sample
from zoo.errors import RequestError
from zoo.models.names import unit_of
from zoo.tasks import Task

if TYPE_CHECKING:
    import tensorflow as tf

# Examples in a batch, as in training; fewer for large pictures.
_BATCH, _SMALLEST = 64, 16
_VALUES = 64 * 64 * 64 * 3


def unit_layers(model: keras.Model) -> dict[str, list[keras.layers.Layer]]:
    """Returns the layers of each unit of a model of the zoo, from the first unit to the last.

    Units are recognised by the names of their layers: "block3_…", "stage2_block1_…". A plain
    network has the same names, without the sums. The last layer of a unit gives its output.

    Raises:
        RequestError: The model has no units.
    """
    units: dict[str, list[keras.layers.Layer]] = {}
    for layer in model.layers:
        if (unit := unit_of(layer.name)) is not None:
            units.setdefault(unit, []).append(layer)
    if not units:
        raise RequestError(
            f"{model.name} has no units: no layer is called block1_… or stage1_block1_…"
        )
    return units


def draw_batches(split: Split, count: int, seed: int) -> list[Split]:
    """Returns batches of examples, with all classes equally often.

    Args:
        split: The source of the examples.
        count: Most batches; a small split gives fewer.
        seed: Decides which examples are taken.
    """
    size = min(_BATCH, max(_SMALLEST, _VALUES // int(np.prod(split.x.shape[1:]))))
    sample = balanced_sample(split, size * count, seed)
    batches = []
    for start in range(0, max(len(sample) - size, 0) + 1, size):
        part = slice(start, start + size)
        batches.append(
            dataclasses.replace(
                sample, x=np.asarray(sample.x[part]), y=sample.y[part], lengths=None
            )
        )
    return batches


class DepthGradient:
    """The norms of the loss's gradient at each unit of a model.

    The loss is that of the task. Batch normalisation uses the statistics of the batch, as in
    training; dropout would be active too.

    Args:
        model: A model of the zoo; its weights may change between calls.
        task: What it learns.
    """

    def __init__(self, model: keras.Model, task: Task) -> None:
        import tensorflow as tf

        self._task = task
        units = unit_layers(model)
        self.units = tuple(units)
        ends = [layers[-1].output for layers in units.values()]
        self._probe = keras.Model(model.input, [*ends, model.output])
        self._trained = self._probe.trainable_variables
        order = {id(variable): index for index, variable in enumerate(self._trained)}
        self._of_unit = [
            [order[id(variable)] for layer in layers for variable in layer.trainable_variables]
            for layers in units.values()
        ]
        self._function = tf.function(self._norms, reduce_retracing=True)

    def __call__(self, batches: Sequence[Split]) -> tuple[np.ndarray, np.ndarray]:
        """Measures the model as it is.

        Args:
            batches: Result of `draw_batches`; the norms are root mean squares over them.

        Returns:
            Two norms for each unit, (units,) each. In the first, the loss of an example is
            differentiated by the unit's output; it is the root mean square over the examples. In
            the second, the mean loss is differentiated by all trained weights of the unit.
        """
        import tensorflow as tf

        measured = [
            self._function(tf.constant(part.x, tf.float32), tf.constant(part.y)) for part in batches
        ]
        outputs, weights = (np.stack([norms[i].numpy() for norms in measured]) for i in (0, 1))
        return np.sqrt((outputs**2).mean(axis=0)), np.sqrt((weights**2).mean(axis=0))

    def _norms(self, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        values = [tf.convert_to_tensor(variable.value) for variable in self._trained]
        others = [tf.convert_to_tensor(v.value) for v in self._probe.non_trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(values)
            (*ends, outputs), _ = self._probe.stateless_call(values, others, x, training=True)
            total = tf.reduce_sum(self._task.losses(outputs, y))
        by_ends, by_values = tape.gradient(total, (ends, values), unconnected_gradients="zero")
        count = tf.cast(tf.shape(x)[0], tf.float32)
        of_outputs = [tf.norm(gradient) / tf.sqrt(count) for gradient in by_ends]
        of_weights = [
            tf.linalg.global_norm([by_values[index] for index in indices]) / count
            for indices in self._of_unit
        ]
        return _in_doubles(of_outputs), _in_doubles(of_weights)


def _in_doubles(values: Sequence[tf.Tensor]) -> tf.Tensor:
    import tensorflow as tf

    return tf.cast(tf.stack(values), tf.float64)
