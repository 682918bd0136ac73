"""Right streams pass: every kind of network over time, with a front and without, at any hop."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 (a table reads better so)

import export

STEPS, FEATURES, CLASSES = 24, 4, 3


def waves(shape, seed):
    """Sounds of three pitches, at any phase, with noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, 300)
    time = np.arange(STEPS * FEATURES)
    phase = rng.uniform(0, 2 * np.pi, (300, 1))
    x = np.sin(2 * np.pi * time * np.array([0.03, 0.08, 0.17])[y][:, None] + phase)
    x += rng.normal(scale=0.1, size=x.shape)
    return x.reshape(300, *shape).astype(np.float32), y


def lstm():
    inputs = keras.Input((STEPS, FEATURES))
    x = L.LSTM(12, return_sequences=True, name="first")(inputs)
    return inputs, L.LSTM(12, name="second")(x), ()


def encoder():
    inputs = keras.Input((STEPS, FEATURES))
    x = L.Dense(12)(inputs)
    x = L.Add()([x, L.MultiHeadAttention(2, 6)(x, x)])
    x = L.LayerNormalization()(L.Add()([x, L.Dense(12, "relu")(x)]))
    return inputs, L.GlobalAveragePooling1D()(x), ()


def resnet_of_a_spectrogram():
    inputs = keras.Input((STEPS * FEATURES,))
    x = L.Reshape((STEPS, FEATURES), name="frames")(inputs)
    x = L.Dense(8, "relu", name="bands")(x)
    x = L.Conv2D(8, 3, padding="same", activation="relu")(L.Reshape((STEPS, 8, 1))(x))
    x = L.Add()([x, L.Conv2D(8, 3, padding="same")(x)])
    return inputs, L.GlobalAveragePooling2D()(x), ("frames", "bands")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "hop"),
    [
        (lstm, 1),
        (encoder, STEPS // 2),
        (encoder, STEPS),
        (resnet_of_a_spectrogram, 36),  # Of 96 samples, and in the middle of a frame.
    ],
)
def test_a_right_stream_passes(build, hop, tmp_path):
    keras.utils.set_random_seed(2)
    inputs, features, front = build()
    model = keras.Model(inputs, L.Dense(CLASSES)(features))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    (x, y), (test_x, test_y) = waves(inputs.shape[1:], 0), waves(inputs.shape[1:], 1)
    model.fit(x, y, epochs=20, verbose=0)
    report = export.export_model(
        model,
        tmp_path / "out",
        samples=export.Samples(x[:200], test_x, test_y),
        labels=("low", "middle", "high"),
        targets=("cpu", "edge"),
        front=front,
        provers=(),
        streaming=export.Slide(hop),
    )
    assert report.verdict == "pass"
    window = inputs.shape[1]
    for target in ("cpu", "edge"):
        artifact = report.artifacts[target]
        assert artifact.input.shape[1] == hop
        checks = {check.name: check for check in artifact.checks}
        if hop == window:
            assert artifact.stream is None
            assert isinstance(
                export.load_lite(tmp_path / "out" / f"{target}.tflite"), export.LiteModel
            )
            continue
        assert checks["stream_window"].status == "pass"
        assert artifact.stream.answers > 100
        (state,) = artifact.states
        # Before a float front, the window is remembered as it came, in integer files too.
        assert state.dtype == ("float32" if front or target == "cpu" else "int8")
        assert artifact.next_states == artifact.states
