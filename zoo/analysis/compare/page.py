"""The page of a comparison: figures and pictures of twins side by side."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from zoo.analysis.compare.comparison import Outcome, Step
from zoo.analysis.compare.pictures import (
    plot_curves,
    plot_gradients,
    plot_summary,
    plot_surfaces,
)
from zoo.analysis.gradients.shattering import DISTANCE
from zoo.analysis.interval import spread
from zoo.files import write_text
from zoo.page import page, picture, table

PAGE = "comparison.html"


def result_rows(outcomes: Sequence[Outcome]) -> tuple[list[str], list[list[str]]]:
    """Returns head and rows of the table of results, with a row for each twin."""
    names = list(outcomes[0].figures)
    head = ["network", *names, f"gradient correlation at {DISTANCE:g}", "norm first/last unit"]
    rows = []
    for outcome in outcomes:
        intervals = [outcome.figure(name) for name in names]
        texts = [spread(interval.mean, interval.half, ".4f") for interval in intervals]
        fresh = outcome.initial
        texts.append(spread(fresh.correlation.mean, fresh.correlation.half, ".3f"))
        rows.append([outcome.twin.name, *texts, f"{fresh.gain[0]:.3g}"])
    return head, rows


def write_comparison(
    folder: Path,
    outcomes: Sequence[Outcome],
    steps: Sequence[Step],
    title: str,
    command: str,
    watched: str,
) -> None:
    """Writes `comparison.html` into a folder, and its pictures.

    Args:
        folder: The folder.
        outcomes: Outcomes of all twins.
        steps: The comparisons to report.
        title: Title of the page.
        command: The command that the user typed.
        watched: The figure of an epoch that is drawn beside the loss.
    """
    seeds = len(outcomes[0].histories)
    plot_summary(outcomes, folder / "summary.png")
    plot_curves(outcomes, folder / "curves.png", watched)
    plot_gradients(outcomes, folder / "gradients.png")
    surfaces = all(outcome.surface is not None for outcome in outcomes)
    if surfaces:
        plot_surfaces(outcomes, folder / "surfaces.png")
    differences = "".join(f"<li>{escape(str(step))}</li>" for step in steps)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{len(outcomes)} networks, trained alike from {seeds} seeds each. ± and error bars are "
        "95 % intervals over the seeds (Student's t); small dots are seeds.</p>",
        f"<ul>{differences}</ul>" if differences else "",
        "<h2>Results</h2>",
        table(*result_rows(outcomes)),
        "<p class='note'>Accuracies are of the finished networks, without dropout. The two columns "
        "on the right are of gradients at initialisation. Negative curvature, where it was asked "
        "for: how strongly the loss around the trained weights bends downwards, the median of the "
        "Hessian's lowest eigenvalue; a convex surface does not.</p>",
        picture("After the training", "summary.png"),
        picture("Training curves", "curves.png"),
        "<p class='note'>Solid: the training split, as the training saw it, with dropout and label "
        "smoothing. Dashed: the validation split.</p>",
        picture("Gradients", "gradients.png"),
        "<p class='note'>Above: how the gradients of an output at two inputs correlate, by their "
        "distance on the way from one example to another (Balduzzi et al. 2017). 1 is a linear "
        "model, 0 white noise. Below: how large the loss's gradient is at each residual unit. "
        "Solid: at initialisation. Dashed: trained.</p>",
    ]
    if surfaces:
        parts += [
            picture("Loss around the trained weights", "surfaces.png"),
            "<p class='note'>Of the first seed, along two random directions with filter-wise "
            "normalisation (Li et al. 2018); at 1 each filter has moved by its own length. Batch "
            "normalisation works as in training. Losses over 1,000 are drawn as 1,000.</p>",
        ]
    parts.append(f"<p class='note'><code>{escape(command)}</code></p>")
    parts.append("<p class='note'>See also <a href='comparison.json'>comparison.json</a>.</p>")
    write_text(folder / PAGE, page(title, parts))
