"""Pictures that were learnt, and whose label is probably wrong."""

from __future__ import annotations

import numpy as np

from zoo.training.cleaning.mislabels import confident
from zoo.training.report.embedded import embedded, strip
from zoo.training.report.original import original
from zoo.training.report.outcome import Outcome

_SHOWN = 12


def suspects(outcome: Outcome) -> str:
    """Returns the pictures whose label seems wrong; empty if there are none, or it is not known."""
    train, validation = outcome.learnt.train, outcome.learnt.validation
    if outcome.apart is None or not outcome.of_pictures or train.names is None:
        return ""
    y = np.concatenate([train.y, validation.y])
    named = confident(outcome.apart, y)
    if not named:
        return ""
    labels, figures = outcome.card.labels, []
    for index, seems, _ in named[:_SHOWN]:
        split, place = (train, index) if index < len(train) else (validation, index - len(train))
        name = [] if split.names is None else [str(split.names[place])]
        lines = f"is in: {labels[y[index]]}", f"seems: {labels[seems]}", *name
        figures.append(embedded(original(outcome, place, split), *lines))
    return (
        f"<h2>Labels to look at</h2><p>Of {len(y):,} pictures that it learnt, {len(named):,} may "
        "be of another class, by heads that did not see their label. Here are the likeliest; many "
        f"of them are right, and hard. zoo clean lists them all, and copies.</p>{strip(figures)}"
    )
