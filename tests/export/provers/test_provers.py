"""The provers, where their packages are installed: `make test-provers`."""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest

import export
from export.checks.parity import accuracy
from export.checks.prove import PROVERS, prove
from export.checks.provers.prover import Subject
from export.tflite.runtime import LiteModel

pytestmark = pytest.mark.provers
OTHERS = [name for name in PROVERS if name != "litert_gpu"]  # It has tests of its own.


def subject(exported, name, **changes):
    artifact = exported.report.artifacts[name]
    facts = {
        "path": exported.folder / artifact.file,
        "target": export.TARGETS[name],
        "input": artifact.input,
        "output": artifact.output,
        "kind": "image",
        "pixels": True,
        "labels": tuple("0123456789"),
        "test_x": exported.folder.parent.parent / "test_x.npz",
    }
    np.savez(facts["test_x"], x=exported.samples.test_x[:20])
    return Subject(**{**facts, **changes})


@pytest.mark.parametrize("target", ["cpu", "gpu", "edge"])
def test_every_file_passes_every_prover_of_its_target(exported, target):
    checks = {check.name: check for check in exported.report.artifacts[target].checks}
    for name in set(export.TARGETS[target].provers) & set(OTHERS):
        assert checks[name].status == "pass", checks[name].detail


def test_figures_are_in_the_report(exported):
    document = json.loads((exported.folder / "report.json").read_text())
    proofs = document["artifacts"]["edge"]["proofs"]
    assert set(proofs) == set(OTHERS)
    assert proofs["mediapipe"]["labels_found"] == 10
    assert proofs["tflite_micro"]["max_steps"] <= 4
    arena = proofs["tflite_micro"]["arena_bytes"]
    assert 5_000 < arena <= document["artifacts"]["edge"]["computed_arena_bytes"] < 2 * arena
    assert proofs["ethos_u"]["npu_percent"] == 100
    assert proofs["ethos_u"]["latency_ms"] > 0
    page = (exported.folder / "report.html").read_text()
    assert f"smallest arena {proofs['tflite_micro']['arena_bytes']:,} bytes" in page
    assert "estimated" in page


def test_int8_in_and_out_suits_microcontrollers_and_npus(exported, tmp_path):
    report = export.export_model(
        exported.model,
        tmp_path / "int8",
        samples=exported.samples,
        labels=tuple("0123456789"),
        targets=("edge",),
        edge_io="int8",
    )
    checks = {check.name: check.status for check in report.artifacts["edge"].checks}
    assert checks["tflite_micro"] == checks["ethos_u"] == "pass"
    assert checks["mediapipe"] == "skipped"


def test_labels_that_are_not_the_files_own_fail(exported, tmp_path):
    (proof,) = prove(subject(exported, "cpu", labels=tuple("012345678x")), tmp_path)
    assert proof.check.status == "fail"
    assert "9 of 10 labels found" in proof.check.detail


def test_a_float_file_is_not_for_an_npu(exported, tmp_path):
    """Vela takes it, places nothing, and ends well: the percentage tells."""
    integers = dataclasses.replace(export.TARGETS["edge"], provers=("ethos_u",))
    (proof,) = prove(subject(exported, "cpu", target=integers), tmp_path)
    assert proof.check.status == "fail"
    assert proof.figures["npu_percent"] == 0
    allowed = dataclasses.replace(integers, gates=export.Gates(npu_percent=0))
    (proof,) = prove(subject(exported, "cpu", target=allowed), tmp_path)
    assert proof.check.status == "pass"


def test_a_damaged_file_fails_and_harms_nobody(exported, tmp_path):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"TFL3" * 100)
    proofs = prove(subject(exported, "edge", path=broken), tmp_path)
    assert [proof.check.status for proof in proofs] == ["fail"] * 3 + ["skipped"]


def test_pictures_of_another_size_score_as_evaluated(exported):
    """MediaPipe scales a picture itself; the answers have to survive that."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import ImageClassifier, ImageClassifierOptions

    path = str(exported.folder / "cpu.tflite")
    options = ImageClassifierOptions(BaseOptions(model_asset_path=path), max_results=1)
    pictures = exported.samples.test_x[:20]
    larger = keras.ops.convert_to_numpy(keras.ops.image.resize(pictures, (40, 40)))
    with ImageClassifier.create_from_options(options) as classifier:
        results = [
            classifier.classify(mp.Image(mp.ImageFormat.SRGB, picture.round().astype(np.uint8)))
            for picture in larger
        ]
    answers = np.array(
        [int(result.classifications[0].categories[0].category_name) for result in results]
    )
    expected = LiteModel(path)(pictures)
    assert accuracy(expected, answers) >= 0.9


def test_an_arena_so_small_that_the_runtime_dies_is_only_too_small(tmp_path):
    """It was seen to abort, or to crash, halfway through its allocations."""
    features = keras.Input((3,))
    model = keras.Model(features, keras.layers.Dense(2, activation="softmax")(features))
    x = np.random.default_rng(5).normal(size=(40, 3)).astype(np.float32)
    report = export.export_model(
        model,
        tmp_path / "out",
        samples=export.Samples(x, x),
        labels=("a", "b"),
        targets=("edge",),
    )
    assert report.artifacts["edge"].proofs["tflite_micro"]["arena_bytes"] < 16_384
