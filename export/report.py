"""The results of an export, and their form as `report.json`."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from importlib import metadata
from typing import Any

from export.checks.evidence import Check, StreamFigures
from export.checks.layers import LayerNoise
from export.checks.parity import Parity
from export.checks.reliability import Reliability
from export.forms.outputs import EMBEDDING
from export.targets import Moved
from export.tflite.metadata import said_outputs
from export.tflite.tensor import Latency, TensorInfo

SCHEMA = 1
# If one of these gates fails, that explains failures of others.
_CAUSES = ("conversion", "runs", "builtin_operators", "delegate_operators", "no_float_tensor")
_MOST_LISTED = 4
# More float layers than this are counted for a person; the JSON names all.
_MOST_NAMED = 6
_PACKAGES = {
    "tensorflow": "tensorflow",
    "keras": "keras",
    "ai_edge_litert": "ai-edge-litert",
    "numpy": "numpy",
}


@dataclass(frozen=True)
class Rescue:
    """A file that was refused, and in whose place there is one of another precision.

    Attributes:
        precision: Its precision.
        refused: The checks that it failed.
        bytes: Its size.
        latency: Its time of one call.
    """

    precision: str
    refused: str
    bytes: int | None
    latency: Latency | None


@dataclass(frozen=True)
class Artifact:
    """One exported file or folder. None stands for unknown figures.

    Attributes:
        file: Its path relative to the report. After a failed check there is no such file.
        precision: Number type of the weights.
        checks: In the order in which they were made.
        bytes: Size of the file, or of all files of the folder.
        sha256: SHA-256 of the file; for a folder, of the names and contents of its files, sorted by
            name.
        input: Its input.
        output: Its output.
        states: A stream's states, as inputs.
        next_states: The same, as outputs; integers may have other scales there.
        operators: How often each operator occurs.
        parity: With the Keras model.
        top1: Accuracy, 0 to 1; of sets of labels their F1.
        reliability: Whether it is as sure as it is right; None: unknown, or no classes.
        latency: Time of one call with one input.
        arena: Integer files: bytes that TensorFlow Lite Micro needs, as computed.
        proofs: Figures of the provers, by the name of their check.
        worst_layers: Integer files: the layers that lose most, the worst first.
        front: Names of the first layers, which are in float32 whatever the precision.
        stream: What was measured along a stream without a reset; None: it is no file of a stream.
        moved: Gates that the caller moved.
        compensated: Whether its kernels are rounded so that errors make up for one another.
        floats: Of "mixed": the layers in float32.
        rescue: The file in whose place it is; None: it was the first try.
    """

    file: str
    precision: str
    checks: tuple[Check, ...]
    bytes: int | None = None
    sha256: str | None = None
    input: TensorInfo | None = None
    output: TensorInfo | None = None
    states: tuple[TensorInfo, ...] = ()
    next_states: tuple[TensorInfo, ...] = ()
    operators: Mapping[str, int] | None = None
    parity: Parity | None = None
    top1: float | None = None
    reliability: Reliability | None = None
    latency: Latency | None = None
    arena: int | None = None
    proofs: Mapping[str, Mapping[str, Any]] | None = None
    worst_layers: tuple[LayerNoise, ...] = ()
    front: tuple[str, ...] = ()
    stream: StreamFigures | None = None
    moved: tuple[Moved, ...] = ()
    compensated: bool = False
    floats: tuple[str, ...] = ()
    rescue: Rescue | None = None

    def noted(self, *checks: Check) -> Artifact:
        """Returns it with more checks."""
        return replace(self, checks=(*self.checks, *checks))

    @property
    def arithmetic(self) -> str:
        """Number types for a person, as in "float32 → int8 behind 'frontend'"."""
        rounded = " with compensated rounding" if self.compensated else ""
        if len(self.floats) > _MOST_NAMED:
            first, last = self.floats[0], self.floats[-1]
            layers = f"{len(self.floats)} layers from {first!r} to {last!r}"
            return f"int8{rounded}, with float32 in {layers}"
        if self.floats:
            return f"int8{rounded}, with float32 in {', '.join(map(repr, self.floats))}"
        if self.compensated:
            return self.precision + rounded
        if not self.front or self.precision == "float32":
            return self.precision
        return f"float32 → {self.precision} behind {', '.join(map(repr, self.front))}"

    @property
    def verdict(self) -> str:
        """Is "fail" if any check failed, else "pass"."""
        return "fail" if any(check.status == "fail" for check in self.checks) else "pass"


@dataclass(frozen=True)
class Report:
    """A whole export.

    Attributes:
        identity: What was exported; "checkpoint" and "model" among others.
        versions: Versions of the packages that made it.
        samples: Number of samples for the measurements.
        learnt: Whether the model learnt these samples too, so that accuracies on them say too much.
        reference_top1: Accuracy of the Keras model, 0 to 1, of sets of labels their F1; None
            without labels.
        reference_reliability: Whether the Keras model is as sure as it is right; None: unknown, or
            no classes.
        artifacts: By target; the SavedModel last.
        outputs: What the model gives: "logits", to which a softmax was appended,
            "independent_logits", to which a sigmoid was, "probabilities", "values" or "embedding".
        decided: How that was found out.
        thresholds: Of sets of labels: the probability from which on each is said; empty: one class
            is said, or values are.
    """

    identity: Mapping[str, str]
    versions: Mapping[str, str]
    samples: int
    reference_top1: float | None
    artifacts: Mapping[str, Artifact]
    outputs: str = ""
    decided: str = ""
    reference_reliability: Reliability | None = None
    learnt: bool = False
    thresholds: tuple[float, ...] = ()

    @property
    def verdict(self) -> str:
        """Is "fail" if any artifact failed, else "pass"."""
        return "fail" if self.failures() else "pass"

    def summary(self) -> tuple[tuple[str, ...], ...]:
        """Returns a table for a person: names of the columns, then a row for each artifact."""
        right = "cosine" if self.outputs == EMBEDDING else "F1" if self.thresholds else "accuracy"
        rows: list[tuple[str, ...]] = [("target", "file", "size", right, "latency", "verdict")]
        if self.reference_top1 is not None:
            rows.append(("Keras", "", "", f"{self.reference_top1:.2%}", "", ""))
        streams = [item.stream for item in self.artifacts.values()]
        for target, item in self.artifacts.items():
            rows.append(
                (
                    target,
                    item.file if item.verdict == "pass" else "not written",
                    "" if item.bytes is None else f"{item.bytes / 1e6:.2f} MB",
                    _figure(item),
                    "" if item.latency is None else f"{item.latency.median:.2f} ms",
                    item.verdict,
                )
            )
        if any(streams):
            # Accuracy along a stream of all examples in a row that is never reset.
            top1 = [None if stream is None else stream.top1 for stream in streams]
            cells = ["" if value is None else f"{value:.2%}" for value in top1]
            gap = [""] * (len(rows) - 1 - len(cells))
            cells = ["never reset", *gap, *cells]
            rows = [(*row[:4], cell, *row[4:]) for row, cell in zip(rows, cells, strict=True)]
        return tuple(rows)

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.summary(), strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in self.summary()
        )

    def _repr_html_(self) -> str:
        """Returns the table for a notebook."""
        head, *rows = self.summary()
        lines = [_html_row("th", head), *(_html_row("td", row) for row in rows)]
        return f"<table>{''.join(lines)}</table>"

    @property
    def written(self) -> dict[str, Artifact]:
        """The artifacts that passed, by target: only those are in the folder."""
        return {name: item for name, item in self.artifacts.items() if item.verdict == "pass"}

    def failures(self) -> list[tuple[str, Check]]:
        """Lists the failed checks, each with the name of its artifact."""
        return self._checks("fail")

    def warnings(self) -> list[str]:
        """Lists all warnings as "cpu, edge: NAME: DETAIL", equal ones of several targets once."""
        return _sentences(self._checks("warning"))

    def _checks(self, status: str) -> list[tuple[str, Check]]:
        return [
            (name, check)
            for name, artifact in self.artifacts.items()
            for check in artifact.checks
            if check.status == status
        ]


class GateFailure(Exception):  # noqa: N818 (its name is part of the interface)
    """An artifact is not good enough. The report and the good artifacts were written.

    Attributes:
        report: All figures and checks, also of the good artifacts.
    """

    def __init__(self, report: Report) -> None:
        failures = report.failures()
        count = "a gate" if len(failures) == 1 else f"{len(failures)} gates"
        failed = ", ".join(dict.fromkeys(name for name, _ in failures))
        written = ", ".join(report.written) or "the report alone"
        super().__init__(
            f"the export failed {count}: {_explain(failures)}; not written: {failed}; "
            f"written: {written}"
        )
        self.report = report


def _explain(failures: Sequence[tuple[str, Check]]) -> str:
    """Names a few failures, the worst first, and equal ones of several targets once."""
    sentences = _sentences(sorted(failures, key=lambda failure: failure[1].name not in _CAUSES))
    more = (
        f"; {len(sentences) - _MOST_LISTED} more in the report" if sentences[_MOST_LISTED:] else ""
    )
    return "; ".join(sentences[:_MOST_LISTED]) + more


def _sentences(checks: Sequence[tuple[str, Check]]) -> list[str]:
    targets: dict[tuple[str, str], list[str]] = {}
    for target, check in checks:
        targets.setdefault((check.name, check.detail), []).append(target)
    return [f"{', '.join(names)}: {check}: {detail}" for (check, detail), names in targets.items()]


def to_json(report: Report) -> str:
    """Returns a report as the text of `report.json`."""
    document = {
        "schema": SCHEMA,
        **report.identity,
        "versions": dict(report.versions),
        "outputs": {
            **said_outputs(report.outputs, report.thresholds),
            "decided": report.decided,
        },
        "samples": report.samples,
        **({"samples_learnt": True} if report.learnt else {}),
        "reference": {
            "top1": report.reference_top1,
            **_reliability(report.reference_reliability),
        },
        "artifacts": {name: _artifact(item) for name, item in report.artifacts.items()},
    }
    return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that a file depends on."""
    packages = {name: metadata.version(package) for name, package in _PACKAGES.items()}
    return {**packages, "python": platform.python_version()}


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "file": artifact.file if artifact.verdict == "pass" else None,
        "bytes": artifact.bytes,
        "sha256": artifact.sha256,
        "precision": artifact.precision,
        **({"front": {"layers": artifact.front, "precision": "float32"}} if artifact.front else {}),
        "input": _optional(artifact.input),
        "output": _optional(artifact.output),
        **({"states": [asdict(state) for state in artifact.states]} if artifact.states else {}),
        "operators": None if artifact.operators is None else dict(artifact.operators),
        "parity": _optional(artifact.parity),
        "accuracy": {"top1": artifact.top1},
        **_reliability(artifact.reliability),
        "latency_ms": _optional(artifact.latency),
        **({} if artifact.arena is None else {"computed_arena_bytes": artifact.arena}),
        **(
            {"worst_layers": [asdict(layer) for layer in artifact.worst_layers]}
            if artifact.worst_layers
            else {}
        ),
        **({"stream": asdict(artifact.stream)} if artifact.stream else {}),
        **({"moved": _moved(artifact)} if artifact.moved else {}),
        **({"rounding": "compensated"} if artifact.compensated else {}),
        **({"float_layers": artifact.floats} if artifact.floats else {}),
        **({"instead_of": asdict(artifact.rescue)} if artifact.rescue else {}),
        "proofs": dict(artifact.proofs or {}),
        "checks": {check.name: _check(check) for check in artifact.checks},
        "weak": [check.name for check in artifact.checks if check.weak],
        "verdict": artifact.verdict,
    }


def _moved(artifact: Artifact) -> dict[str, dict[str, float | None]]:
    return {gate.gate: {"from": gate.before, "to": gate.after} for gate in artifact.moved}


def _reliability(known: Reliability | None) -> dict[str, dict[str, float]]:
    if known is None:
        return {}
    return {"calibration_error": {"error": round(known.error, 6), "chance": round(known.chance, 6)}}


def _figure(item: Artifact) -> str:
    if item.parity is not None and item.parity.cosine is not None:
        return f"{item.parity.cosine:.5f}"
    return "" if item.top1 is None else f"{item.top1:.2%}"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _optional(item: Any) -> dict[str, Any] | None:
    return None if item is None else asdict(item)


def _check(check: Check) -> str:
    return check.status if check.status == "pass" else f"{check.status}: {check.detail}"
