"""Numbers of a table as waves, which tell near numbers apart and far ones too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.residual import Tensor


@keras.saving.register_keras_serializable("zoo")
class Periodic(keras.layers.Layer):
    """Takes a vector for each number of a table's row in place of its bins.

    The vector is relu(W sin(2π f p + φ) + b): p is the place of the number among those of the
    training split, from 0 to 1; W, f, φ and b are learnt, for each number its own (Gorishniy et al.
    2022, "On Embeddings for Numerical Features in Tabular Deep Learning", section 3.2). The other
    features stay as they are.

    It calculates in float32, whatever the network does.
    """

    def __init__(
        self,
        numbers: Sequence[Sequence[int]],
        frequencies: int,
        width: int,
        spread: float,
        **kwargs: Any,
    ) -> None:
        """Takes the numbers of the row.

        Args:
            numbers: The first feature and the number of bins of each, see `zoo.frontends.bins`.
            frequencies: Waves of each number.
            width: Length of each vector.
            spread: Standard deviation of the first frequencies, in waves from 0 to 1.
            **kwargs: Of a Keras layer.
        """
        super().__init__(**{"dtype": "float32", **kwargs})
        self.numbers = tuple((int(first), int(bins)) for first, bins in numbers)
        self.frequencies = frequencies
        self.width = width
        self.spread = spread

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights, and the matrix that makes places of bins."""
        held = {first + bin_ for first, bins in self.numbers for bin_ in range(bins)}
        self._others = _runs([place for place in range(input_shape[-1] or 0) if place not in held])
        # Bins are full up to the one that holds the number, so their mean is its place.
        self._mean = np.zeros((input_shape[-1] or 0, len(self.numbers)), np.float32)
        for column, (first, bins) in enumerate(self.numbers):
            self._mean[first : first + bins, column] = 1 / bins
        waves = (1, len(self.numbers), self.frequencies)
        self.frequency = self.add_weight(
            name="frequency",
            shape=waves,
            initializer=keras.initializers.RandomNormal(stddev=2 * np.pi * self.spread),
        )
        self.phase = self.add_weight(
            name="phase", shape=waves, initializer=keras.initializers.RandomUniform(0, 2 * np.pi)
        )
        limit = self.frequencies**-0.5
        self.kernel = self.add_weight(
            name="kernel",
            shape=(len(self.numbers), self.frequencies, self.width),
            initializer=keras.initializers.RandomUniform(-limit, limit),
        )
        self.bias = self.add_weight(
            name="bias", shape=(1, len(self.numbers), self.width), initializer="zeros"
        )

    def call(self, features: Tensor) -> Tensor:
        """Returns (batch, features that are no bins + numbers · width) for (batch, features)."""
        place = ops.expand_dims(ops.matmul(features, self._mean), -1)
        # No GPU repeats a factor along the last axis by itself.
        phases = ops.tile(place, (1, 1, self.frequencies)) * self.frequency + self.phase
        waves = ops.transpose(ops.sin(phases), (1, 0, 2))
        sums = ops.transpose(ops.matmul(waves, self.kernel), (1, 0, 2))
        vectors = ops.relu(sums + self.bias)
        flat = ops.reshape(vectors, (-1, len(self.numbers) * self.width))
        others = [features[:, first:end] for first, end in self._others]
        return ops.concatenate([*others, flat], axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns (batch, features that are no bins + numbers · width)."""
        bins = sum(bins for _, bins in self.numbers)
        return input_shape[0], (input_shape[1] or 0) - bins + len(self.numbers) * self.width

    def get_config(self) -> dict[str, Any]:
        """Returns all that makes an equal layer, but for its weights."""
        own = {name: getattr(self, name) for name in ("numbers", "frequencies", "width", "spread")}
        return {**super().get_config(), **own}


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Returns where each unbroken run of places begins, and where it has ended."""
    breaks = [i for i in range(1, len(places)) if places[i] != places[i - 1] + 1]
    starts = [0, *breaks] if places else []
    ends = [*breaks, len(places)]
    return [(places[a], places[b - 1] + 1) for a, b in zip(starts, ends, strict=False)]
