"""Which models can be exported, and what is found out about them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from export.errors import ExportError
from export.forms.form import prepare, reference, serving_module


def build(shape, *, last=None, dtype="float32", classes=4):
    inputs = keras.Input(shape, dtype=dtype)
    x = layers.Flatten()(inputs) if len(shape) > 1 else inputs
    return keras.Model(inputs, layers.Dense(classes, activation=last)(x))


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
    ("make", "outputs", "message"),
    [
        (lambda: two(2, 1), "auto", r"has 2 inputs \(in0, in1\); export takes one"),
        (lambda: two(1, 2), "auto", r"has 2 outputs"),
        (subclassed, "auto", "has no fixed graph"),
        (lambda: keras.Sequential([layers.Dense(2)]), "auto", "is not built"),
        (any_size, "auto", r"shape \(None, None, None, 3\); build the model with a fixed size"),
        (lambda: build((2, 2, 2, 2)), "auto", "export takes images"),
        (lambda: build((3,), dtype="uint8"), "auto", "the input is uint8"),
        (mixed, "auto", "layer 'half' computes in bfloat16"),
        (lambda: build((3,), classes=1), "logits", "a softmax over one output"),
        (lambda: build((3,)), "scores", "unknown kind of outputs 'scores'; known: auto"),
        (lambda: "resnet18", "auto", "takes a keras.Model, not str"),
    ],
)
def test_models_that_cannot_be_exported(make, outputs, message):
    with pytest.raises(ExportError, match=message) as error:
        prepare(make(), outputs)
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
    ("model", "expected"),
    [
        (lambda: build((3,)), "logits"),
        (lambda: build((3,), last="softmax"), "probabilities"),
        (lambda: build((3,), last="sigmoid", classes=1), "probabilities"),
        (lambda: build((3,), classes=1), "values"),
        (
            lambda: keras.Sequential([keras.Input((3,)), build((3,), last="softmax")]),
            "probabilities",
        ),
        (lambda: keras.Sequential([build((3,)), layers.Softmax()]), "probabilities"),
        (lambda: keras.Sequential([build((3,)), layers.Activation("softmax")]), "probabilities"),
    ],
)
def test_auto_looks_at_the_last_activation(model, expected):
    assert prepare(model()).outputs == expected


@pytest.mark.parametrize(
    ("shape", "kind"), [((8, 8, 3), "image"), ((5,), "features"), ((5, 3), "sequence")]
)
def test_the_input_is_named_after_its_kind(shape, kind):
    form = prepare(build(shape))
    _, serve = serving_module(form, batch=1)
    (spec,) = serve.input_signature
    assert form.kind == kind == spec.name
    assert spec.shape == (1, *shape)


def test_softmax_comes_last_and_once():
    x = np.random.default_rng(0).normal(size=(70, 3)).astype(np.float32)
    logits = build((3,))
    expected = keras.ops.softmax(logits(x)).numpy()
    assert np.allclose(reference(prepare(logits), x), expected, atol=1e-6)
    given = build((3,), last="softmax")
    assert np.allclose(reference(prepare(given), x), given(x).numpy(), atol=1e-6)
