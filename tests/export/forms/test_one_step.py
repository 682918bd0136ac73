"""A recurrent model taken apart into single steps is the same function."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from export.errors import ExportError
from export.forms.one_step import one_step, step_samples

STEPS, FEATURES = 9, 4


def network(*stack, head=3):
    inputs = keras.Input((STEPS, FEATURES))
    x = inputs
    for layer in stack:
        x = layer(x)
    model = keras.Model(inputs, layers.Dense(head)(x), name="net")
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=weight.shape) * 0.5 for weight in model.get_weights()])
    return model


def sequences(count=6):
    return np.random.default_rng(2).normal(size=(count, STEPS, FEATURES)).astype(np.float32)


def fed(model, x):
    step = one_step(model)
    states = {name: tf.zeros((len(x), *shape)) for name, shape in step.states.items()}
    for time in range(x.shape[1]):
        output, states = step(tf.constant(x[:, time : time + 1]), states)
    return output.numpy()


@pytest.mark.parametrize(
    ("make", "states"),
    [
        (lambda: network(layers.LSTM(5, name="a")), {"a_h": (5,), "a_c": (5,)}),
        (lambda: network(layers.GRU(5, name="a")), {"a_state1": (5,)}),
        (
            lambda: network(
                layers.LSTM(5, return_sequences=True, name="a"),
                layers.LayerNormalization(),
                layers.SimpleRNN(4, name="b"),
            ),
            {"a_h": (5,), "a_c": (5,), "b_state1": (4,)},
        ),
        (
            lambda: network(
                layers.LSTM(5, return_sequences=True, dropout=0.2, name="a"),
                layers.GlobalAveragePooling1D(name="mean"),
            ),
            {"a_h": (5,), "a_c": (5,), "mean_sum": (5,), "mean_count": (1,)},
        ),
    ],
    ids=["lstm", "gru", "stack", "mean"],
)
def test_fed_step_by_step_it_gives_what_the_whole_gives(make, states):
    model, x = make(), sequences()
    assert one_step(model).states == states
    assert np.allclose(fed(model, x), model(x).numpy(), atol=1e-5)


def test_every_step_counts_whatever_the_mask_says():
    model = network(layers.Masking(), layers.LSTM(5))
    x = sequences()
    x[:, 4:] = 0
    assert np.allclose(fed(model, x[:, :4]), model(x).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: network(layers.Bidirectional(layers.LSTM(4), name="both")), "'both' reads"),
        (lambda: network(layers.LSTM(4, go_backwards=True, name="back")), "'back' reads"),
        (lambda: network(layers.Flatten()), "cannot take one step at a time"),
        (lambda: network(layers.Dense(4), layers.GlobalMaxPooling1D()), "remembers nothing"),
    ],
    ids=["bidirectional", "backwards", "flatten", "no memory"],
)
def test_what_needs_the_whole_sequence_is_refused(make, says):
    with pytest.raises(ExportError, match=says):
        one_step(make())


def test_calibration_follows_the_true_steps():
    step, x = one_step(network(layers.LSTM(5, name="a"))), sequences()
    lengths = np.array([9, 1, 2, 3, 4, 5])
    seen = step_samples(step, x, lengths, "sequence")
    assert seen.keys() == {"sequence", "a_h", "a_c"}
    assert {len(values) for values in seen.values()} == {lengths.sum()}
    assert seen["sequence"].shape[1:] == (1, FEATURES)
    first = (seen["a_h"] == 0).all(axis=1)
    assert first.sum() == len(x)
    assert np.abs(seen["a_h"][~first]).max() > 0.01
