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


def test_gradients_are_those_of_learnt_steps():
    # Esser et al. 2020, equation 3, for a range from 0 to `high`: of the step (a 255th of `high`)
    # a value inside has the gradient round(v/s) - v/s, and one beyond it 255.
    x, high = tf.Variable([0.26, 3.0]), tf.Variable(2.55)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(rounded(x, 0.0, high))
    of_x, of_high = tape.gradient(total, [x, high])
    assert of_x.numpy().tolist() == [1.0, 0.0]
    assert float(of_high) == pytest.approx((26 - 26.0 + 255) / 255, abs=1e-4)


def test_the_low_end_of_positive_results_is_not_learnt():
    positive, both = Rounding(0.4, 2.0), Rounding(-0.4, 2.0)
    positive(np.ones(3, "float32"))
    both(np.ones(3, "float32"))
    assert [v.path.rpartition("/")[2] for v in positive.trainable_variables] == ["high"]
    assert len(both.trainable_variables) == 2
    assert positive.range == pytest.approx((0.0, 2.0))
    assert not Rounding(0, 255, fixed=True, name="pixels").trainable_variables


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
    again = Rounding.from_config(layer.get_config())
    values = np.linspace(-2, 4, 50, dtype="float32")
    assert np.array_equal(*(np.asarray(one(values)[0]) for one in (layer, again)))
    assert keras.saving.get_registered_name(Rounding) == "zoo>Rounding"
