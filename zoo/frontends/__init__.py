"""Keras layers from raw input to what a network reads. They are in the model and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.forms import Form, Sound, Table

if TYPE_CHECKING:
    from zoo.frontends.frontend import Frontend


def frontend_of(form: Form) -> Frontend | None:
    """Returns a new front end for raw input of a form; None: the network reads it as it is."""
    if isinstance(form, Sound):
        from zoo.frontends.log_mel import LogMel

        return LogMel(
            form.rate, form.frame, form.hop, form.mels, form.lowest, form.highest, form.floor
        )
    if isinstance(form, Table):
        from zoo.frontends.bins import Bins

        return Bins(form.columns)
    return None
