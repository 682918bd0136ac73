"""The examples of a test split that a classifier gets wrong, and those it hesitates about."""

from __future__ import annotations

from collections.abc import Container, Sequence
from html import escape

import numpy as np

from zoo.page import table
from zoo.training.report.embedded import embedded, strip
from zoo.training.report.original import original
from zoo.training.report.outcome import Outcome

_MISTAKES = 12
_UNSURE = 8
_PAIRS = 5  # Of classes that are confused, with pictures.
_OFTEN = 2  # Confused more rarely, a pair is shown without pictures.
_OF_PAIR = 3  # Pictures of each.
_MORE_PAIRS = 8  # Without pictures.


def surest_mistakes(outcome: Outcome) -> str:
    """Returns the surest wrong answers; empty if there are none, or nothing to be shown."""
    shown = _shown(outcome, outcome.wrong[:_MISTAKES])
    if not shown:
        return ""
    return (
        "<h2>The surest mistakes</h2><p>Look here first: a wrong label, an example of two classes "
        f"at once, or one unlike all that it learnt from.</p>{shown}"
    )


def least_sure(outcome: Outcome) -> str:
    """Returns the answers with the lowest scores, right or wrong."""
    order = np.argsort(outcome.sure, kind="stable")[:_UNSURE]
    shown = _shown(outcome, order)
    if not shown:
        return ""
    more = f"<p>More {outcome.plural} like these teach it most.</p>"
    return f"<h2>The least sure answers</h2>{more}{shown}"


def confused(outcome: Outcome) -> str:
    """Returns the pairs of classes that are taken for each other most; empty without mistakes."""
    pairs = confused_pairs(outcome)
    if not pairs:
        return ""
    labels = outcome.card.labels
    text = "<h2>Most often confused</h2>"
    if outcome.of_pictures:
        shown = [pair for pair in pairs[:_PAIRS] if pair[2] >= _OFTEN]
        text += "".join(_pair(outcome, *pair) for pair in shown)
        pairs = pairs[len(shown) :]
    rows = [
        (labels[true], labels[said], f"{count} of {whole}")
        for true, said, count, whole in pairs[:_MORE_PAIRS]
    ]
    return text + (table(("is", "taken for", outcome.plural), rows) if rows else "")


def confused_pairs(outcome: Outcome) -> list[tuple[int, int, int, int]]:
    """Returns a class, the one that it is taken for, how often, and of how many; most first."""
    classes = len(outcome.card.labels)
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (outcome.test.y, outcome.said), 1)
    whole = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[: _PAIRS + _MORE_PAIRS]
    pairs = zip(*np.unravel_index(order, counts.shape), strict=True)
    return [(int(i), int(j), int(counts[i, j]), int(whole[i])) for i, j in pairs if counts[i, j]]


def _pair(outcome: Outcome, true: int, said: int, count: int, whole: int) -> str:
    """Returns some pictures of a class that are taken for another, and one of the other."""
    labels = outcome.card.labels
    is_of, said_of, wrong = outcome.test.y, outcome.said, outcome.wrong
    mistaken = wrong[(is_of[wrong] == true) & (said_of[wrong] == said)]
    own = np.flatnonzero((is_of == said) & (said_of == said))
    own = own[np.argsort(-outcome.sure[own], kind="stable")][:1]
    shown = [*mistaken[:_OF_PAIR], *own]
    heading = f"{labels[true]} taken for {labels[said]}: {count} of {whole}"
    return f"<h3>{escape(heading)}</h3>{_shown(outcome, shown, compared=set(own.tolist()))}"


def _shown(
    outcome: Outcome, indices: Sequence[int] | np.ndarray, compared: Container[int] = ()
) -> str:
    """Returns examples with what is said of them and what they are; empty if none has a face.

    Those that are there for comparison say so.
    """
    answers = [(outcome.names(int(index)), *_answer(outcome, int(index))) for index in indices]
    if outcome.of_pictures:
        figures = [
            embedded(
                original(outcome, index),
                f"{'to compare, rightly' if index in compared else 'said'}: {said} {sure}",
                f"is: {true}",
                *names,
            )
            for index, (names, said, sure, true) in zip(indices, answers, strict=True)
        ]
        return strip(figures) if figures else ""
    rows = [(*names, said, sure, true) for names, said, sure, true in answers if names]
    return table(("example", "said", "score", "is"), rows) if rows else ""


def _answer(outcome: Outcome, index: int) -> tuple[str, str, str]:
    """Returns the class that is said, its score, and the true class."""
    labels = outcome.card.labels
    said, true = labels[outcome.said[index]], labels[outcome.test.y[index]]
    return said, f"{outcome.sure[index]:.0%}", true
