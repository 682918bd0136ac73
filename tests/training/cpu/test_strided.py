import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.training.cpu.fused import fused_layers
from zoo.training.cpu.strided import skips_places


def shortcut(channels=8, filters=16, size=9, **settings):
    image = keras.Input((size, size, channels))
    settings = {"kernel_size": 1, "strides": 2, "name": "shortcut", **settings}
    return keras.Model(image, keras.layers.Conv2D(filters, **settings)(image))


@pytest.mark.parametrize(
    ("settings", "skips"),
    [
        ({}, True),
        ({"channels": 16, "filters": 24}, True),
        ({"strides": (1, 2), "use_bias": False}, True),
        ({"channels": 16, "filters": 32}, False),
        ({"strides": 1}, False),
        ({"kernel_size": 3}, False),
        ({"channels": 8, "groups": 2}, False),
    ],
)
def test_narrow_convolutions_of_one_place_skip_the_others(settings, skips):
    assert skips_places(shortcut(**settings).get_layer("shortcut")) == skips


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [8, 9])
def test_outputs_and_gradients_are_those_of_the_convolution(size, padding):
    model = shortcut(size=size, padding=padding, activation="relu", bias_initializer="normal")
    x = tf.random.normal((3, size, size, 8))
    kernel, bias = model.get_layer("shortcut").get_weights()
    with fused_layers(model), tf.GradientTape() as tape:
        tape.watch(x)
        outputs = model(x)
        total = tf.reduce_sum(outputs**2)
    of_x, of_kernel, of_bias = tape.gradient(total, [x, *model.trainable_variables])
    seen = x.numpy()[:, ::2, ::2]
    expected = np.maximum(seen @ kernel[0, 0] + bias, 0)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_allclose(of_bias, 2 * expected.sum((0, 1, 2)), rtol=1e-4)
    wanted = np.einsum("bhwi,bhwo->io", seen, 2 * expected)
    np.testing.assert_allclose(np.asarray(of_kernel)[0, 0], wanted, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(of_x[:, ::2, ::2], 2 * expected @ kernel[0, 0].T, atol=1e-4)
    assert not of_x.numpy()[:, 1::2].any()
