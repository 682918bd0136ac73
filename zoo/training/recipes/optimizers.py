"""The optimizers that a recipe may have, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops

from zoo.training.cpu import fused


class _OwnRates(keras.optimizers.Optimizer):
    """Gives each variable its own share of the learning rate, and averages weights.

    Weights decay by their share too, as in timm's layer decay.

    Args:
        rates: Returns the share for a variable, by its path; None: all of it.
        ema: Share of the average that a step keeps; None: there is no average.
        *args: Arguments of Keras's optimizer.
        **settings: Keyword arguments of Keras's optimizer.
    """

    def __init__(
        self,
        rates: Callable[[str], float] | None,
        *args: Any,
        ema: float | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*args, use_ema=ema is not None, ema_momentum=ema or 0.0, **settings)
        self._rates = rates

    @property
    def ema_momentum(self) -> Any:
        """The share that this step keeps. The first steps keep less: what they begin with is bad.

        Keras reads it in each batch. It is (1 + t) / (10 + t) until the recipe's is less, as in
        TensorFlow's `ExponentialMovingAverage`, and of the first step nothing is kept. A batch
        whose gradient only adds to those before it changes nothing.
        """
        batches = self.gradient_accumulation_steps or 1
        step = ops.cast(self._iterations // batches, "float32")
        kept = ops.where(step > 0, ops.minimum(self._most, (1 + step) / (10 + step)), 0.0)
        return ops.where((self._iterations + 1) % batches == 0, kept, 1.0)

    @ema_momentum.setter
    def ema_momentum(self, value: float) -> None:
        self._most = value

    def _apply_weight_decay(self, variables: Any) -> None:
        """Leaves it to `update_step`, which knows the rate of each variable."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable, and lets it decay by the same share of the rate."""
        known = self._trainable_variables[self._get_variable_index(variable)]
        if self._rates is not None:
            learning_rate = learning_rate * self._rates(known.path)
        if self.weight_decay and self._use_weight_decay(known):
            # A product is written once; what Keras subtracts is written and read again in between.
            kept = ops.cast(1 - learning_rate * self.weight_decay, known.dtype)
            variable.assign(variable * kept)
        super().update_step(gradient, variable, learning_rate)


class _AdamW(_OwnRates, fused.AdamW): ...


class _SGD(_OwnRates, keras.optimizers.SGD): ...


class _Lion(_OwnRates, keras.optimizers.Lion): ...


class _Lamb(_OwnRates, keras.optimizers.Lamb): ...


@dataclass(frozen=True)
class _Row:
    """An optimizer.

    Attributes:
        make: Builds it.
        rate: Its usual learning rate, where AdamW's is 1. Weight decay is divided by it, since a
            step takes off the product of the two.
        settings: What else it has.
    """

    make: Callable[..., keras.optimizers.Optimizer]
    rate: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict)


OPTIMIZERS: Mapping[str, _Row] = {
    "adamw": _Row(_AdamW),
    # He et al. 2015 begin at 0.1, with 1e-4 of decay; Nesterov's momentum as in timm's recipes.
    "sgd": _Row(_SGD, 100.0, {"momentum": 0.9, "nesterov": True}),
    # Chen et al. 2023, section 5: 3 to 10 times less than AdamW.
    "lion": _Row(_Lion, 0.2),
    # Wightman et al. 2021, "ResNet strikes back": 5e-3 with batches of 2,048.
    "lamb": _Row(_Lamb, 5.0),
}


def optimizer_of(
    name: str | None,
    schedule: Any,
    rates: Callable[[str], float] | None = None,
    *,
    weight_decay: float,
    ema: float | None = None,
    clip: float | None = None,
    accumulate: int | None = None,
) -> keras.optimizers.Optimizer:
    """Returns an optimizer.

    Args:
        name: One of `OPTIMIZERS`; None: AdamW.
        schedule: Its learning rate.
        rates: Returns the share of the learning rate for a variable, by its path; None: all of it.
        weight_decay: At the usual rate of AdamW.
        ema: See `zoo.training.recipes.recipe.Recipe`; so for the next two.
        clip: Largest norm of the gradient.
        accumulate: Batches of a step.
    """
    row = OPTIMIZERS[name or "adamw"]
    return row.make(
        rates,
        schedule,
        ema=ema,
        weight_decay=weight_decay / row.rate,
        global_clipnorm=clip,
        gradient_accumulation_steps=accumulate,
        name=name or "adamw",
        **row.settings,
    )
