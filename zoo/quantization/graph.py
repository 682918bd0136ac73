"""The calls of layers in a graph, and which of their results an int8 file rounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from zoo.quantization.layers import FOLDED, is_product
from zoo.residual import Scaled

# A file has no operation for these.
_VANISHING = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.Identity,
)
# These give values that they were given, so a file keeps the range.
PASSING = (
    *_VANISHING,
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Permute,
    keras.layers.RepeatVector,
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
    keras.layers.Cropping1D,
    keras.layers.Cropping2D,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
)
# Operations of `keras.ops` that do the same. Their classes have no public name.
_MOVING = ("Transpose", "Reshape", "GetItem", "ExpandDims", "Squeeze", "Flip")
# These average them, in the same range.
AVERAGING = (keras.layers.AveragePooling1D, keras.layers.AveragePooling2D)
# Each is a product, whose factors a file may multiply by those of a normalisation behind it.
_PRODUCTS = (*FOLDED, keras.layers.BatchNormalization, keras.layers.Normalization)
# A file makes one operation of each of these, with what stands before or behind it.
_WHOLE = (
    *AVERAGING,
    keras.layers.InputLayer,
    keras.layers.ReLU,
    keras.layers.Activation,
    keras.layers.Softmax,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    Scaled,
)
# Each is one operation if it takes two.
OF_TWO = (keras.layers.Add, keras.layers.Subtract, keras.layers.Multiply)
# The results of these are from 0 to 1, or from -1 to 1, so that no file gives them another range.
_BOUNDED = {"softmax": (0.0, 255 / 256), "sigmoid": (0.0, 255 / 256), "tanh": (-1.0, 127 / 128)}
_BOUNDING = (*FOLDED, keras.layers.Activation, keras.layers.Softmax)
# What a file calculates in one operation, or in one with the layer before it.
_SINGLE = ("linear", "relu", "relu6", *_BOUNDED)


@dataclass(frozen=True)
class Step:
    """A call of a layer in a graph: the numbers of the tensors that it takes and gives."""

    layer: Any
    takes: tuple[int, ...]
    gives: int


@dataclass(frozen=True)
class Walk:
    """The calls of a graph in their order.

    Attributes:
        steps: The calls.
        front: Names of layers that stay in float32.
    """

    steps: Sequence[Step]
    front: frozenset[str]

    def reader(self, step: Step) -> Any:
        """Returns the layer that alone reads a result; None: there are several or none."""
        readers = [other.layer for other in self.steps if step.gives in other.takes]
        return readers[0] if len(readers) == 1 else None

    def folds(self, step: Step) -> bool:
        """Whether a layer is one with the batch normalisation behind it."""
        reader = self.reader(step)
        return (
            isinstance(step.layer, FOLDED)
            and _activation(step.layer) == "linear"
            and isinstance(reader, keras.layers.BatchNormalization)
            and reader.axis in (-1, len(step.layer.output.shape) - 1)
            and step.layer.name not in self.front
        )

    def multiplies(self, step: Step) -> bool:
        """Whether a file normalises by a product and a sum of its own: see `is_product`.

        Of what a product gives, it leaves that to the product, or does it in two steps.
        """
        if not isinstance(step.layer, keras.layers.BatchNormalization):
            return is_product(step.layer)
        before = self._maker(step)
        while before is not None and _vanishes(before.layer):
            before = self._maker(before)
        product = (
            before is not None
            and isinstance(before.layer, _PRODUCTS)
            and _activation(before.layer) == "linear"
        )
        return is_product(step.layer) and not product

    def _maker(self, step: Step) -> Step | None:
        """Returns the call that gives what this one takes; None: it is the input."""
        return next((other for other in self.steps if other.gives == step.takes[0]), None)

    def before(self, step: Step) -> tuple[str, ...]:
        """Returns the layers before a factor or a normalisation that is one operation with them.

        A converter leaves out a normalisation that adds zero, and names the operation by those.
        """
        names: list[str] = []
        while isinstance(step.layer, (Scaled, keras.layers.BatchNormalization)):
            before = self._maker(step)
            if before is None or passes(before.layer) or self.rounds(before):
                break
            names.append(before.layer.name)
            step = before
        return tuple(names)

    def whole(self) -> bool:
        """Whether all that a file rounds is rounded: nothing has steps between which it does."""
        return all(self._single(step) for step in self.steps)

    def _single(self, step: Step) -> bool:
        layer = step.layer
        if layer.name in self.front or passes(layer) or self.multiplies(step):
            return True
        if isinstance(layer, keras.layers.BatchNormalization):
            maker = self._maker(step)
            return maker is not None and self.folds(maker)
        if isinstance(layer, OF_TWO):
            return len(step.takes) == 2
        if isinstance(layer, FOLDED):
            return sums(layer) or (_activation(layer) in _BOUNDED and step is self.steps[-1])
        return isinstance(layer, _WHOLE) and _activation(layer) in _SINGLE

    def bounded(self, step: Step) -> tuple[float, float] | None:
        """Returns the range that a file gives to a result of any training; None: there is none."""
        last = not any(step.gives in other.takes for other in self.steps)
        if last or step.layer.name in self.front or not isinstance(step.layer, _BOUNDING):
            return None
        return _BOUNDED.get(_activation(step.layer))

    def rounds(self, step: Step) -> bool:
        """Whether a result is rounded to a range of its own.

        That of an operation of `keras.ops` is rounded in the file alone: only a layer has a name
        that is the same in every process, by which a range is found again.
        """
        layer, reader = step.layer, self.reader(step)
        if not isinstance(layer, keras.Layer):
            return False
        if layer.name in self.front:
            # What the last of them gives is the first that is rounded.
            return getattr(reader, "name", None) not in self.front
        if passes(layer) or isinstance(layer, AVERAGING) or self.folds(step):
            return False
        if isinstance(layer, _BOUNDING) and _activation(layer) in _BOUNDED:
            return False
        # A file makes one operation of a layer and of a number that multiplies its results.
        return not (_is_linear(layer) and (is_relu(reader) or isinstance(reader, Scaled)))


def passes(layer: Any) -> bool:
    """Whether a layer or an operation gives values that it was given."""
    if isinstance(layer, keras.Layer):
        return isinstance(layer, PASSING)
    kind = type(layer).__name__
    if kind == "Pad":
        given = layer._inbound_nodes[0].arguments.kwargs.get("constant_values")
        return layer.mode == "constant" and not given
    if kind == "AveragePool":  # Of one place: every other is left out.
        return layer.pool_size == 1
    return kind in _MOVING


def _vanishes(layer: Any) -> bool:
    plain = isinstance(layer, keras.layers.Activation) and _activation(layer) == "linear"
    return plain or isinstance(layer, _VANISHING)


def steps_of(model: keras.Model) -> list[Step]:
    """Lists the calls of a graph."""
    numbers: dict[int, int] = {}
    kept: list[Any] = []  # Tensors must live as long as their identity is used.
    steps: list[Step] = []

    def note(layer: Any, *args: Any, **settings: Any) -> Any:
        outputs = layer(*args, **settings)
        taken = [item for item in keras.tree.flatten((args, settings)) if keras.ops.is_tensor(item)
                 or isinstance(item, keras.KerasTensor)]  # fmt: skip
        given = keras.tree.flatten(outputs)
        kept.extend((*taken, *given))
        for tensor in (*taken, *given):
            numbers.setdefault(id(tensor), len(numbers))
        steps.append(Step(layer, tuple(numbers[id(t)] for t in taken), numbers[id(given[0])]))
        return outputs

    cloned(model, note)
    return steps


def cloned(model: keras.Model, call: Callable[..., Any]) -> keras.Model:
    """Returns a model of the same layers, not copies, each called by a function.

    Args:
        model: With one input and one output.
        call: Called with a layer and its arguments, in the order of the graph; returns its results.
    """
    graph = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    return keras.models.clone_model(graph, clone_function=lambda layer: layer, call_function=call)


class Names:
    """Names of results: the layer's, and a number from its second call on."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()

    def next(self, layer: Any) -> str:
        """Returns the name of the next result of a layer."""
        self._calls[layer.name] += 1
        number = self._calls[layer.name]
        return layer.name if number == 1 else f"{layer.name}_{number}"


def sums(layer: keras.layers.Layer) -> bool:
    """Whether a file rounds the integer sums of a layer, which at most a ReLU cuts off at zero."""
    return isinstance(layer, FOLDED) and _activation(layer) in ("linear", "relu")


def _activation(layer: Any) -> str:
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    return getattr(getattr(layer, "activation", None), "__name__", "linear")


def _is_linear(layer: Any) -> bool:
    """Whether a file makes one operation of a layer and of a ReLU behind it."""
    if isinstance(layer, FOLDED):
        return _activation(layer) == "linear"
    return isinstance(layer, (keras.layers.BatchNormalization, *OF_TWO))


def is_relu(layer: Any) -> bool:
    """Whether a layer is a ReLU that a file makes a part of what stands before it."""
    if isinstance(layer, keras.layers.ReLU):
        return layer.max_value in (None, 6.0) and not layer.negative_slope and not layer.threshold
    return isinstance(layer, keras.layers.Activation) and _activation(layer) in ("relu", "relu6")
