"""MediaPipe's ImageEmbedder on files that give features: `make test-provers`."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

import export
from export.checks.prove import prove
from export.checks.provers.prover import Subject
from export.tflite import metadata

pytestmark = pytest.mark.provers


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    """Exported files of a small network that gives 12 features of a picture."""
    keras.utils.set_random_seed(0)
    image = keras.Input((24, 24, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1)(image)
    x = keras.layers.Conv2D(12, 5, strides=2, activation="relu")(x)
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (60, 6, 6, 3))
    x = coarse.repeat(4, axis=1).repeat(4, axis=2).astype(np.float32)
    folder = tmp_path_factory.mktemp("embedder")
    report = export.export_model(
        model, folder / "out", samples=export.Samples(x, x), outputs="embedding"
    )
    np.savez(folder / "test_x.npz", x=x)
    return folder, report


def tried(embedder, path, name, tmp_path):
    folder, report = embedder
    artifact = report.artifacts[name]
    target = dataclasses.replace(export.TARGETS[name], provers=("mediapipe",))
    subject = Subject(
        *(path, target, artifact.input, artifact.output, "image", True, ()),
        test_x=folder / "test_x.npz",
    )
    (proof,) = prove(subject, tmp_path)
    return proof.check


def test_it_gives_the_same_features(embedder):
    for name in ("cpu", "gpu", "edge"):
        checks = {check.name: check for check in embedder[1].artifacts[name].checks}
        assert checks["mediapipe"].status == "pass", (name, checks["mediapipe"].detail)
    for name in ("cpu", "gpu"):
        proof = embedder[1].artifacts[name].proofs["mediapipe"]
        assert proof["max_feature_error"] < 1e-4
        assert proof["samples"] == 4


def test_a_file_that_says_other_pixels_is_refused(embedder, tmp_path):
    """MediaPipe then gives the network other numbers."""
    from ai_edge_litert import schema_py_generated as schema

    from export.tflite.sharing import packed

    source, path = embedder[0] / "out/cpu.tflite", tmp_path / "wrong.tflite"
    facts, files = metadata.read(source)
    for mean, verdict in (0.0, "pass"), (100.0, "fail"):
        (given,) = facts["subgraph_metadata"][0]["input_tensor_metadata"]
        given["process_units"] = [
            {"options": {"NormalizationOptions": {"mean": [mean], "std": [1.0]}}}
        ]
        model = schema.ModelT.InitFromPackedBuf(source.read_bytes(), 0)
        model.metadata = [entry for entry in model.metadata if entry.name != metadata.ENTRY]
        path.write_bytes(packed(model))
        metadata.attach(path, facts, files)
        assert tried(embedder, path, "cpu", tmp_path).status == verdict
