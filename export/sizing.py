"""What a model takes of a microcontroller, before anybody trains it.

The bytes of a file and its memory follow from its layers and not from its weights.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from export.about import About
from export.checks.prove import prove
from export.checks.provers.ethos_u import ETHOS_U
from export.checks.provers.prover import Subject
from export.checks.provers.tflite_micro import TFLITE_MICRO
from export.errors import ExportError
from export.forms.form import SIGNATURE, prepare
from export.forms.saved_model import save_for_conversion
from export.report import versions
from export.samples import with_full_pixel_range
from export.targets import TARGETS
from export.task import TEST_X
from export.tflite.arena import arena_bytes
from export.tflite.convert import Arithmetic, Source, convert
from export.tflite.flatbuffer import read_graph
from export.tflite.inspect import ends
from export.tflite.metadata import attach, whole_metadata
from export.tflite.slim import slim

# Bytes for what a checkpoint will say of itself: origin, accuracy, licence.
_DESCRIPTION = 1_024
_EDGE = replace(TARGETS["edge"], provers=(TFLITE_MICRO.name, ETHOS_U.name))


@dataclass(frozen=True)
class Needs:
    """What an int8 file takes.

    Attributes:
        flash: Bytes of the file, with its labels and 1 KiB for the description.
        arena: Bytes of TensorFlow Lite Micro's working memory.
        tried: Whether that runtime said so; otherwise it was computed.
        latency_ms: Of a call on an Ethos-U NPU, as vela estimates it; None: vela is not installed.
        missing: Why a prover said nothing, a line each.
    """

    flash: int
    arena: int
    tried: bool
    latency_ms: float | None
    missing: tuple[str, ...] = ()


def needs(model: keras.Model, pictures: np.ndarray, labels: Sequence[str]) -> Needs:
    """Converts a classifier of pictures to int8, and tries the file on its provers.

    Args:
        model: As for `export.export_model`; it gives logits. Its weights may be random.
        pictures: (N, height, width, channels) in 0..255, to calibrate with; a few are enough.
        labels: One for each output.

    Raises:
        ExportError: The model cannot be converted, or a prover does not take the file.
    """
    form = replace(prepare(model), outputs="logits", decided="as it was said")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        np.savez(scratch / TEST_X, x=pictures[:1])
        calibration = scratch / "calibration.npz"
        calibrated = {form.kind: with_full_pixel_range(pictures)}
        np.savez(calibration, **calibrated)  # type: ignore[arg-type]  # As in the pipeline.
        save_for_conversion(form, scratch / "saved_model")
        source = Source(str(scratch / "saved_model"), (SIGNATURE,), str(calibration))
        path = scratch / "edge.tflite"
        wanted = {path: Arithmetic(_EDGE.precision, _EDGE.io(form.kind))}
        if failures := convert(source, wanted, scratch):
            raise ExportError(failures[path])
        path.write_bytes(slim(path.read_bytes(), "short"))
        made_from = {"checkpoint": model.name, "model": model.name, "versions": versions()}
        attach(path, *whole_metadata(form, _EDGE, About(), made_from, labels=labels, pixels=True))
        given, results = ends(path.read_bytes())
        subject = Subject(
            path=path,
            target=_EDGE,
            input=given[0],
            output=results[0],
            kind=form.kind,
            pixels=True,
            labels=tuple(labels),
            test_x=scratch / TEST_X,
        )
        proofs = {proof.check.name: proof for proof in prove(subject, scratch)}
        for proof in proofs.values():
            if proof.check.status == "fail" and not proof.figures:  # It ended before.
                raise ExportError(f"{proof.check.name}: {proof.check.detail}")
        arena = proofs[TFLITE_MICRO.name].figures.get("arena_bytes")
        return Needs(
            flash=path.stat().st_size + _DESCRIPTION,
            arena=arena_bytes(read_graph(path)) if arena is None else arena,
            tried=arena is not None,
            latency_ms=proofs[ETHOS_U.name].figures.get("latency_ms"),
            missing=tuple(p.check.detail for p in proofs.values() if p.check.status == "skipped"),
        )
