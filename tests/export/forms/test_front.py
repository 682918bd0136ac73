"""The front of a model: which layers can be one, and that front and body together are the model."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 (a table reads better so)
from keras import ops

from export.errors import ExportError
from export.forms.form import conversion_parts, prepare
from export.forms.front import FRONT, front_of, front_values


def model(*, second=False, around=False, early=False):
    raw = keras.Input((6,))
    x = L.Rescaling(2.0, name="early")(raw) if early else raw
    x = L.Dense(4, name="bins")(x)
    y = L.Activation("relu", name="clip")(x)
    z = L.Dense(3, name="stem")(y)
    if second:
        z = L.Concatenate(name="both")([z, L.Dense(2, name="side")(x)])
    if around:
        z = L.Concatenate(name="both")([z, raw])
    return keras.Model(raw, L.Dense(2, name="head")(z), name="table")


@pytest.mark.parametrize(
    ("names", "changes", "says"),
    [
        (("bin", "clip"), {}, "unknown layer of the front 'bin'; did you mean 'bins'?"),
        ("bins", {}, "front is the string 'bins'; pass a tuple, as in ('bins',)"),
        (("clip",), {}, "layer 'bins' takes the raw input, but is not in the front ('clip')"),
        (("bins", "stem"), {}, "layer 'stem' of the front comes after 'clip', which is not in"),
        (("bins",), {"early": True}, "layer 'early' takes the raw input, but is not in the front"),
        (("bins", "clip"), {"second": True}, "take 2 tensors from it (of 'clip', 'bins')"),
        (("bins", "clip"), {"around": True}, "layer 'both' takes the raw input, but is not in"),
        (("bins", "clip", "stem", "head"), {}, "no layer is behind the front"),
    ],
)
def test_a_front_that_cannot_be_one_is_refused_by_name(names, changes, says):
    with pytest.raises(ExportError) as error:
        front_of(model(**changes), names)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_stream_has_no_front():
    whole = keras.Sequential([keras.Input((8, 3)), L.Dense(4, name="bins"), L.LSTM(2)])
    with pytest.raises(ExportError, match="a stream has no front"):
        prepare(whole, streaming=whole, front=("bins",))


def layered():
    return model(), ("bins", "clip")


def sequential():
    first = [keras.Input((6,)), L.Reshape((3, 2), name="frames"), L.LSTM(4), L.Dense(2)]
    return keras.Sequential(first), ("frames",)


def of_operations():
    raw = keras.Input((6,))
    squares = ops.square(raw)
    whole = keras.Model(raw, L.Dense(2)(L.LayerNormalization()(squares)))
    return whole, (squares._keras_history.operation.name,)


def masked():
    raw = keras.Input((6,))
    x = L.Masking()(L.Reshape((3, 2), name="frames")(raw))
    return keras.Model(raw, L.Dense(2)(L.GRU(3)(x))), ("frames",)


@pytest.mark.parametrize("make", [layered, sequential, of_operations, masked])
def test_front_and_body_together_are_the_model_which_stays_as_it_was(make):
    whole, names = make()
    x = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    x[1, 2:4] = 0.0
    expected = whole(x, training=False).numpy()
    form = prepare(whole, "values", front=names)
    _, first, behind = conversion_parts(form, form.front)
    between = [first(row[None])[FRONT] for row in x]
    assert np.allclose(np.concatenate(between), front_values(form.front, x), atol=1e-5)
    served = np.concatenate([behind(values)["values"] for values in between])
    assert np.allclose(served, expected, atol=1e-5)
    assert np.array_equal(whole(x, training=False), expected)
    assert all(len(layer._inbound_nodes) == 1 for layer in whole.layers)
