"""The result of a classifier's training: pictures, and a page that shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checkpoints.card import Card, Metric
from zoo.data.dataset import Split
from zoo.drawing import drawn
from zoo.files import write_text
from zoo.forms import Picture
from zoo.page import page, picture, table, with_pictures
from zoo.tasks.classification import CLASSIFICATION, OF_RECORDINGS, ClassificationScore
from zoo.tasks.coverage import UNKNOWN
from zoo.tasks.interval import in_words
from zoo.tasks.reliability import Reliability, reliability_of
from zoo.training.report.closing import closing
from zoo.training.report.figure import figure
from zoo.training.report.figures import reliability_text
from zoo.training.run_folder import CALIBRATION, CONFUSION, CURVES, PAGE

_MISTAKES = 12
_PAIRS = 8  # Of classes that are confused.
_MOST_NAMED = 60  # With more classes, the confusion is a picture without names.


def write_result(
    folder: Path,
    card: Card,
    probabilities: np.ndarray,
    split: Split,
    importance: Sequence[tuple[str, float]] = (),
    figures: Mapping[str, Any] | None = None,
) -> None:
    """Writes `result.html` into a run's folder, and its pictures.

    The pictures are `calibration.png` and, with more than 60 classes, `confusion.png`; `curves.png`
    is there already. The names of classes are text of the page, since a PNG would need a font.

    Args:
        folder: Folder of the checkpoint.
        card: Card of the checkpoint, with its metrics.
        probabilities: (examples, classes) for the test split.
        split: The test split.
        importance: Of a table: columns, and the accuracy that is lost without each.
        figures: Those of `zoo.training.report.figures`.
    """
    score = CLASSIFICATION.scored(probabilities, split.y, card.labels, split.recordings)
    assert isinstance(score, ClassificationScore)
    reliability = reliability_of(probabilities, split.y)
    _draw_reliability(reliability, folder / CALIBRATION)
    if len(card.labels) <= _MOST_NAMED:
        confusion = _confusion_table(score, card.labels)
        if score.recordings is not None:
            confusion += f"<h2>By recording</h2>{_confusion_table(score.recordings, card.labels)}"
    else:
        _draw_confusion(score, folder / CONFUSION)
        confusion = f'<img src="{CONFUSION}" alt="Confusion">'
    shown = [
        _mistake(split.x[index], probabilities[index], int(split.y[index]), card.labels)
        for index in worst_mistakes(probabilities, split.y)
        if isinstance(card.input, Picture)
    ]
    columns = _columns(importance)
    parts = (confusion, columns, "".join(shown), _reliability(reliability, figures or {}))
    write_text(folder / PAGE, with_pictures(_page(card, score, *parts), folder))


def worst_mistakes(probabilities: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns the indices of the wrong predictions, the highest confidence first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != y)
    order = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[order][:_MISTAKES]


def _page(
    card: Card,
    score: ClassificationScore,
    confusion: str,
    columns: str,
    mistakes: str,
    reliability: str,
) -> str:
    title = f"{card.model}, {len(card.labels)} classes"
    metrics = {metric.name: metric for metric in card.metrics}
    metric, whole = metrics["top1"], metrics.get(OF_RECORDINGS)
    classes = score.tables[0]
    wrong = score.examples - int(np.trace(score.confusion))
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{metric.value:.2%}{in_words(metric.interval)} of {metric.examples:,} "
        f"{escape(metric.split)} examples of {escape(metric.dataset)} are classified correctly, "
        f"{wrong:,} wrongly. {escape(card.source)}. {escape(card.notes)}</p>",
        _of_recordings(whole),
        picture("Training", CURVES),
        "<h2>Confusion: rows are the truth, columns the prediction</h2>",
        confusion,
        _most_confused(score),
        f"<h2>{classes.title}</h2>",
        table(classes.head, classes.rows),
        f"<p>AUC: {score.auc:.4f}.</p>" if score.auc is not None else "",
        columns,
        f"<h2>The surest mistakes</h2><div class='mistakes'>{mistakes}</div>" if mistakes else "",
        reliability,
        *closing(card),
    ]
    return page(title, parts)


def _most_confused(score: ClassificationScore) -> str:
    """Returns the pairs of classes that are taken for each other most; empty without mistakes."""
    labels = [row.label for row in score.classes]
    counts = np.array(score.confusion)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:_PAIRS]
    pairs = [(i, j) for i, j in zip(*np.unravel_index(order, counts.shape), strict=True)]
    rows = [
        (labels[i], labels[j], f"{counts[i, j]} of {score.classes[i].examples}")
        for i, j in pairs
        if counts[i, j]
    ]
    head = ("is", "taken for", "examples")
    return f"<h2>Most often confused</h2>{table(head, rows)}" if rows else ""


def _reliability(reliability: Reliability, figures: Mapping[str, Any]) -> str:
    """Returns how sure the model may be believed to be, and what a threshold leaves."""
    text = reliability_text(figures) or f"expected calibration error {reliability.error:.4f}"
    rows = [
        (
            f"{row['threshold']:g}",
            f"{row['share']:.1%}",
            "–" if row["accuracy"] is None else f"{row['accuracy']:.1%}",
        )
        for row in figures.get("coverage", ())
    ]
    answers = (
        "<h2>Answers by threshold</h2><p><code>zoo predict --threshold=P</code> answers "
        f"{UNKNOWN!r} where the highest score is below P. On the test split that leaves:</p>"
        + table(("threshold", "answered", "of these right"), rows)
    )
    return (
        f"{picture('Calibration', CALIBRATION)}<p>{text[0].upper()}{text[1:]}. That error is the "
        "mean distance between how sure the model is and how often it is right. Bars above the "
        f"line: too modest; below: too sure.</p>{answers if rows else ''}"
    )


def _columns(importance: Sequence[tuple[str, float]]) -> str:
    """Returns a table of the columns that matter most; empty if there are none."""
    if not importance:
        return ""
    rows = [(name, f"{100 * lost:.2f}") for name, lost in importance[:_MOST_NAMED]]
    return (
        "<h2>Columns</h2><p>Points of accuracy that are lost if the cells of a column are shuffled "
        f"between the rows:</p>{table(('column', 'lost'), rows)}"
    )


def _of_recordings(metric: Metric | None) -> str:
    """Returns a sentence on whole recordings; empty if the examples are no windows."""
    if metric is None:
        return ""
    return (
        f"<p>The examples are windows. Of {metric.examples:,} whole recordings "
        f"{metric.value:.2%}{in_words(metric.interval)} are told right, by the mean of the "
        "probabilities of their windows.</p>"
    )


def _confusion_table(score: ClassificationScore, labels: Sequence[str]) -> str:
    """Returns a table of counts. The larger a cell's share of its row, the darker it is."""
    head = "".join(f"<th><span>{escape(label)}</span></th>" for label in labels)
    body = ""
    for label, counts in zip(labels, score.confusion, strict=True):
        whole = max(sum(counts), 1)
        cells = "".join(_confusion_cell(count, count / whole) for count in counts)
        body += f"<tr><th>{escape(label)}</th>{cells}</tr>"
    return (
        "<div class='wide'><table class='confusion'>"
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _confusion_cell(count: int, share: float) -> str:
    if not count:
        return "<td></td>"
    ink = "white" if share > 0.5 else "black"
    return f"<td style='background:rgba(8,81,156,{share:.2f});color:{ink}'>{count}</td>"


def _draw_confusion(score: ClassificationScore, path: Path) -> None:
    counts = np.array(score.confusion)
    with drawn(path, 12, 11) as figure:
        axes = figure.subplots()
        axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues")
        axes.set_xlabel("prediction")
        axes.set_ylabel("truth")


def _draw_reliability(reliability: Reliability, path: Path) -> None:
    with drawn(path, 5, 4) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
        bars = axes.bar(reliability.confidence, reliability.accuracy, width=0.06, alpha=0.8)
        axes.bar_label(bars, [str(count) for count in reliability.examples], fontsize=7)
        axes.set(xlim=(0, 1.05), ylim=(0, 1.1), xlabel="confidence", ylabel="share that is right")


def _mistake(pixels: np.ndarray, probabilities: np.ndarray, y: int, labels: Sequence[str]) -> str:
    """Returns a picture with its prediction, the confidence, and the truth.

    Args:
        pixels: (height, width, channels) from 0 to 255.
        probabilities: (classes,).
        y: Its class.
        labels: Labels of all classes.
    """
    best = int(probabilities.argmax())
    return figure(pixels, f"{labels[best]} {probabilities[best]:.0%}", f"is {labels[y]}")
