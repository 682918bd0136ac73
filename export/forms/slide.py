"""A window that slides over a stream without end: what a file of it takes at each call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from export.errors import ExportError

if TYPE_CHECKING:
    import keras

# Name of the state in the signature: the end of the window, which the next call begins with.
WINDOW = "window"
# Names of the tensors in a file: what is remembered before and after a call.
BEFORE, AFTER = "window_before", "window_after"


@dataclass(frozen=True)
class Slide:
    """How a window moves over a stream.

    A file takes the next `hop` samples (or steps), joins them to those that it remembers, and gives
    the model's answer to the whole window. Nothing else is remembered, so an answer depends on
    nothing before the window, and a stream needs no reset.

    Attributes:
        hop: New samples of a call, 1 or more. If it is the whole window, nothing is remembered, and
            a file takes whole windows.
    """

    hop: int


def check_slide(slide: Slide, model: keras.Model) -> None:
    """Checks that a window can slide over what a model takes.

    Raises:
        ExportError: The model takes pictures, or the hop does not fit the window.
    """
    shape = model.inputs[0].shape[1:]
    if len(shape) == 3:
        raise ExportError(
            f"model {model.name!r} takes pictures, over which no window slides; streams are of "
            "sequences and of sounds"
        )
    if not 1 <= slide.hop <= shape[0]:
        raise ExportError(
            f"a hop of {slide.hop} does not fit a window of {shape[0]}; pass 1 to {shape[0]}, so "
            "that no sample is left out"
        )
