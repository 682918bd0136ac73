"""The recipe of a fine-tuning, chosen by the size of the data."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Unpack

from zoo.errors import RequestError
from zoo.forms import Form, Picture, Sound
from zoo.models import MODELS
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION
from zoo.training.recipes.options import OF_HEADS, Options, given
from zoo.training.recipes.recipe import Recipe

# After this many steps a linear head on standardised features hardly changes.
_HEAD_STEPS = 1500
# Highest learning rate of the second stage, for batches of 64.
_RATE = 1e-3
# Of that, where a trained network only gets used to integers.
_GENTLE = 0.1
# With fewer training pictures than this, or fewer in a batch, new statistics would be worse than
# those of the pretraining.
_FEW, _FEW_AT_ONCE = 1_000, 16


# Epochs of the second stage by default, for n pictures: `_PASSES` / √n, within these limits. So ten
# times as many pictures take about three times as long.
_PASSES, _LEAST, _MOST = 250, 3, 30
# Networks of sounds, recordings and tables are small, and were pretrained on less: they have more
# to learn, and a step costs them little (docs/sounds.md has what this changes). They see so many
# examples in all, in so many epochs at most.
_SEEN, _MOST_OF_OTHERS = 20_000, 200


@dataclass(frozen=True)
class Plan:
    """Settings of a fine-tuning.

    Attributes:
        head: How the new head is trained on the features of the frozen backbone.
        whole: How the unfrozen layers are trained after it.
        freeze: "none", "backbone" (there is no second stage), or a stage such as "stage2": neither
            it nor any stage before it is trained.
        decay: The learning rate of a stage is that of the next one towards the head, times this.
        frozen_statistics: Whether batch normalisation keeps the statistics of the pretraining. If
            not, it gets those of the new data before the training.
    """

    head: Recipe
    whole: Recipe
    freeze: str = "none"
    decay: float = 0.75
    frozen_statistics: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.decay <= 1:
            raise RequestError(f"decay must be in (0, 1], not {self.decay}")

    @property
    def precision(self) -> str:
        """The arithmetic of both stages, as of a `Recipe`."""
        return self.head.precision

    def with_head(self) -> Plan:
        """Returns the plan for a network that keeps its head and only gets used to integers."""
        rate = _GENTLE * self.whole.learning_rate
        return dataclasses.replace(self, whole=dataclasses.replace(self.whole, learning_rate=rate))

    @property
    def lines(self) -> list[str]:
        """The plan for a person: of the head, and of the network."""
        head, whole = self.head, self.whole
        lines = [
            f"head: up to {head.epochs} epochs on cached features, learning rate "
            f"{head.learning_rate:.2g}, batch {head.batch_size}"
        ]
        if self.freeze != "backbone":
            frozen = "" if self.freeze == "none" else f", frozen up to {self.freeze}"
            normalisation = "kept" if self.frozen_statistics else "adapted and trained"
            if whole.quantize is not None:
                normalisation = f"folded, rounded to {whole.quantize}"
            lines.append(
                f"network: up to {whole.epochs} epochs, learning rate {whole.learning_rate:.2g} at "
                f"the head and ×{self.decay} for each stage below{frozen}, augmentation "
                f"{whole.augment}, batch normalisation {normalisation}"
            )
        return lines


def choose_plan(
    examples: int,
    kind: type[Form] = Picture,
    *,
    task: Task = CLASSIFICATION,
    model: str = "",
    cost: float = 1.0,
    epochs: int | None = None,
    head_epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    freeze: str = "none",
    augment: str | None = None,
    class_weights: str | None = None,
    precision: str = "float32",
    seed: int = 0,
    quantize: str | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Chooses all that is None by the size of the data.

    Args:
        examples: In the training split.
        kind: What they are, a class of `zoo.forms`.
        task: What is learnt.
        model: Name of the network, for its recipe.
        cost: Pixels of a picture, in those of the pretraining. Where there are more, fewer epochs
            cost as much.
        epochs: Epochs of the second stage. All that are asked for are trained, and the best is
            taken.
        head_epochs: Epochs of the first.
        batch_size: Batch size of both.
        learning_rate: Highest of the second stage; by default it falls with the batch
            of pictures, and is that of the model's own recipe for others.
        freeze: See `Plan`.
        augment: Policy of the second stage, see `zoo.training.recipes.recipe.Recipe`; None: "light"
            for pictures and sounds.
        class_weights: See `zoo.training.recipes.recipe.Recipe`.
        precision: Number type of the arithmetic.
        seed: Decides the initial weights and the order of examples.
        quantize: Of the second stage, see `zoo.training.recipes.recipe.Recipe`.
        **options: See `zoo.training.recipes.options.Options`.

    Raises:
        RequestError: A value makes no sense.
    """
    if head_epochs is not None and head_epochs < 1:
        raise RequestError(f"head_epochs must be positive, not {head_epochs}")
    usual = 64 if examples >= 1000 else 32 if examples >= 300 else 16
    batch = usual if batch_size is None else batch_size
    # A recipe refuses what is not positive.
    head = Recipe(
        batch_size=batch,
        learning_rate=3e-3,
        class_weights=class_weights,
        precision=precision,
        seed=seed,
        **{"label_smoothing": task.smoothing, **given(options, OF_HEADS)},
    )
    steps = math.ceil(examples / batch)
    head_epochs = min(max(_HEAD_STEPS // steps, 10), 60) if head_epochs is None else head_epochs
    asked = epochs
    if epochs is None and kind is Picture:
        epochs = min(max(round(_PASSES / math.sqrt(examples * max(cost, 1.0))), _LEAST), _MOST)
    elif epochs is None:
        epochs = min(max(round(_SEEN / examples), _LEAST), _MOST_OF_OTHERS)
    usual_rate = learning_rate is None
    if learning_rate is None:
        own = MODELS.get(model).recipe if kind is not Picture and model in MODELS else {}
        learning_rate = own.get("learning_rate", _RATE * math.sqrt(batch / 64))
    if augment is None:
        augment = "light" if kind in (Picture, Sound) else "none"
    whole = dataclasses.replace(
        head,
        epochs=epochs,
        learning_rate=learning_rate,
        augment=augment,
        quantize=quantize,
        **given(options),
    )
    if usual_rate:
        whole = whole.at_usual_rate
    return Plan(
        # Most is gained while the learning rate falls to its end, so patience must not be short.
        # The network needs more patience than the head: its first epochs lose some of what the
        # pretraining knew, and only later ones make up for it.
        dataclasses.replace(head, epochs=head_epochs, patience=max(head_epochs // 3, 3)),
        dataclasses.replace(whole, patience=asked or max(epochs // 2, 3)),
        freeze=freeze,
        frozen_statistics=examples < _FEW or batch < _FEW_AT_ONCE,
    )
