"""MediaPipe's AudioClassifier on files of sounds: `make test-provers`."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

import export
from export.checks.prove import prove
from export.checks.provers.prover import Subject
from export.tflite import metadata
from export.tflite.runtime import LiteModel

pytestmark = pytest.mark.provers
RATE, SIZE = 2000, 400


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Exported files of a model that tells the energies of sounds in three bands."""
    waveform = keras.Input((SIZE,))
    time = np.arange(40) / RATE
    waves = np.stack([np.cos(2 * np.pi * hertz * time) for hertz in (100, 300, 700)], axis=1)
    layer = keras.layers.Conv1D(3, 40, strides=20, activation="relu")
    x = layer(keras.layers.Reshape((SIZE, 1))(waveform))
    layer.set_weights([waves[:, None] / 2, np.zeros(3)])
    scores = keras.layers.Softmax()(keras.layers.GlobalAveragePooling1D()(x))
    random = np.random.default_rng(0)
    hertz = random.choice([100, 300, 700], 40)
    tones = np.sin(2 * np.pi * hertz[:, None] * np.arange(SIZE) / RATE)
    given = (tones + random.normal(scale=0.05, size=tones.shape)).astype(np.float32)
    given /= np.abs(given).max()
    folder = tmp_path_factory.mktemp("sounds")
    report = export.export_model(
        keras.Model(waveform, scores),
        folder / "out",
        samples=export.Samples(given, given),
        labels=("deep", "middle", "high"),
        targets=("cpu", "gpu"),
        about=export.About(rate=RATE),
    )
    np.savez(folder / "test_x.npz", x=given)
    return folder, report, given


def tried(sounds, path, tmp_path, labels=("deep", "middle", "high")):
    folder, report, _ = sounds
    cpu = report.artifacts["cpu"]
    target = dataclasses.replace(export.TARGETS["cpu"], provers=("mediapipe",))
    subject = Subject(
        *(path, target, cpu.input, cpu.output, "features", False, labels, folder / "test_x.npz"),
        sound=True,
    )
    (proof,) = prove(subject, tmp_path)
    return proof.check


def test_it_gives_the_same_scores_and_the_labels(sounds):
    for name in ("cpu", "gpu"):
        checks = {check.name: check for check in sounds[1].artifacts[name].checks}
        assert checks["mediapipe"].status == "pass", checks["mediapipe"].detail
        assert checks["sound_inside"].status == "pass"
    proof = sounds[1].artifacts["cpu"].proofs["mediapipe"]
    assert proof["max_score_error"] < 1e-4
    assert (proof["samples"], proof["labels_found"]) == (5, 3)


def with_other(change):
    def write(source, path):
        facts, files = metadata.read(source)
        (graph,) = facts["subgraph_metadata"]
        change(graph, files)
        model = _without_metadata(source)
        path.write_bytes(model)
        metadata.attach(path, facts, files)

    return write


def _without_metadata(source):
    from ai_edge_litert import schema_py_generated as schema

    from export.tflite.sharing import packed

    model = schema.ModelT.InitFromPackedBuf(source.read_bytes(), 0)
    model.metadata = [entry for entry in model.metadata if entry.name != metadata.ENTRY]
    return packed(model)


def _sound(graph):
    return graph["input_tensor_metadata"][0]["content"]["content_properties"]["AudioProperties"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda graph, files: _sound(graph).update(channels=2), ""),
        (lambda graph, files: graph["input_tensor_metadata"][0].pop("content"), "which sounds"),
        (lambda graph, files: graph["output_tensor_metadata"][0].pop("associated_files"), "0 of 3"),
        (lambda graph, files: files.update({"labels.txt": "deep\nhigh\nmiddle\n"}), "1 of 3"),
    ],
)
def test_wrong_metadata_is_refused(sounds, tmp_path, change, says):
    path = tmp_path / "wrong.tflite"
    with_other(change)(sounds[0] / "out/cpu.tflite", path)
    check = tried(sounds, path, tmp_path)
    assert check.status == "fail"
    assert says in check.detail


def test_a_file_of_its_own_metadata_passes(sounds, tmp_path):
    path = tmp_path / "right.tflite"
    with_other(lambda graph, files: None)(sounds[0] / "out/cpu.tflite", path)
    assert tried(sounds, path, tmp_path).status == "pass"


def test_a_long_sound_gets_an_answer_for_each_window(sounds):
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.audio import AudioClassifier, AudioClassifierOptions
    from mediapipe.tasks.python.components.containers import AudioData

    folder, _, x = sounds
    path = folder / "out/cpu.tflite"
    expected = LiteModel(path)(x[:2])
    options = AudioClassifierOptions(BaseOptions(model_asset_path=str(path)), max_results=-1)
    with AudioClassifier.create_from_options(options) as classifier:
        answers = classifier.classify(AudioData.create_from_array(np.concatenate(x[:2]), RATE))
    assert [answer.timestamp_ms for answer in answers] == [0, 200]
    for answer, row in zip(answers, expected, strict=True):
        scores = {c.index: c.score for c in answer.classifications[0].categories}
        assert scores == pytest.approx(dict(enumerate(row.tolist())), abs=1e-4)
