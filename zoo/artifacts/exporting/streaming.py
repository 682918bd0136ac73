"""Which kind of stream an export makes of a checkpoint."""

from __future__ import annotations

from zoo import forms
from zoo.errors import RequestError

# What a stream can be: a window that slides without end, or one step of a recurrent model.
SLIDE, STEP = "slide", "step"
STREAMING = (SLIDE, STEP)
# The hop, if nobody says one, is the window divided by this.
_HOPS = 4


def kind_of_stream(asked: str | bool | None, form: forms.Form) -> str | None:
    """Returns what a stream shall be; None: files are of whole inputs.

    Args:
        asked: One of `STREAMING`. True (and "true") is "slide" for what has a window, and "step"
            for sequences of any number of steps, which have none. None, False and "false": no
            stream.
        form: What the model takes.

    Raises:
        RequestError: There is no such stream, or none of what the model takes.
    """
    if asked in (None, False, "false"):
        return None
    if not isinstance(form, (forms.Sequence, forms.Sound)):
        raise RequestError(
            f"--streaming is for models of sequences, recordings and sounds; a {form.kind} is "
            "no window in time"
        )
    if asked in (True, "true"):
        return STEP if form.shape[0] is None else SLIDE
    if asked not in STREAMING:
        raise RequestError(f"--streaming is slide or step, not {asked!r}")
    if asked == STEP and isinstance(form, forms.Sound):
        raise RequestError(
            "--streaming=step takes a step of a sequence, and this model takes the samples of a "
            "sound; say --streaming=slide"
        )
    return str(asked)


def hop_of(hop: float | None, form: forms.Form, window: int) -> int:
    """Returns the new samples (or steps) of a call, from seconds where the form has a rate.

    Args:
        hop: Seconds, or steps of a sequence without a rate; None: a quarter of the window.
        form: What the model takes.
        window: Its samples or steps.

    Raises:
        RequestError: It is shorter than a sample or longer than the window.
    """
    if hop is None:
        return max(1, window // _HOPS)
    rate = form.rate if isinstance(form, (forms.Recording, forms.Sound)) else 1
    unit = "s" if isinstance(form, (forms.Recording, forms.Sound)) else "steps"
    samples = round(hop * rate)
    if not 1 <= samples <= window:
        raise RequestError(
            f"--hop={hop:g} does not fit a window of {window / rate:g} {unit}; say {1 / rate:g} "
            f"to {window / rate:g} {unit}, so that no sample is left out"
        )
    return samples


def check_stream(
    form: forms.Form, sequence_length: int | None, streaming: str | bool | None, hop: float | None
) -> str | None:
    """Returns the kind of stream, and refuses what makes no sense for a form, before data is read.

    Args:
        form: What the model takes.
        sequence_length: Steps that the files shall take; None: the model's own.
        streaming: See `kind_of_stream`.
        hop: See `hop_of`.

    Raises:
        RequestError: It makes no sense.
    """
    stream = kind_of_stream(streaming, form)
    if hop is not None and stream != SLIDE:
        raise RequestError("--hop is of --streaming=slide")
    if sequence_length and not isinstance(form, forms.Sequence):
        raise RequestError("--sequence_length is for models of sequences")
    if hop is not None and form.shape[0] is not None:
        hop_of(hop, form, form.shape[0])
    return stream
