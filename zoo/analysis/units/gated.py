"""A network whose units can be deleted, reordered, and closed to gradients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from zoo.checkpoints.card import Card
from zoo.checkpoints.store import build_from_card, load_weights
from zoo.data.dataset import Split
from zoo.errors import RequestError
from zoo.residual import Tensor, joined_by
from zoo.tasks import Task

if TYPE_CHECKING:
    import tensorflow as tf

_AT_ONCE = 128


@dataclass(frozen=True)
class Unit:
    """A unit that can be deleted.

    Attributes:
        name: Prefix of its layers.
        gate: Opens and closes it.
        residual: Whether it has a shortcut.
        keeps_shape: Whether its output has the shape of its input.
        start: Its input.
        end: The sum, or of a plain network the output of the branch.
    """

    name: str
    gate: Gate
    residual: bool
    keeps_shape: bool
    start: Tensor
    end: Tensor


class Gate:
    """What passes through the sum of a unit.

    Attributes:
        works: 1: the branch counts; 0: the unit is deleted.
        branch: Share of the gradient that passes into the branch.
        shortcut: Share of the gradient that passes into the shortcut.
    """

    def __init__(self) -> None:
        import tensorflow as tf

        self.works, self.branch, self.shortcut = (tf.Variable(1.0) for _ in range(3))


class Joint(keras.layers.Layer):
    """The sum of a unit, with a gate. In a plain network, the branch or else the unit's input."""

    def __init__(self, gate: Gate, *, residual: bool, **settings: Any) -> None:
        super().__init__(**settings)
        self._gate = gate
        self._residual = residual

    def compute_output_spec(self, inputs: Sequence[Tensor]) -> Tensor:
        """Returns shape and type of the sum."""
        return keras.KerasTensor(inputs[0].shape, inputs[0].dtype)

    def call(self, inputs: Sequence[Any]) -> Any:
        """Returns the sum of a branch and of what passes beside it."""
        gate = self._gate
        branch = gate.works * _let_through(inputs[0], gate.branch)
        beside = _let_through(inputs[1], gate.shortcut)
        return branch + (beside if self._residual else (1 - gate.works) * beside)


class GatedNetwork:
    """A checkpoint whose units can be deleted, reordered, and closed to gradients.

    In a plain network, a deleted unit gives its input, so that only units can be deleted which keep
    its shape (Veit et al. 2016, section 4.1).

    Args:
        card: Of the checkpoint.
        folder: Of the checkpoint.
        task: What it learnt.

    Raises:
        RequestError: The network has no such units, or its weights do not fit its card.
    """

    def __init__(self, card: Card, folder: Path, task: Task) -> None:
        import tensorflow as tf

        self._task = task
        self.units: list[Unit] = []
        with joined_by(self._joined):
            self.model = build_from_card(card)
        if not self.units:
            raise RequestError(f"{card.model} has no unit that can be deleted")
        load_weights(self.model, folder, card)
        self._weights = {variable.path: variable.numpy() for variable in self.model.weights}
        self._outputs = tf.function(self._answers, reduce_retracing=True)
        self._both = keras.Model(self.model.input, [self.units[0].start, self.model.output])
        self._norms = tf.function(self._gradient_norms, reduce_retracing=True)

    @property
    def residual(self) -> bool:
        """Whether all its units have shortcuts."""
        return all(unit.residual for unit in self.units)

    def alike(self) -> list[list[str]]:
        """Returns the units that may stand for each other: those with weights of equal shapes."""
        kinds: dict[object, list[str]] = {}
        for unit in self.units:
            if unit.keeps_shape and (weights := self._of(unit.name)):
                kinds.setdefault(tuple(sorted(weights.items())), []).append(unit.name)
        return [names for names in kinds.values() if len(names) > 1]

    def outputs(
        self,
        x: Any,
        *,
        without: Collection[str] = (),
        order: Mapping[str, str] | None = None,
    ) -> np.ndarray:
        """Returns the outputs for raw inputs, (examples, outputs).

        Args:
            x: (examples, ...).
            without: Names of deleted units.
            order: By name of a place, the name of the unit that stands there; None: its own.
        """
        import tensorflow as tf

        moved = {place: name for place, name in (order or {}).items() if place != name}
        self._put(moved)
        for unit in self.units:
            unit.gate.works.assign(0.0 if unit.name in without else 1.0)
        try:
            parts = [
                self._outputs(tf.constant(np.asarray(x[start : start + _AT_ONCE], np.float32)))
                for start in range(0, len(x), _AT_ONCE)
            ]
        finally:
            self._put({place: place for place in moved})
            for unit in self.units:
                unit.gate.works.assign(1.0)
        return np.concatenate([part.numpy() for part in parts])

    def path_norm(self, split: Split, through: Collection[str]) -> float:
        """Returns how large the gradient of one path is at the first unit's input.

        The network calculates as ever. On its way back, the gradient of the loss passes into the
        branches of some units alone, and into the shortcuts of the others alone (Veit et al. 2016,
        section 4.3).

        Args:
            split: Examples.
            through: Names of the units whose branches it passes.

        Returns:
            The mean of the norms over the examples.
        """
        import tensorflow as tf

        for unit in self.units:
            unit.gate.branch.assign(float(unit.name in through))
            unit.gate.shortcut.assign(float(unit.name not in through))
        try:
            norms = [
                self._norms(
                    tf.constant(np.asarray(split.x[start : start + _AT_ONCE], np.float32)),
                    tf.constant(split.y[start : start + _AT_ONCE]),
                )
                for start in range(0, len(split), _AT_ONCE)
            ]
        finally:
            for unit in self.units:
                unit.gate.branch.assign(1.0)
                unit.gate.shortcut.assign(1.0)
        return float(np.concatenate([part.numpy() for part in norms]).mean())

    def _joined(self, branch: Tensor, passed: Tensor | None, x: Tensor, name: str) -> Tensor:
        keeps = tuple(branch.shape) == tuple(x.shape)
        if passed is None and not keeps:
            return branch
        gate = Gate()
        joint = Joint(gate, residual=passed is not None, name=name)
        end = joint([branch, x if passed is None else passed])
        self.units.append(Unit(name.removesuffix("_add"), gate, passed is not None, keeps, x, end))
        return end

    def _answers(self, x: tf.Tensor) -> tf.Tensor:
        return self.model(x, training=False)

    def _gradient_norms(self, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            start, outputs = self._both(x, training=False)
            total = tf.reduce_sum(self._task.losses(outputs, y))
        gradient = tape.gradient(total, start, unconnected_gradients="zero")
        return tf.norm(tf.reshape(gradient, (tf.shape(x)[0], -1)), axis=1)

    def _of(self, unit: str) -> dict[str, tuple[int, ...]]:
        """Returns the shapes of a unit's weights, by what follows its name."""
        prefix = f"{unit}_"
        return {
            path.removeprefix(prefix): value.shape
            for path, value in self._weights.items()
            if path.startswith(prefix)
        }

    def _put(self, order: Mapping[str, str]) -> None:
        variables = {variable.path: variable for variable in self.model.weights} if order else {}
        for place, name in order.items():
            for end in self._of(place):
                variables[f"{place}_{end}"].assign(self._weights[f"{name}_{end}"])


def _let_through(values: Any, share: Any) -> Any:
    """Returns values as they are, of whose gradient a share passes."""
    stopped = keras.ops.stop_gradient(values)
    return stopped + share * (values - stopped)
