"""Which models can be exported, and which facts about them are recognised."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from export.errors import ExportError
from export.forms.form import prepare, serving_module


def build(shape, *, dtype="float32"):
    inputs = keras.Input(shape, dtype=dtype)
    x = layers.Flatten()(inputs) if len(shape) > 1 else inputs
    return keras.Model(inputs, layers.Dense(4)(x))


def two(inputs: int, outputs: int):
    given = [keras.Input((3,), name=f"in{i}") for i in range(inputs)]
    total = layers.Add()(given) if inputs > 1 else given[0]
    return keras.Model(given, [layers.Dense(2, name=f"out{i}")(total) for i in range(outputs)])


class Subclassed(keras.Model):
    """Has no graph to look at."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs):
        return self.dense(inputs)


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 3), np.float32))
    return model


def any_size():
    image = keras.Input((None, None, 3))
    return keras.Model(image, layers.GlobalAveragePooling2D()(image))


def mixed():
    inputs = keras.Input((3,))
    return keras.Model(inputs, layers.Dense(2, dtype="mixed_bfloat16", name="half")(inputs))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: two(2, 1), r"has 2 inputs \(in0, in1\); export takes one"),
        (lambda: two(1, 2), r"has 2 outputs"),
        (subclassed, "has no fixed graph"),
        (lambda: keras.Sequential([layers.Dense(2)]), "is not built"),
        (any_size, r"shape \(None, None, None, 3\); build the model with a fixed size"),
        (lambda: build((2, 2, 2, 2)), "export takes images"),
        (lambda: build((3,), dtype="uint8"), "the input is uint8"),
        (mixed, "layer 'half' computes in bfloat16"),
        (lambda: "resnet18", "takes a keras.Model, not str"),
    ],
)
def test_models_that_cannot_be_exported(make, message):
    with pytest.raises(ExportError, match=message) as error:
        prepare(make())
    assert "\n" not in str(error.value)


def test_a_sequence_of_any_length_is_refused():
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, layers.Dense(2)(layers.LSTM(4)(inputs)))
    with pytest.raises(ExportError, match="build the model with a fixed length"):
        prepare(model)


def test_outputs_that_are_not_classes_are_refused():
    inputs = keras.Input((4, 3))
    with pytest.raises(ExportError, match=r"the output has shape \(None, 4, 2\)"):
        prepare(keras.Model(inputs, layers.Dense(2)(inputs)))


@pytest.mark.parametrize(
    ("shape", "kind"), [((8, 8, 3), "image"), ((5,), "features"), ((5, 3), "sequence")]
)
def test_the_input_is_named_after_its_kind(shape, kind):
    form = prepare(build(shape))
    _, serve = serving_module(form, batch=1)
    (spec,) = serve.input_signature
    assert form.kind == kind == spec.name
    assert spec.shape == (1, *shape)


@pytest.mark.parametrize("outputs", ["logits", "probabilities", "values"])
def test_a_softmax_is_appended_to_logits_alone(outputs):
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    model = build((3,))
    form = prepare(model, outputs)
    _, serve = serving_module(form, batch=None)
    expected = keras.ops.softmax(model(x)) if outputs == "logits" else model(x)
    (name,) = {"values": ["values"]}.get(outputs, ["probabilities"])
    assert np.allclose(serve(x)[name], expected, atol=1e-6)
