"""What the advice on a run is decided by: counts and shares, without arrays or files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from zoo.checkpoints.card import task_of
from zoo.tasks.classification import ClassificationScore
from zoo.tasks.interval import wilson
from zoo.training.recipes.augment import POLICIES
from zoo.training.report.epochs import stages, taken_epochs
from zoo.training.report.mistakes import confused_pairs
from zoo.training.report.outcome import Outcome
from zoo.training.runs.run_folder import Row

SURE = 0.9  # The score from which a mistake is a sure one.


@dataclass(frozen=True)
class Confused:
    """How often one class is taken for another."""

    true: str
    said: str
    count: int
    examples: int


@dataclass(frozen=True)
class Facts:
    """What is known of a run.

    Attributes:
        plural: What the examples are called.
        trained: Number of training examples.
        validated: Number of validation examples; 0: there are none apart from the training.
        tested: How many the figure was measured on.
        interval: The ends of the figure's 95 % interval; None: it has none.
        usual: The figure that always the same answer would have; None: unknown.
        watched: The figure of an epoch that is watched.
        training: That figure in training, at the epoch that was taken; None: unknown, as of
            examples that were blended, of which nobody is right as a whole.
        validation: That figure in validation.
        validation_interval: The ends of its 95 % interval; None: it is no share.
        epochs: How many epochs there were in the stage that was taken.
        last: Whether the epoch that was taken is the very last, and not the only one.
        augment: How training examples were changed.
        balanced: Whether rare classes counted as much as others.
        learnt: Of classes: training examples of each.
        recalls: Of classes with test examples: the share that is recognised, and their number.
        confused: Of classes: the pairs that are confused most, the most first.
        unread: Names of the files that could not be read.
        sure_mistakes: Of classes: number of the wrong answers with a score from `SURE` on.
        calibration: Of classes: the expected calibration error, less what it is by chance; None:
            unknown.
    """

    plural: str = "pictures"
    trained: int = 0
    validated: int = 0
    tested: int = 0
    interval: tuple[float, float] | None = None
    usual: float | None = None
    watched: str = "accuracy"
    training: float | None = None
    validation: float | None = None
    validation_interval: tuple[float, float] | None = None
    epochs: int = 0
    last: bool = False
    augment: str = "none"
    balanced: bool = False
    learnt: Mapping[str, int] = field(default_factory=dict)
    recalls: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    confused: Sequence[Confused] = ()
    unread: Sequence[str] = ()
    sure_mistakes: int = 0
    calibration: float | None = None

    def shown(self, figure: float) -> str:
        """Returns a value of the watched figure for a person: "91.2%", "r2 0.802"."""
        return f"{figure:.1%}" if self.watched == "accuracy" else f"{self.watched} {figure:.3f}"


def facts_of(outcome: Outcome) -> Facts:
    """Returns the facts of a run."""
    train, validation = outcome.learnt.train, outcome.learnt.validation
    recipe, metric = outcome.recipe, outcome.metric
    apart = len(validation) if validation is not train else 0
    facts: dict[str, object] = {
        "plural": outcome.plural,
        "trained": len(train),
        "validated": apart,
        "tested": metric.examples,
        "interval": metric.interval,
        "unread": outcome.learnt.broken,
        "augment": recipe.get("augment", "none"),
        "balanced": bool(recipe.get("class_weights")),
        **(_of_epochs(outcome, apart) if outcome.history else {}),
        **(_of_classes(outcome) if isinstance(outcome.score, ClassificationScore) else {}),
    }
    return Facts(**facts)  # type: ignore[arg-type]


def _of_epochs(outcome: Outcome, validated: int) -> dict[str, object]:
    task = task_of(outcome.card)
    # Of two epochs, whose mean was taken, the better one is nearer to it.
    examples = len(outcome.learnt.validation)
    taken = taken_epochs(outcome.card, outcome.history, examples)
    row: Row = max(taken, key=partial(task.rank, examples=examples))
    rows = next(part for part in stages(outcome.history).values() if row in part)
    figure = row[f"val_{task.watched}"]
    of_windows = outcome.test.recordings is not None
    share = task.learns == "classes" and validated and not of_windows
    return {
        "watched": task.watched,
        "training": None if _blended(outcome, row) else row[task.watched],
        "validation": figure if validated else None,
        "validation_interval": wilson(figure, validated) if share else None,
        "epochs": len(rows),
        "last": len(rows) > 1 and row is outcome.history[-1],
    }


def _blended(outcome: Outcome, row: Row) -> bool:
    """Whether the training examples of an epoch were parts of two."""
    if row.get("stage") == 1:  # A head learns from features of examples as they are.
        return False
    recipe = outcome.recipe
    policy = POLICIES.get(recipe.get("augment", "none")) if outcome.of_pictures else None
    return bool(recipe.get("mixup") or recipe.get("cutmix") or (policy and policy.mixup))


def _of_classes(outcome: Outcome) -> dict[str, object]:
    score, labels, test = outcome.score, outcome.card.labels, outcome.test
    assert isinstance(score, ClassificationScore)
    learnt = np.bincount(outcome.learnt.train.y, minlength=len(labels))
    measured = score if score.recordings is None else score.recordings
    errors = outcome.figures.get("calibration_error")
    return {
        "usual": max(row.examples for row in measured.classes) / measured.examples,
        "learnt": dict(zip(labels, map(int, learnt), strict=True)),
        "recalls": {row.label: (row.recall, row.examples) for row in score.classes if row.examples},
        "confused": [
            Confused(labels[true], labels[said], count, whole)
            for true, said, count, whole in confused_pairs(outcome)
        ],
        "sure_mistakes": int(((outcome.said != test.y) & (outcome.sure >= SURE)).sum()),
        "calibration": errors["after"] - errors["chance"] if errors else None,
    }
