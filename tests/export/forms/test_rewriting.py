"""A model calculates without loops during conversion, and gives the same answers."""

from __future__ import annotations

from contextlib import nullcontext

import keras
import numpy as np
import pytest
from keras import layers

from export.child import ChildError
from export.errors import ExportError
from export.forms.form import SIGNATURE, prepare, serving_module
from export.forms.rewriting import recurrent_layers, rewritable, rewritten
from export.forms.saved_model import save_for_conversion
from export.tflite.convert import Arithmetic, Source, convert, run_child
from export.tflite.flatbuffer import read_graph


def network(*recurrent, mask=False):
    inputs = keras.Input((6, 4))
    x = layers.Masking()(inputs) if mask else inputs
    for layer in recurrent:
        x = layer(x)
    model = keras.Model(inputs, layers.Dense(3)(x))
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=weight.shape) * 0.5 for weight in model.get_weights()])
    return model


def sequences(count=9):
    x = np.random.default_rng(2).normal(size=(count, 6, 4)).astype(np.float32)
    x[::2, 4:] = 0
    return x


@pytest.mark.parametrize(
    "make",
    [
        lambda: network(layers.LSTM(5)),
        lambda: network(layers.GRU(5, return_sequences=True), layers.LSTM(3)),
        lambda: network(layers.GRU(5, reset_after=False, go_backwards=True)),
        lambda: network(layers.SimpleRNN(5)),
        lambda: network(layers.Bidirectional(layers.LSTM(4))),
        lambda: network(
            layers.Bidirectional(
                layers.GRU(4), backward_layer=layers.LSTM(4, go_backwards=True), merge_mode="concat"
            )
        ),
        lambda: network(layers.RNN(layers.LSTMCell(4))),
        lambda: network(layers.LSTM(5), mask=True),
    ],
    ids=["lstm", "stack", "gru", "simple", "bidirectional", "two sides", "cell", "masked"],
)
def test_the_rewritten_model_is_the_same_function(make):
    model, x = make(), sequences()
    expected = model(x).numpy()
    own = [(type(layer), dict(vars(layer))) for layer in recurrent_layers(model)]
    with rewritten(model):
        assert all(layer.unroll for layer in recurrent_layers(model))
        assert np.allclose(model(x).numpy(), expected, atol=1e-5)
    assert [(type(layer), dict(vars(layer))) for layer in recurrent_layers(model)] == own


def test_gates_are_computed_one_by_one():
    model = network(layers.Bidirectional(layers.LSTM(4)), layers.Reshape((1, 8)), layers.GRU(3))
    before = [layer.cell.implementation for layer in recurrent_layers(model)]
    with rewritten(model):
        assert [layer.cell.implementation for layer in recurrent_layers(model)] == [1, 1, 1]
    assert [layer.cell.implementation for layer in recurrent_layers(model)] == before


def test_a_model_of_plain_layers_is_not_changed(untrained):
    assert rewritable(untrained) == []


def test_layers_are_their_own_again_after_an_error():
    model = network(layers.LSTM(5, name="memory"))
    with pytest.raises(KeyError), rewritten(model):
        raise KeyError
    assert type(model.get_layer("memory")) is layers.LSTM
    assert not model.get_layer("memory").unroll


def test_a_stateful_layer_is_refused():
    inputs = keras.Input(batch_shape=(1, 6, 4))
    model = keras.Model(inputs, layers.LSTM(3, stateful=True, name="memory")(inputs))
    with pytest.raises(ExportError, match="layer 'memory' is stateful"):
        rewritable(model)


class Hidden(layers.Layer):
    """Keeps a recurrent layer where no walk over a model's own layers finds it."""

    def __init__(self, **config):
        super().__init__(**config)
        self.inner = layers.LSTM(3, name="inner")

    def build(self, shape):
        self.inner.build(shape)

    def call(self, inputs):
        return self.inner(inputs)


@pytest.mark.parametrize(
    "make",
    [
        lambda: network(Hidden()),
        lambda: network(keras.Sequential([layers.LSTM(3)])),
        lambda: network(layers.TimeDistributed(layers.Dense(3)), layers.GRU(3)),
    ],
    ids=["own layer", "sequential", "beside a wrapper"],
)
def test_no_loop_is_drawn_at_any_depth(make):
    _, serve = serving_module(prepare(make()), batch=1)
    graph = serve.get_concrete_function().graph
    assert not {"While", "StatelessWhile", "TensorListReserve"} & {
        o.type for o in graph.get_operations()
    }


def source(model, folder):
    save_for_conversion(prepare(model), folder / "saved")
    np.savez(folder / "calibration.npz", sequence=sequences())
    return Source(str(folder / "saved"), (SIGNATURE,), str(folder / "calibration.npz"))


def test_lstm_and_gru_convert_to_integers_without_loops(tmp_path):
    model = network(layers.LSTM(5, return_sequences=True), layers.GRU(4))
    edge = tmp_path / "edge.tflite"
    assert convert(source(model, tmp_path), {edge: Arithmetic("int8", "int8")}, tmp_path) == {}
    graph = read_graph(edge)
    assert graph.subgraphs == 1
    assert not {"WHILE", "SPLIT", "DEQUANTIZE"} & set(graph.operators)
    assert {tensor.dtype for tensor in graph.tensors} <= {"int8", "int32"}


@pytest.mark.slow
def test_a_rolled_lstm_ends_the_child_and_the_other_files_are_made(tmp_path, monkeypatch):
    monkeypatch.setattr("export.forms.form.rewritten", lambda model: nullcontext())
    rolled = source(network(layers.LSTM(5)), tmp_path)
    files = {
        tmp_path / f"{n}.tflite": Arithmetic(precision, "int8")
        for n, precision in enumerate(("float32", "int8", "float16"))
    }
    failures = convert(rolled, files, tmp_path)
    assert list(failures) == [tmp_path / "1.tflite"]
    assert "SIGSEGV" in failures[tmp_path / "1.tflite"]
    assert "WHILE" in read_graph(tmp_path / "2.tflite").operators


def test_the_reason_of_a_failed_conversion_is_its_last_line(tmp_path):
    with pytest.raises(ChildError, match=r"status 1: KeyError: 'source'$"):
        run_child("export.tflite.convert", {}, tmp_path)
