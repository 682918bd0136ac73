"""What the page of a run is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.checkpoints.card import Card, Metric
from zoo.data.dataset import Dataset, Split
from zoo.forms import Picture
from zoo.tasks import Score
from zoo.training.runs.run_folder import Row

# What examples are called, by the kind of a form.
_PLURALS = {"picture": "pictures", "sound": "sounds", "recording": "windows", "table": "rows"}


@dataclass(frozen=True)
class Outcome:
    """A finished run: what was trained, and how it did.

    Attributes:
        folder: Folder of the run.
        card: Card of its checkpoint, with its metrics.
        learnt: What it was trained with: the splits "train" and "validation".
        test: What was measured.
        predictions: (examples, outputs) of the task, for `test`.
        score: Of these predictions.
        history: Rows of `zoo.training.fit.fit`.
        figures: Those of `zoo.training.report.figures`.
        network: The trained network; None: pictures are not looked into.
        importance: Of a table: columns, and what is lost of the first figure without each.
        apart: Of classes: (examples, classes) probabilities of what was learnt, training and
            validation, by heads that did not see the label of the example; None: not known.
    """

    folder: Path
    card: Card
    learnt: Dataset
    test: Split
    predictions: np.ndarray
    score: Score
    history: Sequence[Row] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    network: keras.Model | None = None
    importance: Sequence[tuple[str, float]] = ()
    apart: np.ndarray | None = None

    @property
    def plural(self) -> str:
        """What the examples are called: "pictures"."""
        return _PLURALS.get(self.card.input.kind, "examples")

    @property
    def metric(self) -> Metric:
        """The figure that the page begins with: the first that has an interval, if there is one."""
        metrics = self.card.metrics
        return next((metric for metric in metrics if metric.interval), metrics[0])

    @property
    def of_pictures(self) -> bool:
        """Whether the examples can be shown."""
        return isinstance(self.card.input, Picture)

    def names(self, index: int) -> list[str]:
        """Returns the name of the file of an example of `test`; none, if it is not known."""
        return [] if self.test.names is None else [str(self.test.names[index])]

    @property
    def said(self) -> np.ndarray:
        """Of classes: (examples,) the class of the highest probability."""
        return self.predictions.argmax(axis=1)

    @property
    def sure(self) -> np.ndarray:
        """Of classes: (examples,) the highest probability."""
        return self.predictions.max(axis=1)

    @property
    def wrong(self) -> np.ndarray:
        """Of classes: the indices of the mistakes, the surest first."""
        wrong = np.flatnonzero(self.said != self.test.y)
        return wrong[np.argsort(-self.sure[wrong], kind="stable")]

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Settings of the training; of a fine-tuning, those of the network or of the head alone."""
        recipe = {} if self.card.training is None else self.card.training.recipe
        if "head" not in recipe:
            return recipe
        return recipe["head" if recipe.get("freeze") == "backbone" else "whole"]


def named(names: Sequence[str], most: int = 5) -> str:
    """Returns names for a sentence, and how many more there are: "cat, dog and 7 more"."""
    shown, rest = ", ".join(names[:most]), len(names) - most
    return f"{shown} and {rest:,} more" if rest > 0 else shown
