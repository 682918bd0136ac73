"""The size of pictures in a fine-tuning: the checkpoint's, or a larger one that the data has."""

from __future__ import annotations

import dataclasses

from zoo.checkpoints.adapt import adapt_statistics
from zoo.checkpoints.card import Card
from zoo.checkpoints.published import PUBLISHED
from zoo.data.dataset import Dataset
from zoo.forms import Form, Picture
from zoo.models import MODELS

# A picture may be so many times as high as in the pretraining, rounded down to the stride of the
# last stage.
_LARGER, _STRIDE = 1.5, 32


def larger_form(form: Picture, model: str) -> Picture | None:
    """Returns a larger size for pictures that have one, up to half as much again as pretrained.

    Features of convolutions keep their worth at such a size, and see more. A network is never asked
    for more than the size that its paper has.

    Args:
        form: How the checkpoint takes pictures.
        model: Its network.

    Returns:
        None: the checkpoint's size is large enough.
    """
    if model not in MODELS or form.shape[0] != form.shape[1]:
        return None
    own, size = MODELS.get(model).input_shape[0], form.shape[0]
    larger = min(own, int(_LARGER * size) // _STRIDE * _STRIDE)
    return form.sized(larger) if larger > size else None


def in_words(form: Picture, checkpoint: str, origin: Card) -> str:
    """Says that pictures are larger than the checkpoint's, and which better start is published.

    Args:
        form: How they are prepared.
        checkpoint: Its name or folder.
        origin: Its card.
    """
    size, before = form.shape[0], origin.input.shape[0]
    said = f"pictures: {size} pixels, since yours are large; {checkpoint} learnt from {before}"
    rows = [row for row in PUBLISHED.values() if row.model == origin.model]
    if not rows:
        return said
    better = max(rows, key=lambda row: row.top1 or row.top1_288 or 0.0)
    return (
        f"{said}\nfor photographs {better.name} is the better start, with weights from ImageNet: "
        f"--checkpoint={better.name} fetches it once"
    )


def adapted_form(form: Form, origin: Card, dataset: Dataset) -> Form:
    """Returns what goes into the new model: the statistics stay those of the checkpoint."""
    if not isinstance(form, Picture):
        return form
    height, width, channels = (side or 0 for side in dataset.example_shape)
    return dataclasses.replace(
        form,
        shape=(height, width, channels),
        mean=adapt_statistics(origin.input.mean, channels),
        std=adapt_statistics(origin.input.std, channels),
    )
