"""A model with a front is exported: float32 goes in, and behind the front all is integers."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 (a table reads better so)
from keras import ops

import export
from export.tflite.flatbuffer import read_graph

SAMPLES, WINDOW, HOP, TONES = 512, 64, 32, 8
COLUMNS = 4


class Bins(L.Layer):
    """Writes each number of a row as shares of bins of its column."""

    def call(self, rows):
        edges = np.linspace(-2, 1, 4, dtype=np.float32) * np.array(
            [[1e3], [1.0], [1.0], [1e-3]], np.float32
        )
        widths = 1 / (edges[:, 1:2] - edges[:, :1])
        shares = ops.minimum(ops.relu((ops.expand_dims(rows, -1) - edges) * widths), 1.0)
        return ops.reshape(shares, (-1, COLUMNS * 4))


class Spectrogram(L.Layer):
    """Turns a waveform into the logarithm of its power at eight pitches."""

    def call(self, waves):
        time = np.arange(WINDOW)[:, None] / WINDOW
        angle = 2 * np.pi * time * np.arange(2, 2 + 2 * TONES, 2)
        basis = np.hanning(WINDOW)[:, None] * np.concatenate([np.cos(angle), np.sin(angle)], 1)
        parts = ops.conv(ops.expand_dims(waves, -1), basis[:, None].astype(np.float32), strides=HOP)
        sums = np.tile(np.eye(TONES, dtype=np.float32), (2, 1))
        return ops.log(ops.maximum(ops.matmul(ops.square(parts), sums), 1e-5))


def rows(count):
    rng = np.random.default_rng(0)
    y = np.arange(count) % 3
    centres = np.array([[-900, 0.5, 0, 1e-3], [0, -1, 0, 0], [900, 0.5, 0, -1e-3]])
    spread = np.array([300, 0.5, 1, 5e-4])
    return (centres[y] + spread * rng.normal(size=(count, COLUMNS))).astype(np.float32), y


def sounds(count):
    """Makes tones of three pitches, whose loudness spans 50 decibels."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % 3
    pitch = np.array([4, 8, 12])[y, None] / WINDOW
    loud = 10 ** rng.uniform(-2.5, 0, (count, 1))
    waves = loud * np.sin(2 * np.pi * pitch * np.arange(SAMPLES) + rng.uniform(0, 6, (count, 1)))
    return (waves + 1e-3 * rng.normal(size=waves.shape)).astype(np.float32), y


def mlp(x):
    return L.Dense(12, activation="relu")(x)


def cnn(x):
    x = L.Conv2D(8, 3, activation="relu")(L.Reshape((*x.shape[1:], 1))(x))
    return L.GlobalAveragePooling2D()(L.Conv2D(8, 3, strides=2, activation="relu")(x))


def lstm(x):
    return L.LSTM(8)(x)


def encoder(x):
    x = L.Dense(8)(x)
    x = L.LayerNormalization()(L.Add()([x, L.MultiHeadAttention(2, 4)(x, x)]))
    return L.GlobalAveragePooling1D()(x)


def trained(front, body, data):
    keras.utils.set_random_seed(0)
    x, y = data(300)
    raw = keras.Input(x.shape[1:])
    features = front(name="front_2")(raw)
    norm = L.Normalization(axis=None)
    norm.adapt(keras.Model(raw, features)(x))
    model = keras.Model(raw, L.Dense(3, name="logits")(body(norm(features))), name="listener")
    model.compile(
        keras.optimizers.Adam(2e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(x, y, epochs=6, verbose=0)
    return model, export.Samples(x[:150], x[150:], y[150:])


def exported(folder, model, samples, **options):
    chosen = {"front": ("front_2",), "provers": (), **options}
    return export.export_model(model, folder, samples=samples, labels=("a", "b", "c"), **chosen)


def check(folder, report, precision="int8"):
    assert report.verdict == "pass"
    edge = report.artifacts["edge"]
    output = {"int8": "int8", "16x8": "int16"}[precision]
    assert (edge.input.dtype, edge.output.dtype) == ("float32", output)
    assert edge.arithmetic == f"float32 → {precision} behind 'front_2'"
    kept = json.loads((folder / "report.json").read_text())["artifacts"]["edge"]["front"]
    assert kept == {"layers": ["front_2"], "precision": "float32"}
    assert f"float32 → {precision} behind 'front_2'" in (folder / "INTEGRATION.md").read_text()
    assert "behind &#x27;front_2&#x27;" in (folder / "report.html").read_text()
    answer = export.load_lite(folder / "edge.tflite")(np.zeros(edge.input.shape, np.float32))
    assert abs(answer.sum() - 1) < 0.02


def test_rows_go_in_as_they_are_and_constants_stay_float32(tmp_path, in_process):
    report = exported(tmp_path / "out", *trained(Bins, mlp, rows), targets=("gpu", "edge"))
    check(tmp_path / "out", report)
    # In float16 the table's constants would move rows to other bins.
    graph = read_graph(tmp_path / "out" / "gpu.tflite")
    widened = [node.layer for node in graph.nodes if node.operator == "DEQUANTIZE"]
    assert widened
    assert not any(layer.startswith("front") for layer in widened)
    assert report.artifacts["gpu"].arithmetic == "float32 → float16 behind 'front_2'"


@pytest.mark.slow
@pytest.mark.parametrize("body", [cnn, lstm, encoder])
def test_a_spectrogram_stays_float_before_every_kind_of_body(body, tmp_path):
    model, samples = trained(Spectrogram, body, sounds)
    reports = [exported(tmp_path / name, model, samples) for name in "ab"]
    check(tmp_path / "a", reports[0], "16x8" if body is lstm else "int8")
    for target in ("cpu", "gpu", "edge"):
        first, again = (report.artifacts[target].sha256 for report in reports)
        assert first == again


@pytest.mark.slow
@pytest.mark.parametrize("body", [cnn, lstm, encoder])
def test_behind_a_spectrogram_integers_may_have_16_bits(body, tmp_path):
    model, samples = trained(Spectrogram, body, sounds)
    report = exported(tmp_path / "out", model, samples, targets=("edge",), edge_precision="16x8")
    edge = report.artifacts["edge"]
    assert (edge.input.dtype, edge.output.dtype) == ("float32", "int16")
    assert edge.arithmetic == "float32 → 16x8 behind 'front_2'"
    assert edge.parity.sqnr_db > 40


@pytest.mark.slow
def test_a_spectrogram_in_integers_would_not_pass(tmp_path):
    model, samples = trained(Spectrogram, cnn, sounds)
    with pytest.raises(export.GateFailure) as failure:
        exported(tmp_path / "out", model, samples, front=(), targets=("edge",), rescue="16x8")
    assert "sqnr_db" in {check.name for _, check in failure.value.report.failures()}


def test_what_cannot_mend_a_file_behind_a_front_is_said(tmp_path, in_process):
    with pytest.raises(export.GateFailure) as failure:
        exported(
            *(tmp_path / "out", *trained(Bins, mlp, rows)), targets=("edge",), rescue="mixed",
            gates={"edge.sqnr_db": 150},
        )  # fmt: skip
    edge = failure.value.report.artifacts["edge"]
    assert edge.verdict == "fail"
    notes = [check.detail for check in edge.checks if check.name == "precision"]
    why = "is not possible: layers in front are float32"
    assert notes == [f"compensated rounding {why}", f"mixed {why}"]
