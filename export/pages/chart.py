"""The chart of a report: accuracy, size and latency of each artifact."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from export.report import Report

_BAR = "#3b6fb6"
_REFERENCE = "#8a94a3"
_TEXT = "#3a4351"
# Fixed, so that equal reports give equal files.
_SVG_SALT = "export"


def draw(report: Report) -> str:
    """Draws a panel for each known figure.

    Returns:
        An SVG element.
    """
    panels = _panels(report)
    rows = max(len(names) for _, names, _, _ in panels)
    figure = Figure(figsize=(10.4, 0.75 + 0.36 * rows), layout="constrained")
    canvas = FigureCanvasSVG(figure)
    with rc_context({"svg.hashsalt": _SVG_SALT, "svg.fonttype": "none"}):
        for axes, (title, names, values, texts) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            _bars(axes, title, names, values, texts)
        buffer = io.StringIO()
        canvas.print_svg(buffer, metadata={"Date": None})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]


_Panel = tuple[str, list[str], list[float], list[str]]


def _panels(report: Report) -> list[_Panel]:
    accuracies = {"Keras": report.reference_top1}
    sizes: dict[str, float | None] = {}
    latencies: dict[str, float | None] = {}
    for target, artifact in report.artifacts.items():
        name = "SavedModel" if target == "saved_model" else target
        accuracies[name] = artifact.top1
        sizes[name] = None if artifact.bytes is None else artifact.bytes
        latencies[name] = None if artifact.latency is None else artifact.latency.median
    threads = {
        artifact.latency.threads for artifact in report.artifacts.values() if artifact.latency
    }
    unit = f" ({', '.join(str(count) for count in sorted(threads))} threads)" if threads else ""
    large = max((size or 0 for size in sizes.values()), default=0) >= 1e6
    panels = [
        _panel(
            "F1 of labels" if report.thresholds else "Top-1 accuracy", accuracies, 100, "{:.2f} %"
        ),
        _panel("Size", sizes, *((1e-6, "{:.3g} MB") if large else (1e-3, "{:.3g} kB"))),
        _panel(f"Latency, median{unit}", latencies, 1, "{:.3g} ms"),
    ]
    return [panel for panel in panels if panel[1]] or [("Nothing was measured", [""], [0.0], [""])]


def _panel(title: str, values: dict[str, float | None], factor: float, form: str) -> _Panel:
    known = {name: value * factor for name, value in values.items() if value is not None}
    if list(known) == ["Keras"]:
        known = {}
    texts = [form.format(value) for value in known.values()]
    return title, list(known), list(known.values()), texts


def _bars(
    axes: Axes, title: str, names: Sequence[str], values: Sequence[float], texts: Sequence[str]
) -> None:
    colours = [_REFERENCE if name == "Keras" else _BAR for name in names]
    bars = axes.barh(range(len(names)), values, color=colours, height=0.62)
    axes.bar_label(bars, texts, padding=4, fontsize=9, color=_TEXT)
    axes.set_title(title, loc="left", fontsize=10.5, color=_TEXT, fontweight="bold")
    axes.set_yticks(range(len(names)), names, fontsize=9.5, color=_TEXT)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.42 * (max(values) or 1))
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color("#c9cfd8")
