"""A model that calculates as its int8 file will, for training (Jacob et al. 2018)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from zoo.errors import RequestError
from zoo.quantization.graph import (
    AVERAGING,
    OF_TWO,
    Names,
    Step,
    Walk,
    cloned,
    is_relu,
    passes,
    steps_of,
    sums,
)
from zoo.quantization.layers import (
    WithRoundedOffset,
    WithRoundedWeights,
    has_kernels,
)
from zoo.quantization.rounding import Rounding, range_step

# Examples that the first ranges are measured on at a time.
_AT_ONCE = 8
_PIXELS = (0.0, 255.0)
_RANGE = "_range"


def aware(
    model: keras.Model,
    samples: np.ndarray | None = None,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    front: Collection[str] = (),
) -> keras.Model:
    """Returns a model that rounds as an int8 file of the given one does.

    It has the weights of the given model, not copies: what it learns, both know. Batch
    normalisation keeps its statistics, and is one with the layer before it, as in a file. The range
    of each result follows it; `ranges_of` has them, for `export.export_model(ranges=…)`.

    Layers of several steps, such as attention and recurrence, get rounded weights and a rounded
    result; what is between them is rounded in the file alone, and so is the result of an operation
    of `keras.ops` between layers.

    Args:
        model: Functional or sequential, built, with one input; for (batch, ...) examples.
        samples: (N, ...) real inputs, on which the first ranges are measured; a hundred will do.
        ranges: Ranges to begin with, in place of samples: result of `ranges_of`.
        front: Names of the first layers, if they stay in float32: see `export.export_model`.

    Returns:
        A functional model from the same inputs to the same outputs, to be compiled.

    Raises:
        RequestError: It has several inputs or no graph; neither samples nor ranges are given, or
            they do not fit.
    """
    if not getattr(model, "inputs", None) or len(model.inputs) != 1:
        raise RequestError(
            f"model {model.name!r} needs a graph with one input: make it a functional model"
        )
    walk = Walk(steps_of(model), frozenset(front))
    if ranges is None:
        if samples is None:
            raise RequestError("say where ranges begin: samples of real inputs, or ranges")
        ranges = _measured(model, walk, np.asarray(samples))
    return cloned(model, _Rounder(model, walk, ranges))


def simulates(model: keras.Model, front: Collection[str] = ()) -> bool:
    """Returns whether `aware` rounds all that a file rounds, so that both give the same.

    It does not if the model has layers of several steps, or operations of `keras.ops` that do more
    than move, leave out or pad with zeros; nor with a concatenation, a sum of three, an activation
    inside a layer that is no ReLU, or a batch normalisation of what is no picture, unless it is one
    with the layer before it.

    Args:
        model: As for `aware`.
        front: As for `aware`.
    """
    return Walk(steps_of(model), frozenset(front)).whole()


def ranges_of(model: keras.Model) -> dict[str, tuple[float, float]]:
    """Returns the ranges of an aware model as they are now, by the name of the layer.

    Layers that a file makes one operation of, and may name by any of them, have the same range.
    """
    return {
        name: layer.range
        for layer in model.layers
        if isinstance(layer, Rounding) and layer.name.endswith(_RANGE)
        for name in (layer.name.removesuffix(_RANGE), *layer.also)
    }


def settle(model: keras.Model) -> None:
    """Rounds the weights themselves, after the training of an aware model.

    Whoever rounds them again, such as a converter, has no ties to decide, and the given model
    calculates with the weights of its file.
    """
    for layer in model.layers:
        if isinstance(layer, (WithRoundedWeights, WithRoundedOffset)):
            steps = {_step_of(node) for node in layer._inbound_nodes}
            layer.settle(steps.pop() if len(steps) == 1 else None)


def _step_of(node: Any) -> float | None:
    """Returns the step of what a layer with rounded weights takes in a call, if it is known."""
    step = node.arguments.kwargs.get("step")
    return None if step is None else float(range_step(*step._keras_history.operation.range))


def layer_in(model: keras.Model, name: str) -> keras.layers.Layer:
    """Returns a layer of the model that an aware model was made from, or of a plain one."""
    for layer in model.layers:
        if isinstance(layer, WithRoundedWeights) and layer.layer.name == name:
            return layer.layer
    return model.get_layer(name)


def _measured(
    model: keras.Model, walk: Walk, samples: np.ndarray
) -> dict[str, tuple[float, float]]:
    """Returns the least and the greatest value of each result."""
    results: dict[str, Any] = {}
    steps = iter(walk.steps)
    names = Names()

    def keep(layer: Any, *args: Any, **settings: Any) -> Any:
        outputs = layer(*args, **settings)
        if walk.rounds(next(steps)):
            results[names.next(layer)] = outputs
        return outputs

    clone = cloned(model, keep)
    watched = keras.Model(clone.inputs[0], results)
    ranges = dict.fromkeys(results, (0.0, 0.0))
    for start in range(0, len(samples), _AT_ONCE):
        batch = np.asarray(samples[start : start + _AT_ONCE], "float32")
        for name, values in watched(batch, training=False).items():
            array, (low, high) = np.asarray(values), ranges[name]
            ranges[name] = min(low, float(array.min())), max(high, float(array.max()))
    pixels = samples.ndim == 4 and samples.min() >= 0 and samples.max() <= 255
    whole = _PIXELS if pixels else (float(samples.min()), float(samples.max()))
    return {model.inputs[0].name: whole, **ranges}


class _Rounder:
    """Calls the layers of a graph so that weights and results are rounded.

    Args:
        model: Whose graph it is.
        walk: Its calls.
        ranges: By name of the result.
    """

    def __init__(
        self, model: keras.Model, walk: Walk, ranges: Mapping[str, tuple[float, float]]
    ) -> None:
        self._input, self._walk, self._ranges = model.inputs[0].name, walk, ranges
        self._steps, self._names = iter(walk.steps), Names()
        self._folded: dict[str, keras.layers.Layer] = {}  # By the normalisation behind.
        self._held: dict[str, WithRoundedWeights] = {}
        self._exact: dict[str, WithRoundedOffset] = {}
        self._last: dict[int, tuple[Rounding, Any]] = {}  # What rounded a result, and its step.
        # Of results that are not rounded yet: what they are made of, see `Rounding.call`.
        self._made_of: dict[int, dict[str, Any]] = {}

    def __call__(self, layer: Any, *args: Any, **settings: Any) -> Any:
        """Calls the next layer."""
        step = next(self._steps)
        taken = step.takes[0]
        if step is self._walk.steps[0] and layer.name not in self._walk.front:
            args = (self._rounded(taken, self._input, args[0], fixed=True), *args[1:])
        if self._walk.folds(step):
            self._folded[self._walk.reader(step).name] = layer
            if taken in self._last:
                self._last[step.gives] = self._last[taken]
            return args[0]
        outputs = self._called(step, args, settings)
        if self._walk.rounds(step):
            also = self._walk.before(step)
            return self._rounded(step.gives, self._names.next(layer), outputs, also=also)
        if bounds := self._walk.bounded(step):
            rounding = Rounding(*bounds, fixed=True, name=f"{self._names.next(layer)}_bounded")
            outputs, between = rounding(outputs)
            self._last[step.gives] = rounding, between
        elif (passes(layer) or isinstance(layer, AVERAGING)) and taken in self._last:
            self._last[step.gives] = self._last[taken]
            if isinstance(layer, AVERAGING):
                return self._last[taken][0](outputs, averaged=True)[0]
        return outputs

    def _called(self, step: Step, args: Any, settings: dict[str, Any]) -> Any:
        layer, taken = step.layer, step.takes[0]
        if self._walk.multiplies(step) and taken in self._last:
            if layer.name not in self._exact:
                self._exact[layer.name] = WithRoundedOffset(layer, name=f"{layer.name}_rounded")
            outputs, sum_step = self._exact[layer.name](*args, step=self._last[taken][1])
            self._made_of[step.gives] = {"sum_step": sum_step}
            return outputs
        folded = self._folded.get(layer.name)
        if layer.name in self._walk.front or not (folded or has_kernels(layer)):
            if is_relu(layer) and taken in self._made_of:
                self._made_of[step.gives] = self._made_of[taken]
            steps = [self._last[number][1] for number in step.takes if number in self._last]
            if isinstance(layer, OF_TWO) and len(steps) == len(step.takes) == 2:
                self._made_of[step.gives] = _of_two(layer, args[0], steps)
            return layer(*args, **settings)
        if layer.name not in self._held:
            inner, norm = (layer, None) if folded is None else (folded, layer)
            self._held[layer.name] = WithRoundedWeights(inner, norm, name=f"{layer.name}_rounded")
        held = self._held[layer.name]
        if not sums(held.layer) or taken not in self._last:
            return held(*args, **settings)
        outputs, sum_step = held(*args, step=self._last[taken][1], **settings)
        self._made_of[step.gives] = {"sum_step": sum_step}
        return outputs

    def _rounded(
        self, number: int, name: str, values: Any, *, fixed: bool = False, also: Sequence[str] = ()
    ) -> Any:
        if name not in self._ranges:
            raise RequestError(
                f"the ranges have none of layer {name!r}, only of {len(self._ranges)} others"
            )
        low, high = self._ranges[name]
        rounding = Rounding(low, high, fixed=fixed, also=also, name=f"{name}{_RANGE}")
        outputs, step = rounding(values, **self._made_of.pop(number, {}))
        self._last[number] = rounding, step
        return outputs


def _of_two(layer: keras.layers.Layer, values: Any, steps: Any) -> dict[str, Any]:
    """Returns what the result of a layer that takes two is made of, see `Rounding.call`."""
    if isinstance(layer, keras.layers.Multiply):
        return {"sum_step": steps[0] * steps[1]}
    one, other = values
    if isinstance(layer, keras.layers.Subtract):
        other = -other
    return {"terms": ((one, steps[0]), (other, steps[1]))}
