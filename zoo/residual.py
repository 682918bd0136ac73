"""The residual connection, once, for every family of the zoo.

`y = f(x) + x` if the dimensions of `f(x)` and `x` agree, else `y = f(x) + W x` (He et al. 2015,
"Deep Residual Learning for Image Recognition", equations 1 and 2). The `order` says where the
non-linearity stands, the `shortcut` what is done to `x` before the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, TypeAlias, get_args

import keras
from keras import layers, ops

from zoo.errors import RequestError
from zoo.registry import unknown

Order = Literal["post_activation", "relu_output", "linear_output"]
Activation = Literal["relu", "linear"]
Shortcut = Literal["auto", "pad", "projection", "identity", "none"]
Scale = Literal["none", "rezero"]
Tensor: TypeAlias = keras.KerasTensor
Layers: TypeAlias = Callable[[Tensor], Tensor]


def residual(
    x: Tensor,
    branch: Layers,
    project: Layers,
    *,
    order: Order = "post_activation",
    activation: Activation | Layers = "relu",
    activated_shortcut: bool = False,
    shortcut: Shortcut = "auto",
    scale: Scale = "none",
    stride: int = 1,
    name: str = "residual",
) -> Tensor:
    """Returns the residual sum of a branch f and a shortcut.

    Orders:
        post_activation: ReLU(f(x) + x), the original (He et al. 2015).
        relu_output: ReLU(f(x)) + x; no ReLU follows the sum.
        linear_output: f(ReLU(x)) + x, pre-activation (He et al. 2016, "Identity Mappings in Deep
            Residual Networks"); the last unit's output needs an activation of its own.
        With a linear activation all three are f(x) + x.

    Shortcuts:
        auto: the identity, and W x where the dimensions change (option B of He et al. 2015).
        pad: the identity; where the dimensions change, x at every `stride`-th place with zeros
            for the new channels (option A, no parameters).
        projection: W x always (option C).
        identity: x always.
        none: no shortcut, the plain network of the same depth.

    Scales:
        none: the branch is added as it is.
        rezero: α f(x) is added, with one number α that is learnt from 0 on, so that the unit starts
            as its shortcut (Bachlechner et al. 2020, "ReZero is All You Need"; without a
            normalisation in f, SkipInit of De and Smith 2020). In the order "relu_output" it is
            α ReLU(f(x)), since a ReLU lets no gradient through at 0. Without a shortcut there is no
            α, as nothing would be left of the input.

    Args:
        x: Input, (batch, ..., channels).
        branch: Builds f(x), (batch, ..., channels').
        project: Builds W x, in the shape of f(x); called only if the shortcut needs it.
        order: Where the activation stands, see above.
        activation: "relu"; "linear" if f is non-linear itself; or a function that builds another
            one. A Transformer's norm stands in the same three places.
        activated_shortcut: Whether W x reads the activated x in the order "linear_output", as in
            the code of He et al. 2016; the identity is of x itself in any case.
        shortcut: What is added, see above.
        scale: What multiplies the branch, see above.
        stride: How far f shrinks every axis between batch and channels.
        name: Prefix of the names of the layers made here.

    Returns:
        The sum, in the shape of f(x).

    Raises:
        RequestError: Unknown order, shortcut or scale; the shapes do not allow the shortcut.
    """
    _check(order, "order", Order)
    if not callable(activation):
        _check(activation, "activation", Activation)
    _check(shortcut, "shortcut", Shortcut)
    _check(scale, "scale", Scale)

    def activate(value: Tensor) -> Tensor:
        if callable(activation):
            return activation(value)
        return layers.ReLU(name=f"{name}_relu")(value) if activation == "relu" else value

    read = activate(x) if order == "linear_output" else x
    y = branch(read)
    if order == "relu_output":
        y = activate(y)
    passed = None
    if shortcut != "none":
        projected = read if activated_shortcut else x
        passed = _shortcut(x, y, lambda: project(projected), shortcut, stride)
        if scale == "rezero":
            y = Scaled(name=f"{name}_scale")(y)
    y = _JOINING.get()(y, passed, x, f"{name}_add")
    return activate(y) if order == "post_activation" else y


Joining: TypeAlias = Callable[[Tensor, Tensor | None, Tensor, str], Tensor]


def _add(branch: Tensor, passed: Tensor | None, x: Tensor, name: str) -> Tensor:
    return branch if passed is None else layers.Add(name=name)([branch, passed])


def _add_shallowly(branch: Tensor, passed: Tensor | None, x: Tensor, name: str) -> Tensor:
    return branch if passed is None else ShallowAdd(name=name)([branch, passed])


_JOINING: ContextVar[Joining] = ContextVar("_JOINING", default=_add)


@contextmanager
def joined_by(joining: Joining) -> Iterator[None]:
    """Lets another function join branch and shortcut in the units that are built inside.

    Args:
        joining: Takes a unit's branch, what its shortcut passes (None: there is no shortcut), its
            input and the name of the sum; returns the sum.
    """
    token = _JOINING.set(joining)
    try:
        yield
    finally:
        _JOINING.reset(token)


@keras.saving.register_keras_serializable("zoo")
class Scaled(layers.Layer):
    """Multiplies its input by one number, which is learnt and starts at 0."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the number."""
        self.scale = self.add_weight(name="scale", shape=(), initializer="zeros")

    def call(self, x: Tensor) -> Tensor:
        """Returns the product, in the shape of the input."""
        return x * ops.cast(self.scale, x.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return input_shape


class ShallowAdd(layers.Add):
    """A sum whose branch some examples skip in training, and which is scaled up for the others.

    Huang et al. 2016, "Deep Networks with Stochastic Depth". In use it is a plain sum.

    Attributes:
        rate: The probability with which an example skips the branch.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.rate = 0.0
        self.seed_generator = keras.random.SeedGenerator()

    def compute_output_spec(self, inputs: list[Tensor], training: bool = False) -> Tensor:
        """Returns the shape and type of the sum."""
        return super().compute_output_spec(inputs)

    def call(self, inputs: list[Tensor], training: bool = False) -> Tensor:
        """Returns the sum of a branch and a shortcut."""
        if not training or not self.rate:
            return super().call(inputs)
        branch, shortcut = inputs
        shape = (ops.shape(branch)[0], *[1] * (len(branch.shape) - 1))
        kept = keras.random.uniform(shape, seed=self.seed_generator) >= self.rate
        return super().call([branch * ops.cast(kept, branch.dtype) / (1 - self.rate), shortcut])


def shallow(build: Callable[[], keras.Model], rate: float | None) -> keras.Model:
    """Builds a network whose branches some examples skip in training.

    Args:
        build: Builds it.
        rate: The probability for the last branch. For those before, it falls evenly towards the
            input. None: none is skipped.

    Raises:
        RequestError: There is a probability, but no branch beside a shortcut.
    """
    with joined_by(_add if rate is None else _add_shallowly):
        model = build()
    sums = [layer for layer in model.layers if isinstance(layer, ShallowAdd)]
    if rate is not None and not sums:
        raise RequestError(
            f"--stochastic_depth={rate:g} skips branches beside a shortcut, and this network has "
            "none; leave it out, or train one with shortcuts"
        )
    for place, layer in enumerate(sums, start=1):
        layer.rate = (rate or 0.0) * place / len(sums)
    return model


def _shortcut(
    x: Tensor, y: Tensor, project: Callable[[], Tensor], shortcut: Shortcut, stride: int
) -> Tensor:
    same = stride == 1 and x.shape[-1] == y.shape[-1]
    if shortcut == "projection" or (shortcut == "auto" and not same):
        return project()
    if same:
        return x
    if shortcut == "identity":
        raise RequestError(
            f"shortcut 'identity' cannot add an input of shape {x.shape[1:]} to a branch of shape "
            f"{y.shape[1:]}; use 'auto', 'pad' or 'projection'"
        )
    return _pad(x, y.shape[-1], stride)


def _pad(x: Tensor, channels: int, stride: int) -> Tensor:
    extra = channels - x.shape[-1]
    if extra < 0:
        raise RequestError(
            f"shortcut 'pad' cannot narrow {x.shape[-1]} channels to {channels}; "
            "use 'auto' or 'projection'"
        )
    if stride > 1:
        x = ops.average_pool(x, pool_size=1, strides=stride)
    return ops.pad(x, [[0, 0]] * (len(x.shape) - 1) + [[0, extra]])


def _check(value: str, kind: str, values: object) -> None:
    known = list(get_args(values))
    if value not in known:
        raise RequestError(unknown(kind, value, known))
