"""The description of a model, as a caller gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from export.errors import ExportError

if TYPE_CHECKING:
    from export.forms.form import Form


@dataclass(frozen=True)
class About:
    """The description of a model, for its files.

    Attributes:
        description: A sentence or two; empty: one is made from the identity.
        author: Who made the model.
        licence: Licence of the weights, preferably an SPDX name.
        features: Names of the features (the last axis) of features or sequences; may be empty.
        columns: Of a table: how its cells become the numbers of a row, for `columns.json` and the
            client code; see `export.clients.rows`. None: the input is no row of a table.
        rate: Of a sound, as samples of one channel from -1 to 1: how many there are in a second.
            None: the input is no sound.
        step_rate: Of sequences: how many steps there are in a second; None: nobody says.
        thresholds: If each output is a yes or no of its own: the probability from which on each
            label is said; empty: one half.
        scaled_to: Of images: height and width to which the model itself scales its input, with
            averaging; None: it reads the input as it is.
    """

    description: str = ""
    author: str = ""
    licence: str = ""
    features: tuple[str, ...] = ()
    columns: Mapping[str, Any] | None = None
    rate: int | None = None
    step_rate: float | None = None
    thresholds: tuple[float, ...] = ()
    scaled_to: tuple[int, int] | None = None


def check_about(about: About, form: Form) -> About:
    """Checks that there is a name for each feature, or none at all, and that sounds are samples.

    Raises:
        ExportError: There are too few or too many names, an image has names, a name is not one
            line of text, or the rate is not that of a sound.
    """
    names = about.features
    if len(about.thresholds) not in (0, form.classes):
        raise ExportError(f"{len(about.thresholds)} thresholds for {form.classes} outputs")
    if not all(0 <= threshold <= 1 for threshold in about.thresholds):
        raise ExportError(f"thresholds are from 0 to 1, not {about.thresholds}")
    if about.rate is not None and (form.kind != "features" or about.rate < 1):
        raise ExportError(
            f"rate is {about.rate} for inputs of shape {form.input_shape}; a sound is (samples,), "
            "with 1 or more in a second"
        )
    if not names:
        return about
    if form.kind == "image":
        raise ExportError(f"{len(names)} feature names for a model of images; leave them out")
    if len(names) != form.input_shape[-1]:
        raise ExportError(
            f"{len(names)} feature names for {form.input_shape[-1]} features; pass one for each"
        )
    for name in names:
        if not is_line(name):
            raise ExportError(
                f"feature name {name!r} cannot be a line of features.txt; pass one line of text"
            )
    return about


def is_line(text: str) -> bool:
    """Returns whether a text can be a line of a file: it is not blank, and no line ends in it."""
    return bool(text.strip()) and text.splitlines() == [text]
