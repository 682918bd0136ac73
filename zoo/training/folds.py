"""Cross-validation of the head: each example is predicted once, by a head that did not see it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from zoo.data.dataset import SPLITS, Dataset, Split, joined, take
from zoo.errors import RequestError
from zoo.training.recipes.plan import Plan
from zoo.training.recipes.recipe import Recipe

# With fewer test examples than this, a cross-validation says more than the test split.
FEW = 40
USUAL = 5  # Folds.
# With fewer validation examples than this, their best epoch is chance.
_LEAST_VALIDATION = 10
CROSSED = "cross-validated"  # The split of a `Metric`.


def choose_folds(asked: int | None, dataset: Dataset, *, against: Sequence[str] = ()) -> int:
    """Returns the number of folds; 0: there is no cross-validation.

    Args:
        asked: What the user asks for; None: 5 if the data has no test split of its own and would
            leave fewer than 40 examples for one, but no more than a class has examples.
        dataset: As it was read. Its validation and test splits may be empty.
        against: Result of `against_folds`; if there are any, there is no cross-validation.

    Raises:
        RequestError: A class has one example, there are fewer examples of a class than folds,
            groups have to stay whole, or there is something against it where it is needed.
    """
    check_folds(asked, against)
    test = dataset.test
    measured = len(test) if test.recordings is None else len(np.unique(test.recordings))
    known = dataset.task.learns in ("classes", "values")
    impossible = _grouped(dataset) or bool(against) or not known
    lacking = not all(len(split) for split in dataset.splits.values())
    if lacking and against:
        flags = " and ".join(against)
        raise RequestError(
            f"{dataset.name} has too few examples for a test split, and a cross-validation does "
            f"not go with {flags}; leave out {flags}"
        )
    if asked == 0 or (
        asked is None and (not dataset.divided or measured >= FEW or (impossible and not lacking))
    ):
        if lacking:
            raise RequestError(
                f"{dataset.name} has too few examples for a test split; leave out --folds=0"
            )
        return 0
    if not known:
        raise RequestError(f"--folds is of classes and values, not of {dataset.task.name}")
    if _grouped(dataset):
        raise RequestError(
            f"{dataset.name} is divided by groups, which --folds cannot keep whole; give splits of "
            "your own, or leave it out"
        )
    whole = _whole(dataset)
    _, strata = recordings_of(whole)
    classes, counts = np.unique(strata, return_counts=True)
    what = "example" if whole.recordings is None else "recording"
    rarest = int(counts.argmin())
    label = repr(dataset.labels[classes[rarest]]) if dataset.task.learns == "classes" else "label"
    fewest = int(counts[rarest])
    if fewest < 2:
        raise RequestError(
            f"{dataset.name}: class {label} has one {what}, which cannot be learnt and measured "
            "too; add more, or remove the class"
        )
    if asked is not None and asked > fewest:
        raise RequestError(
            f"--folds={asked}, but class {label} has {fewest} {what}s; at most as many folds"
        )
    return asked or min(USUAL, fewest)


def against_folds(recipe: Recipe, *, alone: bool = True) -> list[str]:
    """Returns the flags with which there is no cross-validation.

    It measures a new head, by itself, in one process: with integers it is the network that learns,
    and the head may stay.

    Args:
        recipe: Of the network.
        alone: Whether one process trains.
    """
    against = [] if alone else ["--distribution"]
    against += [] if recipe.teacher is None else ["--teacher"]
    return against + ([] if recipe.quantize is None else ["--quantize"])


def check_folds(asked: int | None, against: Sequence[str] = ()) -> None:
    """Refuses a number of folds that makes no cross-validation.

    Args:
        asked: The number; None and 0: none is asked for.
        against: Result of `against_folds`.

    Raises:
        RequestError: It is 1 or negative, or there is something against it.
    """
    if asked is not None and (asked < 0 or asked == 1):
        raise RequestError(f"--folds must be 2 or more, or 0 for none, not {asked}")
    if asked and against:
        raise RequestError(f"--folds does not go with {' and '.join(against)}; leave one out")


def without_test(dataset: Dataset) -> Dataset:
    """Returns what the final model learns: all but a validation split, and that too if it is tiny.

    Then the training examples also stand for validation.
    """
    if len(dataset.validation) >= _LEAST_VALIDATION:
        train = joined([dataset.train, dataset.test])
        return dataset.with_splits(train=train, test=take(dataset.test, np.arange(0)))
    whole = _whole(dataset)
    return dataset.with_splits(train=whole, validation=whole, test=take(whole, np.arange(0)))


def holds_validation(dataset: Dataset) -> bool:
    """Returns whether the validation examples of `without_test` are apart from the training."""
    return len(dataset.validation) != len(dataset.train)


def everything(dataset: Dataset) -> Split:
    """Returns all examples of `without_test`, each once."""
    parts = [dataset.train, dataset.validation] if holds_validation(dataset) else [dataset.train]
    return joined(parts)


def cross_validate(features: Dataset, plan: Plan, folds: int) -> np.ndarray:
    """Predicts each example by a linear head that was fitted without its fold.

    It has the loss of the real head with a small penalty on its weights, and is solved in
    milliseconds, not trained in epochs. All windows of a recording are in one fold.

    Args:
        features: Raw features of the backbone, of what `without_test` returns.
        plan: Its head says whether classes are balanced, and the seed.
        folds: Number of folds.

    Returns:
        (examples, outputs) the predictions of the task, in the order of `everything`.
    """
    return predicted_apart(
        everything(features),
        len(features.labels),
        folds,
        class_weights=plan.head.class_weights,
        seed=plan.head.seed,
    )


def predicted_apart(
    whole: Split,
    outputs: int,
    folds: int,
    *,
    class_weights: str | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Predicts features by linear heads that were fitted without their fold.

    Args:
        whole: Its inputs are features.
        outputs: Number of classes, or 1 of values.
        folds: Number of folds. No class that a head did not see is likely; one that it saw
            alone is sure.
        class_weights: "balanced": rare classes count as much as others.
        seed: Decides the folds.

    Returns:
        (examples, outputs) the predictions of the task.
    """
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    units, strata = recordings_of(whole)
    predictions = np.zeros((len(whole), outputs), np.float32)
    divider = StratifiedKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A class may have fewer examples than there are folds.
        parts = list(divider.split(strata[:, None], strata))
    for kept, out in parts:
        train, rows = np.isin(units, kept), np.flatnonzero(np.isin(units, out))
        if whole.task.learns == "values":
            head = make_pipeline(StandardScaler(), Ridge()).fit(whole.x[train], whole.y[train])
            predictions[rows, 0] = head.predict(whole.x[rows])
            continue
        if len(seen := np.unique(whole.y[train])) == 1:
            predictions[rows, seen] = 1
            continue
        solver = LogisticRegression(class_weight=class_weights, max_iter=1000)
        head = make_pipeline(StandardScaler(), solver).fit(whole.x[train], whole.y[train])
        predictions[np.ix_(rows, head.classes_)] = head.predict_proba(whole.x[rows])
    return predictions


def in_words(folds: int, examples: int) -> str:
    """Returns what was measured, for a card."""
    return (
        f"{folds}-fold cross-validation on {examples:,} examples: each is predicted by a "
        "linear head on the features of the backbone that did not see it. The model itself learnt "
        "all of them."
    )


def recordings_of(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Returns the number of the recording of each example, and the stratum of each recording.

    Examples that are no windows are recordings of their own.
    """
    if split.recordings is None:
        return np.arange(len(split)), split.task.strata(split.y)
    _, firsts, units = np.unique(split.recordings, return_index=True, return_inverse=True)
    return units, split.task.strata(split.y)[firsts]


def _whole(dataset: Dataset) -> Split:
    return joined(dataset.splits[name] for name in SPLITS)


def _grouped(dataset: Dataset) -> bool:
    return bool(getattr(dataset.form, "group", "")) or any(
        note.startswith("no group") for note in dataset.notes
    )
