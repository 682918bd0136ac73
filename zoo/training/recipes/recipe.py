"""How a model is trained: optimiser, schedule, loss."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from zoo.errors import RequestError
from zoo.registry import unknown
from zoo.tasks import Scale, Task
from zoo.training.cpu.fused import jit_compile
from zoo.training.recipes.augment import policy_of
from zoo.training.recipes.distillation import Distilled
from zoo.training.recipes.members import LossOfEach, OfMean
from zoo.training.recipes.optimizers import OPTIMIZERS, optimizer_of

# Names of weights that are no kernels: of norms, of waves (`zoo.blocks.periodic`) and of members.
_UNDECAYED = ["bias", "gamma", "beta", "frequency", "phase", "reading", "scale"]
# The most that an option may be; the least is more than 0.
_MOST = {
    "ema": 0.99999,
    "mixup": 100.0,
    "cutmix": 100.0,
    "stochastic_depth": 0.9,
    "clip": 1e9,
    "distillation_temperature": 1000.0,
    "distillation_weight": 1.0,
}
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


@dataclass(frozen=True)
class Recipe:
    """Settings of a training.

    Attributes:
        epochs: Passes over the training split.
        batch_size: Examples in a step.
        learning_rate: The highest, after the warm-up.
        warmup: Share of all steps in which the rate rises from zero, before its cosine fall.
        weight_decay: Weight decay of AdamW, on kernels only. Other optimizers have as much in a
            step at their usual rate.
        label_smoothing: Share of the truth spread over all classes (Szegedy et al. 2016). That of
            the task is usual, `zoo.tasks.task.Task.smoothing`.
        loss: Of a regression: "huber" (Huber 1964), which counts the errors of outliers linearly;
            None: the task's own.
        augment: Policy that changes the training pictures, see `zoo.training.recipes.augment`.
        class_weights: "balanced": the examples of a class count in inverse proportion to their
            number, blends of classes by their shares; None: all count equally.
        patience: The training ends after this many epochs without a better one, and takes the best.
            None: it trains all epochs, and takes the last.
        precision: Number type of the arithmetic: "float32", or "bfloat16" or "float16" with float32
            weights.
        seed: Decides initial weights, order of examples, and dropout.
        minutes: The time for which `epochs` were chosen, see `zoo.training.budget`; None: they were
            not chosen for a time.
        find_learning_rate: Whether `learning_rate` was found before the training, see
            `zoo.training.rates`; None: it was not.
        optimizer: A name of `zoo.training.recipes.optimizers.OPTIMIZERS`; None: AdamW.
        ema: The weights are an average over the steps, of which each step keeps this share; None:
            they are those of the last step.
        mixup: Examples and targets are blended, by shares from Beta(mixup, mixup) (Zhang et al.
            2017); None: they are not.
        cutmix: A rectangle of each picture is of another, its share is from Beta(cutmix, cutmix)
            (Yun et al. 2019); None: none is. With both, batches have them by turns.
        stochastic_depth: Probability with which an example skips the last residual branch; less
            for those before it (Huang et al. 2016); None: it skips none.
        clip: Largest norm of all gradients together; None: they are as they are.
        accumulate: Batches whose mean gradient makes a step; None: each batch makes one.
        quantize: "int8": of a fine-tuning, whose network rounds as an int8 file does, see
            `zoo.quantization`; None: it rounds nothing.
        teacher: A checkpoint of the same classes, from whose probabilities the network learns too,
            see `zoo.training.recipes.distillation`; None: it learns from the truth alone.
        distillation_temperature: By which the probabilities are softened; 4 if there is a teacher.
        distillation_weight: Their share of the loss; 0.9 if there is a teacher.
        teacher_once: Whether the teacher sees each example once, as it is, whatever augmentation
            makes of it for the network; None: it sees what the network sees.
    """

    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    loss: str | None = None
    augment: str = "none"
    class_weights: str | None = None
    patience: int | None = None
    precision: str = "float32"
    seed: int = 0
    # What is off is None: a run from before there was such a field is not another one.
    minutes: float | None = None
    find_learning_rate: bool | None = None
    optimizer: str | None = None
    ema: float | None = None
    mixup: float | None = None
    cutmix: float | None = None
    stochastic_depth: float | None = None
    clip: float | None = None
    accumulate: int | None = None
    quantize: str | None = None
    teacher: str | None = None
    distillation_temperature: float | None = None
    distillation_weight: float | None = None
    teacher_once: bool | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate", "minutes"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise RequestError(f"{name} must be positive, not {value}")
            if isinstance(value, int) and value >= 2**31:
                raise RequestError(f"{name} must be less than {2**31:,}, not {value}")
        policy_of(self.augment)  # It refuses an unknown name.
        if self.loss not in (None, "huber"):
            raise RequestError(f"loss can be huber, not {self.loss!r}")
        if self.class_weights not in (None, "balanced"):
            raise RequestError(f"class_weights can be balanced, not {self.class_weights!r}")
        if self.patience is not None and self.patience < 1:
            raise RequestError(f"patience must be positive, not {self.patience}")
        if not 0 <= self.seed < 2**32:
            raise RequestError(f"seed must be from 0 to {2**32 - 1}, not {self.seed}")
        if not 0 <= self.label_smoothing < 1:
            raise RequestError(f"label_smoothing must be in [0, 1), not {self.label_smoothing}")
        if self.precision not in PRECISIONS:
            raise RequestError(
                f"unknown precision {self.precision!r}; known: {', '.join(PRECISIONS)}"
            )
        if self.optimizer is not None and self.optimizer not in OPTIMIZERS:
            raise RequestError(unknown("optimizer", self.optimizer, list(OPTIMIZERS)))
        if self.accumulate is not None and self.accumulate < 2:
            raise RequestError(f"accumulate must be 2 batches or more, not {self.accumulate}")
        if self.quantize not in (None, "int8"):
            raise RequestError(f"quantize can be int8, not {self.quantize!r}")
        if self.quantize is not None and self.precision != "float32":
            raise RequestError(
                f"--quantize rounds float32, not {self.precision}; leave --precision out"
            )
        self._complete_distillation()
        for name, most in _MOST.items():
            value = getattr(self, name)
            if value is not None and not 0 < value <= most:
                raise RequestError(f"{name} must be more than 0, up to {most:g}, not {value}")

    @property
    def at_usual_rate(self) -> Recipe:
        """A recipe with the learning rate of AdamW, with the usual one of its own optimizer."""
        rate = self.learning_rate * OPTIMIZERS[self.optimizer or "adamw"].rate
        return dataclasses.replace(self, learning_rate=rate)

    @property
    def untaught(self) -> Recipe:
        """A recipe without its teacher."""
        return dataclasses.replace(
            self,
            teacher=None,
            distillation_temperature=None,
            distillation_weight=None,
            teacher_once=None,
        )

    def _complete_distillation(self) -> None:
        """Fills in what a teacher needs, and refuses it without one."""
        if self.teacher is None and self.teacher_once:
            raise RequestError("teacher_once is of a teacher, and there is none; give --teacher")
        for name, usual in (("distillation_temperature", 4.0), ("distillation_weight", 0.9)):
            value = getattr(self, name)
            if self.teacher is None and value is not None:
                raise RequestError(f"{name} is of a teacher, and there is none; give --teacher")
            if self.teacher is not None and value is None:
                object.__setattr__(self, name, usual)


def scale_of(recipe: Recipe, task: Task, y: np.ndarray) -> Scale | None:
    """Returns the scale in which a network learns values; None: it learns none."""
    return Scale.robust(y) if recipe.loss == "huber" else task.scale(y)


def compile_model(
    model: keras.Model,
    recipe: Recipe,
    steps_per_epoch: int,
    task: Task,
    *,
    unit: float = 1.0,
    rates: Callable[[str], float] | None = None,
) -> None:
    """Compiles a model for training.

    Args:
        model: Gives logits, or one value; or result of `zoo.training.recipes.members.apart`.
        recipe: How it is trained.
        steps_per_epoch: Batches in a pass.
        task: What is learnt; it has the loss and the metrics.
        unit: What 1 of the model's output is, in the units in which metrics are reported.
        rates: Returns the share of the learning rate for a variable, by its path; None: all of it.
    """
    steps = recipe.epochs * steps_per_epoch
    warmup = int(recipe.warmup * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
        decay_steps=max(steps - warmup, 1),
    )
    optimizer = optimizer_of(
        recipe.optimizer,
        schedule,
        rates,
        weight_decay=recipe.weight_decay,
        ema=recipe.ema,
        clip=recipe.clip,
        accumulate=recipe.accumulate,
    )
    optimizer.exclude_from_weight_decay(var_names=_UNDECAYED)
    loss = task.loss(recipe.label_smoothing) if recipe.loss is None else keras.losses.Huber()
    softness, share = recipe.distillation_temperature, recipe.distillation_weight
    if softness is not None and share is not None:
        loss = Distilled(loss, softness, share)
    metrics = task.metrics(unit)
    if len(model.outputs[0].shape) == 3:  # Members, outputs.
        loss, metrics = LossOfEach(loss), [OfMean(metric) for metric in metrics]
    model.compile(
        optimizer,
        loss=loss,
        metrics=metrics,
        jit_compile=jit_compile(),
    )
