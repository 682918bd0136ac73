"""The report as one self-contained page for a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from export.checks.parity import EXACT_DB, Parity
from export.pages.chart import draw
from export.pages.examples import image_strip, value_table
from export.pages.style import STYLE
from export.report import Artifact, Report
from export.samples import Samples
from export.tflite.tensor import Latency

_EXAMPLES = 10
_NONE = "–"


def render(
    report: Report,
    samples: Samples,
    labels: Sequence[str],
    predictions: Mapping[str, np.ndarray],
) -> str:
    """Renders a report.

    Args:
        report: The report.
        samples: Their test part provides the examples.
        labels: One for each output; empty for values.
        predictions: (N, classes) outputs over the test samples, "Keras" first.

    Returns:
        HTML that needs no other file.
    """
    title = report.identity.get("checkpoint") or report.identity["model"]
    positions = np.linspace(0, report.samples - 1, min(_EXAMPLES, report.samples))
    shown = [round(float(position)) for position in positions]
    titled = {_title(name): values for name, values in predictions.items()}
    examples = image_strip if samples.test_x.ndim == 4 else value_table
    body = "".join(
        [
            _header(title, report),
            _section("Artifacts", _artifacts(report)),
            *_rescues(report),
            _section(
                f"{_right_word(report).capitalize()}, size, latency",
                f'<div class="chart">{draw(report)}</div>',
            ),
            _section("Examples from the test set", examples(samples, labels, titled, shown)),
            _section("Gates", _gates(report)),
            *_layers(report),
            _section("Operators", _operators(report)),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Export of {escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


_ABOUT_SURE = (
    " The (expected) calibration error says how far, in the mean, a score lies from the share of "
    "such answers that are right."
)
_LEARNT = (
    " The model learnt these samples too: its accuracies are higher than they will be on others. "
    "How far the files agree with it is not touched by that."
)
# Behind the figure of a check that few examples decide.
_WEAK = " <em>Weak: fewer than 50 examples.</em>"


def badge(status: str) -> str:
    """Renders a coloured word: pass, warning, fail or skipped."""
    return f'<span class="badge {escape(status)}">{escape(status)}</span>'


def _header(title: str, report: Report) -> str:
    facts = {
        **{name: value for name, value in report.identity.items() if value},
        "outputs": f"{report.outputs} ({report.decided})",
        "test samples": str(report.samples),
        f"Keras {_right_word(report)}": _percent(report.reference_top1),
        **_sureness(report),
        **report.versions,
    }
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>"
        for name, value in facts.items()
    )
    return (
        f"<header><h1>{escape(title)} {badge(report.verdict)}</h1>"
        f"{_summary(report)}<dl>{items}</dl></header>"
    )


def _right_word(report: Report) -> str:
    return "F1" if report.thresholds else "accuracy"


def _sureness(report: Report) -> dict[str, str]:
    known = report.reference_reliability
    if known is None:
        return {}
    text = f"{known.error:.4f} (a perfect one {known.chance:.4f}, by chance)"
    return {"Keras calibration error": text}


def _summary(report: Report) -> str:
    names = escape(", ".join(_title(name) for name in report.written))
    if report.verdict == "pass":
        return f"<p>Exported for {names}; every gate passed.</p>"
    written = f"Exported for {names}." if names else "Nothing was exported."
    failures = "".join(
        f"<li><strong>{escape(_title(name))}</strong> <code>{escape(check.name)}</code> "
        f"{escape(check.detail)}</li>"
        for name, check in report.failures()
    )
    return (
        f"<p>{written} These gates failed; the files that failed them were measured, as shown "
        f'below, and removed.</p><ul class="failures">{failures}</ul>'
    )


def _title(name: str) -> str:
    return "SavedModel" if name == "saved_model" else name


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _table(title: str, columns: Sequence[str], rows: str, note: str) -> str:
    """Returns a section with a table, and a note below it. `rows` is HTML."""
    head = "".join(f"<th>{column}</th>" for column in columns)
    return _section(
        title,
        f'<table class="narrow"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="note">{note}</p>',
    )


def _artifacts(report: Report) -> str:
    columns = (
        "Target",
        "Weights",
        "Input → output",
        "Size",
        "F1" if report.thresholds else "Top-1",
        "Same as Keras",
        "Max error",
        "SQNR",
        "Latency (p90)",
        "",
    )
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    rows = "".join(_artifact_row(name, item) for name, item in report.artifacts.items())
    return (
        f'<table class="artifacts"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="note">{_note(report)}</p>'
    )


def _note(report: Report) -> str:
    threads = {item.latency.threads for item in report.artifacts.values() if item.latency}
    used = f", {max(threads)} threads" if threads else ""
    return (
        f"Latency is that of one input at a time on the CPU that exported{used}; a GPU or an NPU "
        "has its own. Errors and SQNR (signal to quantisation noise) are those of the outputs, "
        "against the Keras model's."
        f"{_ABOUT_SURE if any(a.reliability for a in report.artifacts.values()) else ''}"
        f"{_LEARNT if report.learnt and report.reference_top1 is not None else ''}"
    )


def _rescues(report: Report) -> list[str]:
    rows = "".join(
        f"<tr><td>{escape(_title(name))}</td><td>{escape(item.rescue.precision)}</td>"
        f'<td class="detail">{escape(item.arithmetic)}</td>'
        f'<td class="number">{_size(item.rescue.bytes)} → {_size(item.bytes)}</td>'
        f'<td class="number">{_milliseconds(item.rescue.latency)} → {_milliseconds(item.latency)}'
        "</td></tr>"
        for name, item in report.artifacts.items()
        if item.rescue
    )
    if not rows:
        return []
    columns = ("Target", "Refused", "In its place", "Size", "Latency")
    note = "Why it was refused stands below, at the check precision."
    return [_table("Files in place of refused ones", columns, rows, note)]


def _milliseconds(latency: Latency | None) -> str:
    return _NONE if latency is None else f"{latency.median:.3g} ms"


def _artifact_row(name: str, artifact: Artifact) -> str:
    parity, latency = artifact.parity, artifact.latency
    file = f"<code>{escape(artifact.file)}</code>" if artifact.verdict == "pass" else "not written"
    cells = [
        f"<strong>{escape(_title(name))}</strong><br>{file}",
        _precision(artifact),
        _tensors(artifact),
        _size(artifact.bytes),
        _right(artifact),
        _alike(parity) if parity else _NONE,
        f"{parity.max_abs_error:.1e}" if parity else _NONE,
        _ratio(parity) if parity else _NONE,
        f"{latency.median:.3g} ms<br><small>({latency.p90:.3g})</small>" if latency else _NONE,
        badge(artifact.verdict),
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _right(artifact: Artifact) -> str:
    sure = artifact.reliability
    off = "" if sure is None else f"<br><small>calibration error {sure.error:.3f}</small>"
    return f"{_percent(artifact.top1)}{off}"


def _precision(artifact: Artifact) -> str:
    if not artifact.floats:
        return escape(artifact.arithmetic)
    count = len(artifact.floats)
    layers = "1 layer" if count == 1 else f"{count} layers"
    return f"{escape(artifact.precision)}<br><small>float32 in {layers}</small>"


def _alike(parity: Parity) -> str:
    if parity.cosine is not None:
        return f"cosine {parity.cosine:.5f}"
    return _percent(parity.top1_agreement)


def _tensors(artifact: Artifact) -> str:
    if artifact.input is None or artifact.output is None:
        return _NONE
    shape = "×".join("N" if size < 0 else str(size) for size in artifact.input.shape)
    return f"{escape(artifact.input.dtype)} → {escape(artifact.output.dtype)}<br>{shape}"


def _ratio(parity: Parity) -> str:
    return "exact" if parity.sqnr_db == EXACT_DB else f"{parity.sqnr_db:.1f} dB"


def _gates(report: Report) -> str:
    return "".join(
        f'<details class="gates" open><summary><strong>{escape(_title(name))}</strong> '
        f"{badge(artifact.verdict)}</summary>{_moved(artifact)}"
        f"<table><tbody>{_checks(artifact)}</tbody></table></details>"
        for name, artifact in report.artifacts.items()
    )


def _moved(artifact: Artifact) -> str:
    moves = ", ".join(
        f"<code>{gate.gate}</code> from {'none' if gate.before is None else f'{gate.before:g}'} "
        f"to {gate.after:g}"
        for gate in artifact.moved
    )
    return f'<p class="note">Gates moved for this export: {moves}.</p>' if moves else ""


def _checks(artifact: Artifact) -> str:
    return "".join(
        f"<tr><td>{badge(check.status)}</td><td><code>{escape(check.name)}</code></td>"
        f'<td class="detail">{escape(check.detail)}{_WEAK if check.weak else ""}</td></tr>'
        for check in artifact.checks
    )


def _layers(report: Report) -> list[str]:
    rows = "".join(
        f"<tr><td>{escape(_title(name))}</td><td><code>{escape(row.layer)}</code></td>"
        f"<td><code>{escape(row.operator)}</code></td>"
        f'<td class="number">{row.lost_db:.1f} dB</td><td class="number">{row.sqnr_db:.1f} dB</td>'
        "</tr>"
        for name, item in report.artifacts.items()
        for row in item.worst_layers
    )
    if not rows:
        return []
    columns = ("Target", "Layer", "Operator", "Lost", "SQNR after it")
    note = "Signal to quantisation noise of what a layer gives; lost: against what it takes."
    return [_table("Layers that lose most to integers", columns, rows, note)]


def _operators(report: Report) -> str:
    counted = {name: item.operators for name, item in report.artifacts.items() if item.operators}
    kinds = sorted({kind for operators in counted.values() for kind in operators})
    head = "".join(f"<th>{escape(name)}</th>" for name in counted)
    rows = "".join(
        f"<tr><td><code>{escape(kind)}</code></td>"
        + "".join(
            f'<td class="number">{operators.get(kind, _NONE)}</td>'
            for operators in counted.values()
        )
        + "</tr>"
        for kind in kinds
    )
    return (
        f'<table class="narrow"><thead><tr><th>Operator</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _percent(value: float | None) -> str:
    return _NONE if value is None else f"{100 * value:.2f} %"


def _size(count: int | None) -> str:
    if count is None:
        return _NONE
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
