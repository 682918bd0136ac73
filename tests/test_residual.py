"""Each order and shortcut against its formula, computed by hand in numpy."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.errors import RequestError
from zoo.residual import residual

ORDERS = ("post_activation", "relu_output", "linear_output")
X = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)


def relu(x):
    return np.maximum(x, 0)


def dense_unit(order, shortcut, width, scale="none"):
    """A residual unit whose branch and projection are one dense layer each."""
    x = keras.Input((6,))
    branch = layers.Dense(width, use_bias=False, name="f")
    project = layers.Dense(width, use_bias=False, name="w")
    y = residual(x, branch, project, order=order, shortcut=shortcut, scale=scale)
    model = keras.Model(x, y)
    f = np.asarray(branch.kernel)
    w = np.asarray(project.kernel) if project.built else None
    return np.asarray(model(X)), f, w, model


FORMULAS = {
    "post_activation": lambda x, f, s: relu(x @ f + s),
    "relu_output": lambda x, f, s: relu(x @ f) + s,
    "linear_output": lambda x, f, s: relu(x) @ f + s,
}
SHORTCUTS = [
    # shortcut, width, what is added
    ("auto", 6, lambda x, w: x),
    ("auto", 8, lambda x, w: x @ w),
    ("identity", 6, lambda x, w: x),
    ("projection", 6, lambda x, w: x @ w),
    ("projection", 8, lambda x, w: x @ w),
    ("pad", 6, lambda x, w: x),
    ("pad", 8, lambda x, w: np.pad(x, ((0, 0), (0, 2)))),
    ("none", 6, lambda x, w: 0),
    ("none", 8, lambda x, w: 0),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("shortcut", "width", "added"), SHORTCUTS)
def test_formula(order, shortcut, width, added):
    y, f, w, _ = dense_unit(order, shortcut, width)
    np.testing.assert_allclose(y, FORMULAS[order](X, f, added(X, w)), rtol=1e-5, atol=1e-6)


SCALED = {
    "post_activation": lambda x, f, s, a: relu(a * (x @ f) + s),
    "relu_output": lambda x, f, s, a: a * relu(x @ f) + s,
    "linear_output": lambda x, f, s, a: a * (relu(x) @ f) + s,
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("shortcut", "width", "added"), SHORTCUTS)
def test_scaled_formula(order, shortcut, width, added):
    """It begins as the shortcut, and learns one number. The plain network has none."""
    _, f, w, model = dense_unit(order, shortcut, width, scale="rezero")
    numbers = [v for v in model.trainable_variables if v.path.endswith("scale")]
    if shortcut == "none":
        assert not numbers
        return
    (number,) = numbers
    assert number.shape == ()
    for value in (0.0, -0.7):
        number.assign(value)
        expected = SCALED[order](X, f, added(X, w), value)
        np.testing.assert_allclose(np.asarray(model(X)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("shortcut", "width", "parameters"),
    [("auto", 6, 36), ("auto", 8, 96), ("pad", 8, 48), ("projection", 6, 72), ("none", 8, 48)],
)
def test_only_a_projection_costs_parameters(shortcut, width, parameters):
    assert dense_unit("post_activation", shortcut, width)[3].count_params() == parameters


def test_pad_takes_every_second_place_and_adds_zero_channels():
    x = keras.Input((4, 4, 2))
    branch = layers.Conv2D(5, 1, 2, kernel_initializer="zeros")
    model = keras.Model(x, residual(x, branch, None, shortcut="pad", stride=2, order="relu_output"))
    images = np.random.default_rng(0).normal(size=(1, 4, 4, 2)).astype(np.float32)
    expected = np.pad(images[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (0, 3)))
    np.testing.assert_allclose(np.asarray(model(images)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shortcut": "identity"}, r"'identity' cannot add an input of shape \(6,\) to a branch"),
        ({"shortcut": "pad", "width": 4}, "'pad' cannot narrow 6 channels to 4"),
        ({"shortcut": "skip"}, "unknown shortcut 'skip'"),
        ({"order": "preactivation"}, "unknown order 'preactivation'; did you mean"),
        ({"scale": "zero"}, "unknown scale 'zero'; did you mean 'rezero'"),
    ],
)
def test_what_cannot_be_added_is_refused(arguments, message):
    with pytest.raises(RequestError, match=message):
        dense_unit(**{"order": "post_activation", "shortcut": "auto", "width": 8, **arguments})
