"""The log-mel front end beside TensorFlow's own Fourier transform."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import ShapeError
from zoo.forms import Sound
from zoo.frontends import frontend_of
from zoo.frontends.log_mel import FULL, mel_bands

SHORT = Sound((4000,), (), (), 8000, 256, 128, 40, 20.0, 4000.0, 1e-3)


def reference(x, form):
    window = tf.signal.hann_window(form.frame)
    spectrum = tf.signal.stft(x, form.frame, form.hop, fft_length=form.frame)
    power = tf.abs(spectrum * tf.cast(2 * FULL / tf.reduce_sum(window), tf.complex64)) ** 2
    bands = mel_bands(form.frame // 2 + 1, form.rate, form.mels, form.lowest, form.highest)
    return tf.math.log(tf.maximum(power @ bands.astype(np.float32), form.floor)).numpy()


@pytest.mark.parametrize(
    "form",
    [
        SHORT,
        dataclasses.replace(SHORT, rate=16000, frame=512, hop=200, mels=64, highest=8000.0),
        dataclasses.replace(SHORT, shape=(3999,), frame=300, hop=300, lowest=0.0, highest=3000.0),
    ],
)
def test_as_tensorflow_calculates_it(form):
    noise = np.random.default_rng(0).normal(size=(2, *form.shape)) * [[0.3], [0.01]]
    layer = frontend_of(form)
    answer = np.asarray(layer(noise.astype(np.float32)))
    assert answer.shape == layer.compute_output_shape((2, *form.shape))
    np.testing.assert_allclose(answer, reference(noise.astype(np.float32), form), atol=1e-5)


@pytest.mark.parametrize(
    ("rate", "mels", "low", "high"), [(8000, 40, 20, 4000), (44100, 64, 0, 9e3)]
)
def test_the_bands_are_tensorflow_s(rate, mels, low, high):
    # TensorFlow calculates them in float32.
    wanted = tf.signal.linear_to_mel_weight_matrix(mels, 257, rate, low, high)
    np.testing.assert_allclose(mel_bands(257, rate, mels, low, high), wanted, atol=1e-4)


def test_silence_and_full_scale():
    layer = frontend_of(SHORT)
    time = np.arange(4000) / 8000
    loud = np.asarray(layer(np.sin(2 * np.pi * 1000 * time)[None].astype(np.float32)))
    assert 2**13 < np.exp(loud.max()) < np.finfo(np.float16).max
    silent = np.asarray(layer(np.zeros((1, 4000), np.float32)))
    np.testing.assert_allclose(silent, np.log(1e-3), rtol=1e-6)
    assert np.float16(SHORT.floor) > np.finfo(np.float16).smallest_normal


def test_it_is_all_in_its_configuration():
    layer = frontend_of(SHORT)
    copy = type(layer).from_config(layer.get_config())
    x = np.random.default_rng(0).normal(size=(1, 4000)).astype(np.float32)
    np.testing.assert_array_equal(copy(x), layer(x))
    assert not layer.weights
    assert layer.compute_dtype == "float32"
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert frontend_of(SHORT).compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy(before)


def test_too_few_samples():
    with pytest.raises(ShapeError, match="needs 256 samples or more, not 255"):
        frontend_of(SHORT).compute_output_shape((None, 255))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("frame", 5000, "frame of 5000 samples is longer"),
        ("hop", 0, "hop must be 1 or more"),
        ("lowest", 4000.0, "must rise from 0 to 4000 Hz"),
        ("highest", 4001.0, "must rise from 0 to 4000 Hz"),
        ("floor", 0.0, "floor must be positive"),
    ],
)
def test_settings_that_make_no_sense(field, value, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SHORT, **{field: value})


def test_the_layer_is_stored_with_its_settings(tmp_path):
    inputs = keras.Input(SHORT.shape)
    model = keras.Model(inputs, frontend_of(SHORT)(inputs))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    x = np.random.default_rng(0).normal(size=(2, *SHORT.shape)).astype(np.float32) / 4
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(model(x)))
