"""What int8 makes of numbers, and the gradients that pass through."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.quantization.rounding import Rounding, rounded, to_steps, weight_step


@pytest.mark.parametrize(
    ("low", "high", "value", "expected"),
    [
        (0.0, 255.0, 17.4, 17.0),
        (0.0, 255.0, 300.0, 255.0),  # Clipped.
        (0.0, 25.5, 0.26, 0.3),  # A step of 0.1.
        (-12.8, 12.7, -20.0, -12.8),
        (-12.8, 12.7, 0.04, 0.0),
        (-1.0, 1.0, 0.0, 0.0),  # Zero is a step, though the middle of the range is none.
        (-0.3, 25.2, 25.3, 25.2),
    ],
)
def test_values_become_steps(low, high, value, expected):
    assert float(rounded(tf.constant(value), low, high)) == pytest.approx(expected, abs=1e-5)


def test_zero_is_exact_in_every_range():
    random = np.random.default_rng(0)
    for _ in range(200):
        low, high = -random.exponential(3), random.exponential(3)
        assert float(rounded(tf.constant(0.0), low, high)) == 0


def test_there_are_256_values():
    values = np.asarray(rounded(np.linspace(-3, 5, 10_000, dtype="float32"), -2.0, 4.0))
    assert len(np.unique(values)) == 256


def test_what_is_clipped_has_no_gradient():
    x = tf.Variable([0.26, 3.0, -0.1])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(2 * rounded(x, 0.0, 2.55))
    assert tape.gradient(total, x).numpy().tolist() == [2.0, 0.0, 0.0]


def test_a_range_follows_the_batches_of_a_training():
    layer, fixed = Rounding(0.0, 2.0), Rounding(0.0, 2.0, fixed=True)
    batch = np.array([-1.0, 4.0], "float32")
    for one in (layer, fixed):
        one(batch, training=False)
        assert one.range == (0.0, 2.0)
        _, step = one(batch, training=True)
    assert fixed.range == (0.0, 2.0)
    assert float(step) == pytest.approx(2.0 / 255)
    assert not layer.trainable_variables
    # It widens at once, and narrows slowly.
    assert layer.range == pytest.approx((-1.0, 4.0))
    layer(np.array([0.0, 2.0], "float32"), training=True)
    assert layer.range == pytest.approx((-0.99, 3.98))
    # The least of positive results counts as zero.
    positive = Rounding(0.4, 2.0)
    positive(np.array([1.0], "float32"), training=True)
    assert positive.range[0] == 0.0


def test_each_channel_of_weights_has_its_own_step():
    weights = np.array([[1.27, 100.0], [-0.5, 12.7]], "float32")
    step = weight_step(weights, (0,))
    assert np.asarray(step).ravel() == pytest.approx([0.01, 100 / 127])
    values = np.asarray(to_steps(weights, step))
    assert values[:, 0] == pytest.approx([1.27, -0.5])
    assert values[1, 1] == pytest.approx(16 * 100 / 127)


def test_a_channel_of_zeros_stays_zero():
    weights = np.zeros((3, 2), "float32")
    assert not np.asarray(to_steps(weights, weight_step(weights, (0,)))).any()


def test_the_gradient_of_weights_passes():
    weights = tf.Variable([[0.3, -0.8]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(3 * to_steps(weights, weight_step(weights, (0,))))
    assert tape.gradient(total, weights).numpy().tolist() == [[3.0, 3.0]]


def test_a_layer_is_what_it_was_after_saving():
    layer = Rounding(-1.5, 3.0, name="here_range")
    assert layer(np.zeros(1, "float32")) is not None
    again = Rounding.from_config(layer.get_config())
    values = np.linspace(-2, 4, 50, dtype="float32")
    assert np.array_equal(*(np.asarray(one(values)[0]) for one in (layer, again)))
    assert keras.saving.get_registered_name(Rounding) == "zoo>Rounding"
