"""A long stream of test examples that is never reset, and what a file should answer along it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf
from numpy.lib.stride_tricks import sliding_window_view

from export.checks import closeness
from export.checks.evidence import Check, Evidence, StreamFigures, verdict
from export.checks.parity import accuracy, column_ranges, compare, top1
from export.forms.answers import answers
from export.forms.form import Form
from export.samples import Samples

# Enough that what a file wrongly remembers or forgets adds up, and still a matter of seconds.
_MOST_EXAMPLES, _MOST_WINDOWS, _MOST_STEPS = 300, 2_000, 20_000
# Less is no stream: windows across two examples, and a few beyond.
_LEAST_EXAMPLES = 3
# A file whose answers without a reset are so often those after one needs no reset.
_SAME = 0.99


@dataclass(frozen=True)
class LongStream:
    """Examples in a row, and the Keras model's answers along them.

    Attributes:
        x: (steps, ...) all examples, one after the other.
        ends: (answers,) number of steps before each answer.
        reference: (answers, columns) of the Keras model. Of a sliding window: to the window that
            ends there. Of a step: to the example that ends there, by itself.
        truth: (answers,) class of the example that ends there; -1: unknown, or none does.
        at_ends: (answers,) whether an example ends there, so that the window is that example.
        examples: How many there are.
    """

    x: np.ndarray
    ends: np.ndarray
    reference: np.ndarray
    truth: np.ndarray
    at_ends: np.ndarray
    examples: int

    @property
    def labelled(self) -> np.ndarray:
        """Places of the answers whose truth is known."""
        return np.flatnonzero(self.truth >= 0)


def long_stream(form: Form, samples: Samples, reference: np.ndarray) -> LongStream:
    """Puts test examples in a row, in an order of chance, so that neighbours differ.

    Args:
        form: A form with states.
        samples: Their test part makes the stream.
        reference: (N, columns), answers of the Keras model to `samples.compared`.

    Returns:
        The stream.
    """
    x, lengths, truth = samples.compared, samples.compared_lengths, samples.test_y
    order = np.random.default_rng(0).permutation(len(x))
    known = np.full(len(x), -1)
    if truth is not None:
        known[: len(truth)] = truth
    window = x.shape[1]
    if form.slide is None:
        lengths = np.full(len(x), window) if lengths is None else lengths
        most = int((np.cumsum(lengths[order]) <= _MOST_STEPS).sum())
        order = order[: min(max(most, 1), _MOST_EXAMPLES)]
        row = np.concatenate([x[i, : lengths[i]] for i in order])
        ends = np.cumsum(lengths[order])
        return LongStream(
            row, ends, reference[order], known[order], np.full(len(order), True), len(order)
        )
    hop = form.slide.hop
    order = order[: min(_MOST_EXAMPLES, max(_MOST_WINDOWS * hop // window, _LEAST_EXAMPLES))]
    row = np.concatenate(list(x[order])).astype(np.float32)
    ends = np.arange(hop, len(row) + 1, hop)
    ends = ends[ends >= window]
    every = -(-len(ends) // _MOST_WINDOWS)  # More than one only if hops are tiny.
    ends = ends[::every]
    # A view, since windows that overlap would fill the memory.
    windows = np.moveaxis(sliding_window_view(row, window, axis=0), -1, 1)
    windows = windows[ends[0] - window :: hop * every]
    given = form.activate(tf.constant(answers(form.model, windows))).numpy()
    places, within = np.divmod(ends, window)
    truths = np.where(within == 0, known[order][places - 1], -1)
    return LongStream(row, ends, given, truths, within == 0, len(order))


def measure(stream: LongStream, values: np.ndarray, *, classified: bool) -> StreamFigures:
    """Compares a file's answers along a stream with those that it should give.

    Args:
        stream: The stream.
        values: (answers, columns) of the file.
        classified: Whether outputs are scores of classes.
    """
    finite = bool(np.isfinite(values).all())
    parity = compare(values, stream.reference, classified=classified) if finite else None
    places, truth = stream.labelled, stream.truth[stream.labelled]
    known = finite and classified and len(places) > 0
    return StreamFigures(
        examples=stream.examples,
        answers=len(values),
        top1=accuracy(values[places], truth) if known else None,
        reference_top1=accuracy(stream.reference[places], truth) if known else None,
        top1_agreement=None if parity is None else parity.top1_agreement,
        sqnr_db=None if parity is None else parity.sqnr_db,
    )


def judge_stream(
    evidence: Evidence, stream: LongStream, figures: StreamFigures
) -> tuple[Check, ...]:
    """Checks a file's answers along a stream that was never reset.

    Args:
        evidence: Of the file; its run holds the answers along the stream.
        stream: The stream.
        figures: From `measure`.
    """
    values, kept = evidence.run.stream_values, evidence.run.window_kept
    assert values is not None
    if kept is None:
        return (_without_reset(evidence, stream, figures),)
    calls = len(stream.x) // evidence.run.input.shape[1]
    window = verdict(
        "stream_window",
        kept == calls,
        f"after {kept} of {calls} calls the file remembers the end of the window, bit for bit",
    )
    # Integers are judged where an example ends. In between the model itself is often undecided, and
    # what it then says has only to be more than noise.
    integers = evidence.target.gates.sqnr_db is not None
    where = stream.at_ends if integers else np.full(len(values), True)
    own, keras = figures.top1, figures.reference_top1
    checks: list[Check] = []
    if where.any():
        chosen, reference = values[where], stream.reference[where]
        finite = bool(np.isfinite(chosen).all())
        classified = evidence.classified
        along = replace(
            evidence,
            run=replace(evidence.run, values=chosen),
            reference=reference,
            parity=compare(chosen, reference, classified=classified) if finite else None,
            accuracy=None if own is None or keras is None else (own, keras),
            labelled=len(stream.labelled),
        )
        checks += [check for judge in closeness.ALONG if (check := judge(along)) is not None]
    if integers:
        checks.append(_between(figures))
    return (window, *(replace(check, name=f"stream_{check.name}") for check in checks))


def _between(figures: StreamFigures) -> Check:
    """Catches answers that are worthless at any hop, if they are none at the end of an example."""
    ratio, agreement = figures.sqnr_db, figures.top1_agreement
    if ratio is None:
        return Check("between", "fail", "there are answers that are NaN or infinity")
    alike = "" if agreement is None else f", {agreement:.2%} with the same first label"
    detail = (
        f"{ratio:.1f} dB over all {figures.answers} windows, those across examples too, at least "
        f"{closeness.LEAST_DB:.1f}{alike}"
    )
    return verdict("between", ratio >= closeness.LEAST_DB, detail)


def _without_reset(evidence: Evidence, stream: LongStream, figures: StreamFigures) -> Check:
    """Says whether a file of one step has to be reset, which its client has to know."""
    values = evidence.run.stream_values
    assert values is not None
    if figures.top1_agreement is None:
        limits = column_ranges(stream.reference) * (1 - _SAME)
        share = float((np.abs(values - stream.reference) <= limits).all(axis=1).mean())
    else:
        share = float((top1(values) == top1(stream.reference)).mean())
    detail = f"{share:.1%} of {len(values)} answers in a row are those after a reset"
    if figures.top1 is not None:
        detail += f"; accuracy {figures.top1:.2%}, Keras {figures.reference_top1:.2%}"
    if share >= _SAME:
        return Check("never_reset", "pass", detail)
    return Check(
        "never_reset",
        "warning",
        f"this file is for one event, then a reset: without resets {detail}; for what never ends "
        "export a sliding window",
    )
