"""How many epochs fit into some minutes.

The learning rate of a training is planned for all its epochs, so their number is chosen before it
begins: a few steps of a copy of the network say how long one takes here.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.checkpoints.card import Card, read_card
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.data.batches import steps_per_epoch
from zoo.data.dataset import Dataset, take
from zoo.forms import Form, Picture
from zoo.training.fit import fit
from zoo.training.recipes.distillation import open_teacher
from zoo.training.recipes.picture_size import adapted_form
from zoo.training.recipes.plan import Plan
from zoo.training.recipes.precision import network_for
from zoo.training.recipes.recipe import Recipe
from zoo.training.recipes.stages import freeze_stages, stages
from zoo.training.runs.progress import in_words
from zoo.training.runs.run_folder import kept_recipe
from zoo.training.runs.telling import Tell

_STEPS = 6  # Of the copy, at least. The first builds the graph, so it counts apart.
# Share of the time for what is not foreseen: the head of a fine-tuning, figures, the page.
_RESERVE = 0.15
# Times the usual number of epochs. More of them hardly help.
MOST = 3


@dataclass(frozen=True)
class Pace:
    """Seconds that a network takes on this machine.

    Attributes:
        start: Until a training goes on steadily.
        step: Of a training step.
        look: Of a batch in validation.
    """

    start: float
    step: float
    look: float


class Timer(keras.callbacks.Callback):
    """Takes the times of steps and of batches in validation."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._began = 0.0
        self.steps: list[float] = []
        self.looks: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._began = self._clock()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds the time of a step."""
        self.steps.append(self._clock() - self._began)

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._began = self._clock()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds the time of a batch."""
        self.looks.append(self._clock() - self._began)

    @property
    def pace(self) -> Pace:
        """What the times say. The first of each kind holds the building of a graph."""
        step, look = (statistics.median(times[1:] or times) for times in (self.steps, self.looks))
        return Pace(max(self.steps[0] - step, 0) + max(self.looks[0] - look, 0), step, look)


def within(
    recipe: Recipe,
    output: Path,
    dataset: Dataset,
    describe: Callable[[], Card],
    asked: int | None,
    started: float,
    tell: Tell,
) -> Recipe:
    """Returns the recipe of a training from scratch with the epochs that end within its minutes.

    Args:
        recipe: Without minutes it stays as it is.
        output: The folder of the run. One of as many minutes that goes on keeps its epochs.
        dataset: What is learnt.
        describe: Returns the card of the network.
        asked: Epochs that the user asks for, at most.
        started: When the call began, by `time.monotonic`.
        tell: Called with a line that says what was chosen.
    """
    if recipe.minutes is None:
        return recipe
    most = MOST * recipe.epochs if asked is None else asked

    def measure() -> Pace:
        return measured(network_for(describe(), recipe), dataset, recipe)

    epochs = _fitting(recipe, output, dataset, measure, most, started, tell)
    return dataclasses.replace(recipe, epochs=epochs)


def tuning_within(
    plan: Plan,
    output: Path,
    checkpoint: str,
    dataset: Dataset,
    form: Form,
    asked: int | None,
    started: float,
    tell: Tell,
) -> int:
    """Returns the epochs of the network in a fine-tuning that end within its minutes.

    Args:
        plan: Of the whole data, with minutes.
        output: The folder of the run. One of as many minutes that goes on keeps its epochs.
        checkpoint: What it starts from.
        dataset: What is learnt.
        form: How its examples were prepared.
        asked: Epochs that the user asks for, at most.
        started: When the call began, by `time.monotonic`.
        tell: Called with a line that says what was chosen.
    """
    recipe = plan.whole
    most = MOST * recipe.epochs if asked is None else asked
    origin = read_card(find_checkpoint(checkpoint))
    own = origin.input.shape[0]
    smaller = own if isinstance(form, Picture) and own and own < form.shape[0] else None

    def measure() -> Pace:
        shape = adapted_form(form, origin, dataset)
        task = dataset.task.name
        card = Card(origin.model, dataset.labels, shape, config=origin.config, task=task)
        network = network_for(card, recipe)
        freeze_stages(network, plan, stages(network))
        return measured(network, dataset, recipe)

    return _fitting(
        recipe, output, dataset, measure, most, started, tell, passes=1, smaller=smaller
    )


