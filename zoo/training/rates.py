"""Finds a learning rate: it rises from step to step until the loss does too (Smith 2015).

"Cyclical Learning Rates for Training Neural Networks", section 3.3. A copy of the network is
trained for that, so that the training itself begins with the weights that it would have anyway.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.checkpoints.card import Card, read_card
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.checkpoints.store import load_weights
from zoo.data.batches import steps_per_epoch
from zoo.data.dataset import Dataset, Split, take
from zoo.drawing import drawn
from zoo.errors import RequestError
from zoo.forms import Form
from zoo.models.names import LOGITS
from zoo.training.fit import fit
from zoo.training.parts import shares_of, train_head
from zoo.training.recipes.picture_size import adapted_form
from zoo.training.recipes.plan import Plan
from zoo.training.recipes.precision import network_for
from zoo.training.recipes.recipe import Recipe
from zoo.training.recipes.stages import freeze_stages, stages
from zoo.training.runs.run_folder import RATES, kept_recipe
from zoo.training.runs.telling import Tell

STEPS = 150  # From the least rate to the greatest.
_FACTOR = 1000.0  # They are the usual rate divided and multiplied by it.
_KEPT = 0.9  # Share of the smoothed loss that a step keeps.
_FIRST = 10  # Steps whose mean is not smooth yet, and whose rate is too small to matter.
_WORSE = 4.0  # Times the least loss, at which the network has lost its way.


@dataclass(frozen=True)
class Sweep:
    """What the losses were while the learning rate rose.

    Attributes:
        rates: Of each step, rising.
        losses: Of each batch, before its step.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def smoothed(self) -> np.ndarray:
        """The losses, averaged with those around them; before them alone, they would lag behind."""
        return (_averaged(self.losses) + _averaged(self.losses[::-1])[::-1]) / 2

    @property
    def steepest(self) -> float | None:
        """The rate at which the smoothed loss falls fastest, by the logarithm of the rate.

        None: it never falls.
        """
        smoothed = self.smoothed
        end = int(np.argmin(smoothed)) + 1 if len(smoothed) else 0
        if end - _FIRST < 2:
            return None
        slopes = np.gradient(smoothed, np.log(self.rates[: len(smoothed)]))
        place = _FIRST + int(np.argmin(slopes[_FIRST:end]))
        return self.rates[place] if slopes[place] < 0 else None


def found(
    recipe: Recipe, output: Path, dataset: Dataset, describe: Callable[[], Card], tell: Tell
) -> Recipe:
    """Returns the recipe of a training from scratch, with the learning rate that was found.

    Args:
        recipe: One that does not ask for it stays as it is.
        output: The folder of the run, which gets the picture. One that goes on keeps its rate.
        dataset: What is learnt.
        describe: Returns the card of the network.
        tell: Called with a line that says what was found.
    """
    if not recipe.find_learning_rate:
        return recipe

    def measure() -> Sweep:
        keras.utils.set_random_seed(recipe.seed)
        return sweep(network_for(describe(), recipe), dataset, recipe)

    return dataclasses.replace(recipe, learning_rate=_found(recipe, output, measure, tell))


def found_for_tuning(
    plan: Plan, output: Path, checkpoint: str, dataset: Dataset, form: Form, tell: Tell
) -> float:
    """Returns the learning rate of the network in a fine-tuning, behind a head that was trained.

    Args:
        plan: Of the whole data.
        output: See `found`.
        checkpoint: What it starts from.
        dataset: What is learnt.
        form: How its examples were prepared.
        tell: See `found`.
    """
    recipe = plan.whole
    origin = read_card(folder := find_checkpoint(checkpoint))
    few = _some(dataset.train, STEPS * recipe.batch_size, recipe.seed)
    watched = _some(dataset.validation, STEPS * recipe.batch_size, recipe.seed)
    part = dataset.with_splits(train=few, validation=watched, test=watched)

    def measure() -> Sweep:
        shape, task = adapted_form(form, origin, dataset), dataset.task
        card = Card(origin.model, dataset.labels, shape, config=origin.config, task=task.name)
        keras.utils.set_random_seed(recipe.seed)
        network = network_for(card, recipe)
        load_weights(network, folder, origin, skip=LOGITS, adapt_stem=True)
        groups = stages(network)
        freeze_stages(network, plan, groups)
        alone = dataclasses.replace(plan, head=plan.head.untaught)
        with tempfile.TemporaryDirectory() as place:
            train_head(network, part, alone, Path(place), "", lambda stage, recipe: (), None)
        if (scale := task.scale(part.train.y)) is not None:
            scale.remove_units(network.get_layer(LOGITS))
        return sweep(network, dataset, recipe, rates=shares_of(plan, groups))

    return _found(recipe, output, measure, tell)


def sweep(
    network: keras.Model,
    dataset: Dataset,
    recipe: Recipe,
    *,
    rates: Callable[[str], float] | None = None,
    steps: int = STEPS,
) -> Sweep:
    """Trains a network at a rising rate, until its loss is far from the least.

    Args:
        network: Its weights change.
        dataset: What it learns.
        recipe: How the training will be; its learning rate is in the middle of those tried.
        rates: Returns the share of the learning rate for a variable, by its path; None: all of it.
        steps: At most.
    """
    ramp = _Ramp(recipe.learning_rate / _FACTOR, recipe.learning_rate * _FACTOR, steps)
    watch = _Watch(ramp)
    epochs = math.ceil(steps / steps_per_epoch(dataset.train, recipe.batch_size))
    short = dataclasses.replace(recipe.untaught, epochs=epochs, patience=None, ema=None)
    short = dataclasses.replace(short, accumulate=None)
    # It looks at no validation, which every training has.
    part = dataset.with_splits(validation=_some(dataset.validation, 1, recipe.seed))
    with tempfile.TemporaryDirectory() as place, contextlib.suppress(_EnoughError):
        fit(network, part, short, Path(place) / "state", [watch], rates=rates)
    return Sweep(tuple(ramp.at(step) for step in range(len(watch.losses))), tuple(watch.losses))


