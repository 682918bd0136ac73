"""How each class does: a table, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from zoo.page import table
from zoo.tasks.classification import ClassificationScore
from zoo.training.report.outcome import Outcome

_MOST = 20  # With more classes, the table is sorted, and the confusion is of the worst.
_WORST = 12
_REST = "others"


def classes(outcome: Outcome) -> str:
    """Returns a row for each class; of many classes, those that are recognised least first.

    A task of somebody else may have another score, whose tables are shown as they are.
    """
    score = outcome.score
    if not isinstance(score, ClassificationScore):
        return "".join(
            f"<h2>{escape(part.title)}</h2>{table(part.head, part.rows)}" for part in score.tables
        )
    whole = score.tables[0]
    order = [*range(len(score.classes))]
    note = (
        f"Recall: the share of the {outcome.plural} of a class that are recognised. Precision: the "
        "share of the answers with a class that are right. –: nothing of the class was measured."
    )
    if len(order) > _MOST:
        # Classes without examples come last.
        order.sort(key=lambda i: (not score.classes[i].examples, score.classes[i].recall))
        note = f"The class that is recognised least comes first. {note}"
    rows = [whole.rows[i] for i in order]
    text = f"<h2>{whole.title}</h2>{table(whole.head, rows[:_MOST])}"
    if rest := rows[_MOST:]:
        more = table(whole.head, rest)
        text += f"<details><summary>{len(rest):,} more</summary>{more}</details>"
    area = f" AUC: {score.auc:.4f}." if score.auc is not None else ""
    return f"{text}<p class='note'>{note}{area}</p>"


def confusion(outcome: Outcome) -> str:
    """Returns which class is taken for which, in a table; of many classes for the worst."""
    score, labels = outcome.score, outcome.card.labels
    if not isinstance(score, ClassificationScore):
        return ""
    text = "<h2>Confusion: rows are the truth, columns the prediction</h2>"
    if len(labels) > _MOST:
        text += (
            f"<p>The {_WORST} classes with the most mistakes; ‘{_REST}’ are all other classes.</p>"
        )
    text += _matrix(score, labels)
    if score.recordings is not None:
        text += f"<h2>By recording</h2>{_matrix(score.recordings, labels)}"
    return text


def _matrix(score: ClassificationScore, labels: Sequence[str]) -> str:
    counts = np.array(score.confusion)
    rows = [*labels]
    if len(labels) > _MOST:
        missed = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
        worst = np.sort(np.argsort(-missed, kind="stable")[:_WORST])
        columns = counts[worst]
        rest = columns.sum(axis=1) - columns[:, worst].sum(axis=1)
        counts = np.column_stack([columns[:, worst], rest])
        rows = [labels[i] for i in worst]
    return _counted(rows, [*rows, *([_REST] if len(labels) > _MOST else [])], counts)


def _counted(rows: Sequence[str], columns: Sequence[str], counts: np.ndarray) -> str:
    """Returns a table of counts. The larger a cell's share of its row, the darker it is."""
    head = "".join(f"<th><span>{escape(label)}</span></th>" for label in columns)
    body = ""
    for place, (label, row) in enumerate(zip(rows, counts, strict=True)):
        whole = max(row.sum(), 1)
        cells = (_cell(n, n / whole, column == place) for column, n in enumerate(row))
        body += f"<tr><th>{escape(label)}</th>{''.join(cells)}</tr>"
    return (
        "<div class='wide'><table class='confusion'>"
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(count: int, share: float, right: bool) -> str:
    if not count:
        return "<td></td>"
    kind = "right" if right else "wrong"
    # Half of the colour at most, so that the count stays readable.
    return f"<td class='{kind}' style='--share:{share / 2:.0%}'>{count}</td>"