def _fitting(
    recipe: Recipe,
    output: Path,
    dataset: Dataset,
    measure: Callable[[], Pace],
    most: int,
    started: float,
    tell: Tell,
    *,
    passes: int = 0,
    smaller: int | None = None,
) -> int:
    """Returns the epochs that fit, at least one.

    Args:
        recipe: With minutes.
        output: See `within`.
        dataset: See `within`.
        measure: Returns the pace of the network.
        most: Epochs that are enough.
        started: See `within`.
        tell: See `within`.
        passes: How often the network only looks at all it learns, before it is trained.
        smaller: A smaller size of pictures that would do, in pixels; None: there is none.
    """
    assert recipe.minutes is not None
    if (kept := kept_epochs(output, recipe.minutes)) is not None:
        return min(kept, most)
    pace = measure()
    left = 60 * recipe.minutes * (1 - _RESERVE) - (time.monotonic() - started)
    epoch, rest = seconds_of(pace, dataset, recipe.batch_size, passes)
    fitting = max(math.floor((left - rest) / epoch), 0)
    chosen = min(max(fitting, 1), most)
    said = f"--minutes={recipe.minutes:g}: {chosen} epoch{'' if chosen == 1 else 's'}"
    if not fitting:
        tell(f"{said}, the least there can be, which takes about {in_words(rest + epoch)} more")
    else:
        more = "; more would fit, and hardly help" if fitting > most else ""
        if smaller is not None and chosen < min(recipe.epochs, most):
            more = f"; with --image_size={smaller} more would fit"
        tell(f"{said}, about {in_words(epoch)} each{more}")
    return chosen


def seconds_of(pace: Pace, dataset: Dataset, batch_size: int, passes: int) -> tuple[float, float]:
    """Returns the seconds of an epoch, and those of all that there is to do once.

    Args:
        pace: Of the network.
        dataset: What is learnt and measured.
        batch_size: Examples of a step.
        passes: See `_fitting`.
    """
    train, validation, test = (
        math.ceil(len(split) / batch_size)
        for split in (dataset.train, dataset.validation, dataset.test)
    )
    epoch = train * pace.step + validation * pace.look
    return epoch, pace.start + (passes * (train + validation) + test) * pace.look


def measured(network: keras.Model, dataset: Dataset, recipe: Recipe) -> Pace:
    """Trains a network for some steps, and returns how long they took.

    Args:
        network: Its weights change.
        dataset: What it learns some examples of.
        recipe: How the training will be.
    """
    few = min(_STEPS * recipe.batch_size, len(dataset.train))
    part = dataset.with_splits(
        train=take(dataset.train, np.arange(few)),
        validation=take(dataset.validation, np.arange(min(few, len(dataset.validation)))),
    )
    epochs = math.ceil(_STEPS / steps_per_epoch(part.train, recipe.batch_size))
    timer = Timer()
    # When a teacher that sees examples once had seen how many.
    taught: list[tuple[float, int]] = []
    teacher = open_teacher(
        recipe.teacher, part, lambda done, _: taught.append((time.monotonic(), done))
    )
    short = dataclasses.replace(recipe, epochs=epochs, patience=None, accumulate=None)
    with tempfile.TemporaryDirectory() as folder:
        fit(network, part, short, Path(folder) / "state", [timer], teacher=teacher)
    pace = timer.pace
    if len(taught) < 2:
        return pace
    (began, first), (ended, last) = taught[0], taught[-1]
    lesson = (ended - began) / (last - first) * len(dataset.train)
    return dataclasses.replace(pace, start=pace.start + lesson)


def kept_epochs(output: Path, minutes: float) -> int | None:
    """Returns the epochs that a run of as many minutes chose which goes on; None: none does."""
    recipe = kept_recipe(output)
    epochs = recipe.get("epochs")
    return epochs if isinstance(epochs, int) and recipe.get("minutes") == minutes else None