def draw(swept: Sweep, path: Path, rate: float | None) -> None:
    """Draws the losses by the rate, and the rate that was taken, into a PNG."""
    with drawn(path, 7, 4) as figure:
        axes = figure.subplots()
        axes.plot(swept.rates, swept.losses, alpha=0.3, label="of a batch")
        axes.plot(swept.rates, swept.smoothed, label="smoothed")
        if rate is not None:
            axes.axvline(rate, color="black", linestyle="--", label=f"{rate:.2g}")
        if len(smooth := swept.smoothed):  # The very first loss may be no number.
            least, first = float(smooth.min()), float(smooth[0])
            rise = abs(first - least)
            axes.set_ylim(max(least - 0.2 * rise - 1e-3, 0), first + rise + 1e-3)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")  # Its own would be a formula.
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.grid(alpha=0.3)
        axes.legend()


def kept_rate(output: Path) -> float | None:
    """Returns the rate that a run found which goes on; None: it found none, or none does."""
    recipe = kept_recipe(output)
    rate = recipe.get("learning_rate") if recipe.get("find_learning_rate") else None
    return rate if isinstance(rate, float) else None


def check_finding(
    asked: bool | None, learning_rate: float | None, quantize: str | None = None
) -> None:
    """Refuses to find a learning rate where there is one, or where integers learn.

    Args:
        asked: Whether one is to be found.
        learning_rate: The one that the user gives.
        quantize: See `zoo.training.recipes.recipe.Recipe`.

    Raises:
        RequestError: Two of these are given.
    """
    if asked and learning_rate is not None:
        raise RequestError("give --learning_rate or --find_learning_rate, not both")
    if asked and quantize is not None:
        raise RequestError("--find_learning_rate does not round as --quantize does; leave one out")


def _found(recipe: Recipe, output: Path, measure: Callable[[], Sweep], tell: Tell) -> float:
    if (kept := kept_rate(output)) is not None:
        return kept
    swept = measure()
    rate = swept.steepest
    output.mkdir(parents=True, exist_ok=True)
    draw(swept, output / RATES, rate)
    if rate is None:
        tell(
            f"no learning rate made the loss fall, see {RATES}: the usual "
            f"{recipe.learning_rate:.2g} is taken"
        )
        return recipe.learning_rate
    rate = float(f"{rate:.2g}")
    tell(
        f"learning rate {rate:.2g}, where the loss fell fastest in {len(swept.rates)} steps from "
        f"{swept.rates[0]:.1g} to {swept.rates[-1]:.1g}, see {RATES}"
    )
    return rate


def _averaged(losses: Sequence[float]) -> np.ndarray:
    """Returns the mean of each loss and those before it, the last of which count most."""
    mean, averages = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = _KEPT * mean + (1 - _KEPT) * loss
        averages.append(mean / (1 - _KEPT**step))
    return np.array(averages)


def _some(split: Split, most: int, seed: int) -> Split:
    """Returns examples of a split at random: it may be sorted by class."""
    order = np.random.default_rng(seed).permutation(len(split))
    return take(split, np.sort(order[:most]))


class _EnoughError(Exception):
    """Ends a sweep."""


class _Ramp(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises by the same factor in each step."""

    def __init__(self, least: float, greatest: float, steps: int) -> None:
        super().__init__()
        self.least, self.greatest, self.steps = least, greatest, steps

    def at(self, step: int) -> float:
        """Returns the rate of a step, from 0."""
        return float(self.least * (self.greatest / self.least) ** (step / (self.steps - 1)))

    def __call__(self, step: Any) -> Any:
        """Returns the rate of a step, as a tensor."""
        share = ops.cast(step, "float32") / (self.steps - 1)
        return self.least * ops.exp(share * math.log(self.greatest / self.least))

    def get_config(self) -> dict[str, float]:
        """Returns the arguments."""
        return {"least": self.least, "greatest": self.greatest, "steps": self.steps}


class _Watch(keras.callbacks.Callback):
    """Gives the optimizer its rising rate, and keeps the loss of each batch."""

    def __init__(self, ramp: _Ramp) -> None:
        super().__init__()
        self._ramp = ramp
        self.losses: list[float] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Replaces the schedule of the recipe."""
        self.model.optimizer.learning_rate = self._ramp

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the loss, and ends the sweep after the last step or a loss far from the least."""
        loss = float((logs or {})["loss"])
        self.model.reset_metrics()  # Or else Keras gives the mean of all batches so far.
        if not math.isfinite(loss):
            raise _EnoughError
        self.losses.append(loss)
        averages = _averaged(self.losses)
        lost = len(averages) > _FIRST and averages[-1] > _WORSE * max(averages.min(), 1e-6)
        if lost or len(self.losses) == self._ramp.steps:
            raise _EnoughError
