"""What a page begins with: the figure of a run, in words."""

from __future__ import annotations

from html import escape

import numpy as np

from zoo.checkpoints.card import Metric
from zoo.tasks.classification import OF_RECORDINGS
from zoo.tasks.interval import in_words
from zoo.training.report.outcome import Outcome


def title(outcome: Outcome) -> str:
    """Returns what the page is about, as plain text."""
    card, metric = outcome.card, outcome.metric
    if metric.interval and outcome.test.task.learns == "classes":
        return f"{metric.dataset}: {metric.value:.2%} right"
    return f"{metric.dataset}: {card.text(metric)}"


def headline(outcome: Outcome) -> str:
    """Returns the figure in words, what it may be elsewhere, and where the checkpoint is from."""
    card, split = outcome.card, outcome.test
    learns = split.task.learns
    sentences = {"classes": _of_classes, "values": _of_values, "sets": _of_sets}[learns](outcome)
    about = f"{card.model} with {split.task.described(card.labels)}. {card.source}. {card.notes}"
    return (
        f"<h1>{escape(title(outcome))}</h1>"
        + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        + f"<p class='note'>{escape(about)}</p>"
    )


def _of_classes(outcome: Outcome) -> list[str]:
    metrics = {metric.name: metric for metric in outcome.card.metrics}
    metric, whole = metrics["top1"], metrics.get(OF_RECORDINGS)
    wrong, counts = len(outcome.wrong), np.bincount(outcome.test.y)
    sentences = [
        f"{metric.value:.2%}{in_words(metric.interval)} of {metric.examples:,} "
        f"{escape(metric.split)} {outcome.plural} of {escape(metric.dataset)} are classified "
        f"correctly, {wrong:,} wrongly. Always giving the most frequent answer would be right for "
        f"{counts.max() / counts.sum():.2%}."
    ]
    if whole is not None:
        sentences += [
            f"The examples are windows. Of {whole.examples:,} whole recordings "
            f"{whole.value:.2%}{in_words(whole.interval)} are told right, by the mean of the "
            "probabilities of their windows."
        ]
    return [*sentences, *_elsewhere(outcome.metric)]


def _elsewhere(metric: Metric) -> list[str]:
    if metric.interval is None:
        return []
    low, high = metric.interval
    return [
        f"What to expect of new data of the same kind: between {low:.1%} and {high:.1%} right. The "
        "more is measured, the narrower this gets."
    ]


def _of_values(outcome: Outcome) -> list[str]:
    truth = outcome.test.y.astype(np.float64)
    figures = {metric.name: metric.value for metric in outcome.card.metrics}
    text = (
        f"On {len(truth):,} {escape(outcome.metric.split)} {outcome.plural}, "
        f"{escape(outcome.card.labels[0])} is predicted with a mean error of {figures['mae']:.5g}"
    )
    if "r2" in figures:
        text += (
            f"; always saying their mean would have {abs(truth - truth.mean()).mean():.5g}. R² is "
            f"{figures['r2']:.4f}: 1 is perfect, 0 as good as the mean"
        )
    return [text + "."]


def _of_sets(outcome: Outcome) -> list[str]:
    text = ", ".join(outcome.card.text(metric) for metric in outcome.card.metrics)
    return [
        f"On {len(outcome.test):,} {escape(outcome.metric.split)} {outcome.plural}: {escape(text)}."
        " map is the mean over the labels of their average precision, micro_f1 counts all "
        f"decisions alike, exact is the share of {outcome.plural} with exactly their labels."
    ]
