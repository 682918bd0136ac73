"""The form for conversion is compared with the given model before the conversion."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from export.errors import ExportError
from export.forms import quantisable
from export.forms.form import conversion_module, prepare
from export.forms.same_function import check_same_function

X = np.random.default_rng(0).normal(size=(6, 5, 4)).astype(np.float32)


def network(*stack):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((5, 4))
    x = inputs
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, layers.Dense(3)(x), name="net")


def check(model, streaming=False, lengths=None):
    form = prepare(model, "logits", model if streaming else None)
    _, serve = conversion_module(form)
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(model(X, training=False)))
    check_same_function(form, serve, X, lengths, expected)


class Forgetful(layers.LayerNormalization):
    """Normalises nothing."""

    def call(self, inputs):
        return 2 * inputs


class Deaf(layers.LSTM):
    """Hears the first step alone."""

    def call(self, sequences, initial_state=None, mask=None, training=False):
        return super().call(sequences[:, :1], initial_state, mask, training)


class Random(layers.Layer):
    """Draws another number each time."""

    def call(self, inputs):
        return inputs + keras.random.normal(inputs.shape[1:])


class OfTheBatch(layers.Layer):
    """Looks across the batch."""

    def call(self, inputs):
        return inputs - keras.ops.mean(inputs, axis=0)


@pytest.mark.parametrize(
    ("own", "wrong", "stack", "names"),
    [
        (
            layers.LayerNormalization,
            Forgetful,
            lambda: [layers.LayerNormalization(name="norm"), layers.Flatten()],
            "because of layer LayerNormalization 'norm'",
        ),
        (
            layers.LSTM,
            Deaf,
            lambda: [layers.LayerNormalization(), layers.LSTM(4, name="memory")],
            "LSTM 'memory'",
        ),
        (
            layers.LayerNormalization,
            Forgetful,
            lambda: [keras.Sequential([layers.LayerNormalization(name="deep")]), layers.Flatten()],
            "'deep'",
        ),
    ],
    ids=["norm", "recurrent", "nested"],
)
def test_another_function_is_refused_and_its_layer_named(monkeypatch, own, wrong, stack, names):
    monkeypatch.setitem(quantisable._FORMS, own, wrong)
    with pytest.raises(ExportError, match=names) as error:
        check(network(*stack()))
    assert "in the form that is converted, gives other answers" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("layer", [Random(), OfTheBatch()], ids=["random", "of the batch"])
def test_what_the_given_model_does_by_itself_is_left_to_the_gates(layer):
    check(network(layers.LayerNormalization(), layer, layers.Flatten()))


@pytest.mark.parametrize(
    "stack",
    [
        lambda: [layers.LayerNormalization(), layers.GRU(4)],
        lambda: [layers.Masking(), layers.LSTM(4, return_sequences=True), layers.LSTM(3)],
    ],
    ids=["norm", "masked"],
)
def test_the_same_function_goes_on_whole_and_as_a_stream(stack):
    model = network(*stack())
    check(model)
    check(model, streaming=True)


@pytest.mark.parametrize(
    "layer",
    [layers.Conv1D(4, 3, padding="same"), layers.Conv1D(4, 2, padding="causal")],
    ids=["same", "causal"],
)
def test_a_stream_whose_layers_look_at_several_steps_is_refused(layer):
    with pytest.raises(ExportError, match="fed step by step, gives other answers"):
        check(network(layer, layers.LSTM(4)), streaming=True)
