"""Models whose answers depend on more than the input are refused, and the layer is named."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from export.errors import ExportError
from export.forms.answers import answers

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


@keras.saving.register_keras_serializable("tests")
class Counting(layers.Layer):
    """Adds how often it was called: a state that a file does not have."""

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, inputs):
        self.calls.assign_add(1.0)
        return inputs + self.calls


class Drawing(layers.Layer):
    """Draws random numbers without a state that could be looked at."""

    def call(self, inputs):
        import tensorflow as tf

        return inputs + tf.random.normal(ops.shape(inputs))


def always(kind, *args, **options):
    """A layer that works as in training whatever it is told."""

    class Always(kind):
        def call(self, inputs, training=None):
            return super().call(inputs, training=True)

    return Always(*args, **options)


def net(*middle):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    x = layers.Dense(5)(inputs)
    for layer in middle:
        x = layer(x)
    return keras.Model(inputs, layers.Dense(3)(x), name="net")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            lambda: net(always(layers.Dropout, 0.5, name="drop")),
            "asked again: layer 'drop' ",
        ),
        (
            lambda: net(always(layers.GaussianNoise, 0.1, name="noise")),
            "layer 'noise' draws",
        ),
        (lambda: net(Counting(name="count")), "asked again: layer 'count' draws"),
        (lambda: net(Drawing()), "asked again: one of its layers draws"),
        (
            lambda: net(always(layers.BatchNormalization, name="norm")),
            "alone than among others: layer 'norm' looks at the whole batch",
        ),
        (
            lambda: net(layers.Lambda(lambda x: x - ops.mean(x, axis=0), name="centre")),
            "alone than among others: one of its layers",
        ),
        (lambda: net(layers.Lambda(lambda x: ops.log(x))), r"NaN or infinity for \d+ of 40"),
        (lambda: net(layers.Lambda(lambda x: 0 * x)), "the same answer to all 40 test samples"),
        (
            lambda: net(layers.Lambda(lambda x: x.numpy(), output_shape=(5,))),
            "does not run as a TensorFlow graph",
        ),
    ],
)
def test_answers_that_depend_on_more_than_the_input_are_refused(model, message):
    with pytest.raises(ExportError, match=message) as error:
        answers(model(), X)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "model",
    [
        lambda: net(),
        lambda: net(layers.Dropout(0.5), layers.GaussianNoise(0.1), layers.BatchNormalization()),
        lambda: net(layers.Lambda(lambda x: 1e5 + x)),
        lambda: net(layers.Lambda(lambda x: 1e-9 * x)),
    ],
)
def test_answers_are_those_of_the_model_as_given(model):
    model = model()
    assert np.allclose(answers(model, X), model.predict(X, verbose=0), rtol=1e-5, atol=0)


def test_running_a_model_changes_nothing_in_it():
    model = net(always(layers.BatchNormalization))
    before = model.get_weights()
    with pytest.raises(ExportError):
        answers(model, X)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_few_equal_answers_may_be_chance(count):
    assert len(answers(net(layers.Lambda(lambda x: 0 * x)), X[:count])) == count
