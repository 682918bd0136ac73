import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.models import build
from zoo.training.report.heat import heat_maps


def test_the_heat_is_that_of_grad_cam():
    keras.utils.set_random_seed(0)
    network = build("resnet8", depths=[1], widths=[8], num_classes=3, input_shape=(32, 48, 3))
    x = np.random.default_rng(0).integers(0, 256, (4, 32, 48, 3)).astype(np.float32)
    classes = np.array([2, 0, 1, 1])
    heat = heat_maps(network, x, classes)
    assert heat.shape == (4, 32, 48)
    assert heat.min() >= 0
    assert heat.max(axis=(1, 2)) == pytest.approx(1)

    fields = network.get_layer("head_pool").input
    both = keras.Model(network.input, [fields, network.output])
    with tf.GradientTape() as tape:
        features, logits = both(x, training=False)
        chosen = tf.gather(logits, classes, batch_dims=1)
    gradients = tape.gradient(chosen, features)
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    expected = np.maximum((weights * features).numpy().sum(axis=-1), 0)
    expected /= expected.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(heat, expected, atol=1e-4)


def test_a_network_that_ends_in_another_way_has_none():
    image = keras.Input((32, 32, 3))
    patches = keras.layers.Reshape((-1, 3))(image)
    pooled = keras.layers.GlobalAveragePooling1D()(patches)
    network = keras.Model(image, keras.layers.Dense(3, name="logits")(pooled))
    assert heat_maps(network, np.zeros((1, 32, 32, 3), np.uint8), np.array([0])) is None
