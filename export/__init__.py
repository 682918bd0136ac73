"""Exports any Keras model as a SavedModel and as verified TensorFlow Lite files, with a report.

    samples = export.Samples(calibration=train_x, test_x=test_x, test_y=test_y)
    report = export.export_model(model, "out", samples=samples, labels=("cat", "dog"))

Importing this package is cheap: TensorFlow is imported only by an export.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.about import About
    from export.checks.evidence import Check
    from export.checks.prove import PROVERS, register_prover
    from export.checks.provers.prover import Prover
    from export.errors import ExportError
    from export.forms.slide import Slide
    from export.pipeline import export_model
    from export.precisions import Gates
    from export.publish import check_output
    from export.report import Artifact, GateFailure, Report
    from export.samples import LEAST_SAMPLES, Samples
    from export.sizing import Needs, needs
    from export.targets import TARGETS, Target, register_target
    from export.tflite.inspect import describe_file
    from export.tflite.metadata import COLUMNS, IDENTITY, file_inside, labels_inside
    from export.tflite.runtime import LiteModel, LiteStream, load_lite

_HOMES = {
    "LEAST_SAMPLES": "export.samples",
    "PROVERS": "export.checks.prove",
    "TARGETS": "export.targets",
    "COLUMNS": "export.tflite.metadata",
    "IDENTITY": "export.tflite.metadata",
    "About": "export.about",
    "Artifact": "export.report",
    "Check": "export.checks.evidence",
    "ExportError": "export.errors",
    "GateFailure": "export.report",
    "Gates": "export.precisions",
    "Needs": "export.sizing",
    "LiteModel": "export.tflite.runtime",
    "LiteStream": "export.tflite.runtime",
    "Prover": "export.checks.provers.prover",
    "Report": "export.report",
    "Samples": "export.samples",
    "Slide": "export.forms.slide",
    "Target": "export.targets",
    "check_output": "export.publish",
    "describe_file": "export.tflite.inspect",
    "export_model": "export.pipeline",
    "file_inside": "export.tflite.metadata",
    "labels_inside": "export.tflite.metadata",
    "load_lite": "export.tflite.runtime",
    "needs": "export.sizing",
    "register_prover": "export.checks.prove",
    "register_target": "export.targets",
}

__all__ = [
    "COLUMNS",
    "IDENTITY",
    "LEAST_SAMPLES",
    "PROVERS",
    "TARGETS",
    "About",
    "Artifact",
    "Check",
    "ExportError",
    "GateFailure",
    "Gates",
    "LiteModel",
    "LiteStream",
    "Needs",
    "Prover",
    "Report",
    "Samples",
    "Slide",
    "Target",
    "check_output",
    "describe_file",
    "export_model",
    "file_inside",
    "labels_inside",
    "load_lite",
    "needs",
    "register_prover",
    "register_target",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'export' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
