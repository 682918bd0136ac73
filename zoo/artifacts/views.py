"""Several views of a picture, whose answers are averaged (Krizhevsky et al. 2012, section 4.1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import RequestError

if TYPE_CHECKING:
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset, Split
    from zoo.data.examples import Examples


def check_views(views: int, dataset: Dataset | None = None, card: Card | None = None) -> None:
    """Refuses views that would ask a network about what it never learnt.

    Args:
        views: 1: a picture as it is; 2: mirrored as well.
        dataset: What is shown; None: it is not read yet.
        card: Of the network; None: nothing is known of its training.

    Raises:
        RequestError: There is no such number of views, the data are no pictures, or the training
            mirrored none.
    """
    if views not in (1, 2):
        raise RequestError(f"views can be 1 or 2, a picture and its mirror image, not {views}")
    if views == 1 or dataset is None:
        return
    if dataset.train.x.ndim != 4:
        raise RequestError(f"--views=2 mirrors pictures, and {dataset.name} has none; leave it out")
    if card is not None and not _mirrored(card):
        raise RequestError(
            f"this {card.model} learnt without mirrored pictures (--augment=none), so --views=2 "
            "would ask it about what it never saw; leave it out"
        )


def averaged(answers: Callable[[Split], np.ndarray], views: int) -> Callable[[Split], np.ndarray]:
    """Returns the function that gives the mean of the answers to each view.

    Args:
        answers: Gives the probabilities or values of the examples of a split.
        views: See `check_views`.
    """
    if views == 1:
        return answers

    def of_views(split: Split) -> np.ndarray:
        mirrored = dataclasses.replace(split, x=_Mirrored(split.x))
        mean: np.ndarray = (answers(split) + answers(mirrored)) / 2
        return mean

    return of_views


def _mirrored(card: Card) -> bool:
    """Whether the training mirrored pictures, or may have done so.

    Others' recipes do not say, and a fine-tuned network may know mirrored pictures from its start.
    """
    recipe = card.training.recipe if card.training else {}
    from_nothing = "epochs" in recipe
    return not from_nothing or recipe.get("augment", "none") != "none"


class _Mirrored:
    """Pictures whose left side is right, mirrored when they are read."""

    def __init__(self, pictures: Examples) -> None:
        self._pictures = pictures
        self.shape, self.dtype, self.ndim = pictures.shape, pictures.dtype, pictures.ndim

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.ascontiguousarray(self._pictures[index][..., ::-1, :])
