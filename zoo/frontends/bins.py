"""From a raw row of a table to features from 0 to 1: bins of numbers, categories one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np

from zoo.forms import SMALLEST, Column
from zoo.frontends.frontend import Frontend
from zoo.residual import Tensor

# A value that is nearer to a column's value for an empty cell than this share of it is one.
_NEAR = 1e-3
# Most numbers of the matrix that repeats cells. The files of a wider table are for no GPU.
_LARGEST = 2**20


@keras.saving.register_keras_serializable("zoo")
class Bins(Frontend):
    """Features of a table's row, as `zoo.forms.Column` describes them.

    Every feature is min(relu(a·d + b·|d| + c), 1), where d is the distance of the cell from a place
    of its column. With the right constants this rises from 0 to 1 inside a bin (piecewise linear,
    Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning", section
    3.1), or is 1 for one category and 0 for the others.
    """

    reads: ClassVar[str] = "row"

    def __init__(self, columns: Sequence[Column | Mapping[str, Any]], **kwargs: Any) -> None:
        """Takes the columns, in the order of the row.

        Args:
            columns: As the card says; or their fields, as a stored `.keras` has them.
            **kwargs: Of a Keras layer.
        """
        super().__init__(**kwargs)
        self.columns = tuple(
            column if isinstance(column, Column) else Column(**_tuples(column))
            for column in columns
        )
        cells = range(len(self.columns))
        # Where each feature comes from: the row, and after it whether each cell is empty.
        sources, places, ramps = list[int](), list[float](), list[tuple[float, float, float]]()
        for cell, column in zip(cells, self.columns, strict=True):
            for place, ramp in _features(column):
                sources.append(cell)
                places.append(place)
                ramps.append(ramp)
            if column.indicator:
                sources.append(len(self.columns) + cell)
                places.append(0.0)
                ramps.append((1.0, 0.0, 0.0))
        gaps = any(column.indicator for column in self.columns)
        self._sources = np.array(sources, np.int32)
        self._width = len(self.columns) * (2 if gaps else 1)
        self._place = _row(places)
        self._slope, self._bend, self._height = map(_row, zip(*ramps, strict=True))
        self._gaps = gaps
        self._empty = _row(column.empty for column in self.columns)
        self._fill = _row(column.fill for column in self.columns)
        self._sharp = _row(
            1 / (_NEAR * abs(column.empty)) if column.indicator else 0.0 for column in self.columns
        )
        self._peak = _row(float(column.indicator) for column in self.columns)

    @property
    def numbers(self) -> tuple[tuple[int, int], ...]:
        """The first feature and the number of bins of each number, in the order of the row."""
        firsts = np.cumsum([0, *(column.width for column in self.columns)])
        return tuple(
            (int(first), len(column.bins))
            for first, column in zip(firsts, self.columns, strict=False)
            if column.kind == "number"
        )

    def call(self, row: Tensor) -> Tensor:
        """Returns (batch, features) for (batch, columns)."""
        ops = keras.ops
        if self._gaps:
            far = ops.multiply(ops.abs(ops.subtract(row, self._empty)), self._sharp)
            empty = ops.relu(ops.subtract(self._peak, far))
            kept = ops.multiply(row, ops.subtract(1.0, empty))
            filled = ops.add(kept, ops.multiply(empty, self._fill))
            row = ops.concatenate([filled, empty], axis=1)
        distance = ops.subtract(self._repeated(row), self._place)
        rising = ops.multiply(distance, self._slope)
        bent = ops.multiply(ops.abs(distance), self._bend)
        sums = ops.add(ops.add(rising, bent), self._height)
        return ops.minimum(ops.relu(sums), 1.0)

    def _repeated(self, row: Tensor) -> Tensor:
        """Repeats each cell for its features: (batch, cells) to (batch, features)."""
        if self._width * len(self._sources) > _LARGEST:
            return keras.ops.take(row, self._sources, axis=1)
        # A product with zeros and ones, without rounding: no GPU has a GATHER.
        spread = np.zeros((self._width, len(self._sources)), np.float32)
        spread[self._sources, range(len(self._sources))] = 1
        return keras.ops.matmul(row, spread)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns (batch, features)."""
        return input_shape[0], self._place.shape[1]

    def get_config(self) -> dict[str, Any]:
        """Returns all that makes an equal layer."""
        columns = [dataclasses.asdict(column) for column in self.columns]
        return {**super().get_config(), "columns": columns}


def _features(column: Column) -> list[tuple[float, tuple[float, float, float]]]:
    """Returns place and constants of each feature that the cell itself becomes."""
    if column.kind == "category":
        return [(float(index), (0.0, -1.0, 1.0)) for index in range(len(column.vocabulary))]
    return [(low, (1 / max(high - low, SMALLEST), 0.0, 0.0)) for low, high in column.bins]


def _row(values: Any) -> np.ndarray:
    return np.array([list(values)], np.float32)


def _tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of a column with tuples in place of lists, which JSON has."""
    return {
        name: tuple(value) if isinstance(value, list | tuple) else value
        for name, value in fields.items()
    }
