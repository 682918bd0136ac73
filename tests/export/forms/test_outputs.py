"""Logits, probabilities or values: a model's outputs decide; if they do not, it is refused."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from export.errors import ExportError
from export.forms.outputs import are_shares, decide

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
L = keras.losses


def net(classes=3, last=None, seed=0):
    inputs = keras.Input((3,))
    kernel = keras.initializers.RandomNormal(stddev=2, seed=seed)
    outputs = layers.Dense(classes, activation=last, kernel_initializer=kernel)(inputs)
    return keras.Model(inputs, outputs)


def after(model, *more):
    tensor = model.outputs[0]
    for layer in more:
        tensor = layer(tensor)
    return keras.Model(model.inputs, tensor)


def average(last, classes=3):
    inputs = keras.Input((3,))
    members = [net(classes, last, seed)(inputs) for seed in (0, 1)]
    return keras.Model(inputs, layers.Average()(members))


def complement():
    inputs = keras.Input((3,))
    p = net(1, "sigmoid")(inputs)
    return keras.Model(inputs, layers.Concatenate()([p, 1 - p]))


def pooled():
    inputs = keras.Input((3,))
    maps = layers.Softmax()(layers.Dense(12)(inputs)[:, None, :] + np.ones((1, 4, 1)))
    return keras.Model(inputs, layers.GlobalAveragePooling1D()(maps))


def compiled(model, loss):
    model.compile(loss=loss)
    return model


def decided(model, asked="auto", classified=False):
    return decide(model, asked, model.predict_on_batch(X), classified=classified)[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: net(3, "softmax"),
        lambda: average("softmax"),
        lambda: after(net(3, "softmax"), layers.Reshape((3, 1)), layers.Flatten()),
        lambda: after(net(3, "softmax"), layers.Activation("linear")),
        lambda: after(net(3, "softmax"), layers.Dropout(0.5), layers.Rescaling(1.0)),
        lambda: after(net(), layers.Softmax()),
        lambda: keras.Sequential([keras.Input((3,)), net(3, "softmax")]),
        complement,
        pooled,
    ],
)
@pytest.mark.parametrize("classified", [True, False])
def test_rows_that_sum_to_1_are_probabilities_whatever_comes_last(make, classified):
    assert decided(make(), classified=classified) == "probabilities"


@pytest.mark.parametrize(
    "loss", ["mse", "categorical_crossentropy", L.CategoricalCrossentropy(from_logits=True)]
)
def test_not_even_the_loss_turns_probabilities_into_something_else(loss):
    assert decided(compiled(average("softmax"), loss)) == "probabilities"


class Own(L.MeanSquaredError):
    """Somebody's own kind of squared error."""


@pytest.mark.parametrize(
    ("model", "loss", "expected"),
    [
        (lambda: net(2), "mse", "values"),
        (lambda: net(3), L.Huber(), "values"),
        (lambda: net(3), "log_cosh", "values"),
        (lambda: net(3), "MeanAbsoluteError", "values"),
        (lambda: net(3), [L.mean_absolute_error], "values"),
        (lambda: net(3), Own(), "values"),
        (lambda: net(2, "sigmoid"), "mae", "values"),
        (lambda: net(1), "mse", "values"),
        (lambda: net(1), None, "values"),
        (lambda: net(3), L.SparseCategoricalCrossentropy(from_logits=True), "logits"),
        (lambda: net(3), [L.CategoricalCrossentropy(from_logits=True)], "logits"),
        (lambda: net(1, "sigmoid"), None, "probabilities"),
        (lambda: net(4, "sigmoid"), None, "probabilities"),
        (lambda: average("sigmoid", 4), "binary_crossentropy", "probabilities"),
        (lambda: average("sigmoid", 1), L.BinaryCrossentropy(), "probabilities"),
    ],
)
def test_then_the_last_activation_and_the_loss_tell(model, loss, expected):
    assert decided(compiled(model(), loss)) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [(lambda: net(3), "logits"), (lambda: average("sigmoid", 1), "probabilities")],
)
def test_then_the_classes_of_the_samples_tell(model, expected):
    assert decided(model(), classified=True) == expected


@pytest.mark.parametrize(
    ("model", "loss", "classified", "message"),
    [
        (lambda: net(3), None, False, "nothing tells what they are; pass outputs='logits'"),
        (lambda: net(3), lambda y, p: p, False, "nothing tells what they are"),
        (lambda: average("sigmoid", 3), None, True, "nothing tells what they are"),
        (lambda: net(3), "categorical_crossentropy", True, "takes probabilities, but gives -"),
        (
            lambda: net(3),
            L.BinaryCrossentropy(from_logits=True),
            True,
            "end the model in a sigmoid",
        ),
        (
            lambda: net(1),
            L.BinaryCrossentropy(from_logits=True),
            True,
            "end the model in a sigmoid",
        ),
        (lambda: net(1, "softmax"), None, True, "a softmax over one output is always 1"),
    ],
)
def test_what_cannot_be_decided_is_asked_for(model, loss, classified, message):
    with pytest.raises(ExportError, match=message) as error:
        decided(compiled(model(), loss), classified=classified)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("model", "asked", "message"),
    [
        (lambda: average("softmax"), "logits", "would append a second softmax"),
        (complement, "logits", "would append a second softmax"),
        (lambda: net(4, "sigmoid"), "independent_logits", "would append a sigmoid"),
        (lambda: net(1), "logits", "a softmax over one output"),
        (lambda: net(3), "probabilities", r"the model gives -\d.* to \d.*; pass outputs='logits'"),
        (lambda: net(1), "probabilities", "pass outputs='logits'"),
        (lambda: net(3), "scores", "unknown kind of outputs 'scores'; known: auto"),
    ],
)
def test_what_is_asked_for_has_to_fit(model, asked, message):
    with pytest.raises(ExportError, match=message):
        decided(model(), asked)


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        (lambda: net(3), "logits"),
        (lambda: net(3), "independent_logits"),
        (lambda: net(4, "sigmoid"), "probabilities"),
        (lambda: average("softmax"), "values"),
        (lambda: net(3), "values"),
    ],
)
def test_what_is_asked_for_is_taken(model, asked):
    assert decided(model(), asked) == asked


def test_shares_are_two_or_more():
    assert are_shares(np.array([[0.25, 0.75], [1.0, 0.0]]))
    assert not are_shares(np.ones((3, 1)))
    assert not are_shares(np.array([[0.25, 0.75], [0.5, 0.6]]))
    assert not are_shares(np.array([[-0.25, 1.25]]))
