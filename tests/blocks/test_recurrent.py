import keras
import numpy as np
import pytest

from zoo.blocks import BLOCKS
from zoo.errors import RequestError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 7, 6)).astype(np.float32)
REAL = np.arange(7) < np.array([7, 4, 1])[:, None]


def unit(width, masked=False, **arguments):
    steps, real = keras.Input((7, 6)), keras.Input((7,), dtype="bool")
    y = BLOCKS.get("lstm")(steps, width, mask=real if masked else None, **arguments)
    return keras.Model([steps, real], y)


def randomise(model):
    """Gives every weight a value of its own; returns them by path."""
    for variable in model.variables:
        if variable.dtype == "float32":
            low = 0.5 if "variance" in variable.path else -1.0
            variable.assign(RANDOM.uniform(low, 1.0, variable.shape))
    return {variable.path: np.asarray(variable) for variable in model.variables}


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, real, weights, prefix):
    """Hochreiter and Schmidhuber's cell with forget gates, a step at a time."""
    kernel, recurrent, bias = (
        next(value for path, value in weights.items() if path.startswith(prefix) and end in path)
        for end in ("/kernel", "/recurrent_kernel", "/bias")
    )
    state = carry = np.zeros((len(x), len(recurrent)))
    steps = []
    for step in range(x.shape[1]):
        i, f, g, o = np.split(x[:, step] @ kernel + state @ recurrent + bias, 4, axis=-1)
        new_carry = sigmoid(f) * carry + sigmoid(i) * np.tanh(g)
        here = real[:, step, None]
        carry = np.where(here, new_carry, carry)
        state = np.where(here, sigmoid(o) * np.tanh(new_carry), state)
        steps.append(state)
    return np.stack(steps, axis=1)


def norm_of(y, weights, norm):
    if norm == "none":
        return y
    if norm == "layer":
        y = (y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 1e-5)
        return y * weights["lstm_ln/gamma"] + weights["lstm_ln/beta"]
    y = (y - weights["lstm_bn/moving_mean"]) / np.sqrt(weights["lstm_bn/moving_variance"] + 1e-5)
    return y * weights["lstm_bn/gamma"] + weights["lstm_bn/beta"]


FORMULAS = {
    ("post_activation", "relu"): lambda x, f, s: relu(f(x) + s),
    ("relu_output", "relu"): lambda x, f, s: relu(f(x)) + s,
    ("linear_output", "relu"): lambda x, f, s: f(relu(x)) + s,
    ("post_activation", "linear"): lambda x, f, s: f(x) + s,
    ("linear_output", "linear"): lambda x, f, s: f(x) + s,
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("order", "activation"), FORMULAS)
@pytest.mark.parametrize(
    ("shortcut", "width", "norm"),
    [
        ("auto", 6, "layer"),
        ("auto", 8, "batch"),
        ("projection", 6, "none"),
        ("pad", 8, "layer"),
        ("identity", 6, "none"),
        ("none", 8, "layer"),
    ],
)
def test_the_unit_against_numpy(order, activation, shortcut, width, norm, masked):
    """The LSTM step by step, its norm, and the sum in each step that is no padding, by hand."""
    model = unit(
        width, masked, order=order, activation=activation, shortcut=shortcut, norm=norm, dropout=0.5
    )
    weights = randomise(model)
    real = REAL if masked else np.ones_like(REAL)

    def branch(x):
        return norm_of(lstm(x, real, weights, "lstm_lstm"), weights, norm)

    if shortcut == "projection" or (shortcut == "auto" and width != 6):
        added = X @ weights["lstm_shortcut_dense/kernel"]
    else:
        added = 0 if shortcut == "none" else np.pad(X, ((0, 0), (0, 0), (0, width - 6)))
    expected = FORMULAS[order, activation](X, branch, added)
    y = np.asarray(model([X, REAL]))
    np.testing.assert_allclose(y[real], expected[real], rtol=1e-4, atol=1e-4)
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == (shortcut != "none")


@pytest.mark.parametrize("masked", [False, True])
def test_both_directions_against_numpy(masked):
    model = unit(3, masked, norm="none", bidirectional=True)
    weights = randomise(model)
    real = REAL if masked else np.ones_like(REAL)
    prefix = "lstm_bidirectional/"
    forward = lstm(X, real, weights, f"{prefix}forward")
    backward = lstm(X[:, ::-1], real[:, ::-1], weights, f"{prefix}backward")[:, ::-1]
    expected = np.concatenate([forward, backward], axis=-1) + X
    y = np.asarray(model([X, REAL]))
    np.testing.assert_allclose(y[real], expected[real], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "features", "parameters"),
    [
        # Four gates of inputs, state and bias; a norm has two for each feature.
        ({"width": 6}, 6, 4 * 6 * (6 + 6 + 1) + 12),
        ({"width": 6, "norm": "none"}, 6, 4 * 6 * (6 + 6 + 1)),
        ({"width": 8}, 8, 4 * 8 * (6 + 8 + 1) + 16 + 48),
        ({"width": 8, "shortcut": "none"}, 8, 4 * 8 * (6 + 8 + 1) + 16),
        ({"width": 3, "bidirectional": True}, 6, 2 * 4 * 3 * (6 + 3 + 1) + 12),
        ({"width": 8, "bidirectional": True}, 16, 2 * 4 * 8 * (6 + 8 + 1) + 32 + 96),
    ],
)
def test_shape_and_parameters(arguments, features, parameters):
    model = unit(**arguments)
    assert model.output_shape == (None, 7, features)
    assert sum(np.prod(v.shape) for v in model.trainable_variables) == parameters


@pytest.mark.parametrize("norm", ["batch", "layer"])
@pytest.mark.parametrize(("width", "bidirectional"), [(6, False), (3, True)])
def test_zero_init_starts_the_unit_as_its_shortcut(norm, width, bidirectional):
    model = unit(width, norm=norm, bidirectional=bidirectional, zero_init=True)
    np.testing.assert_array_equal(np.asarray(model([X, REAL])), X)


def test_zero_init_without_a_norm_is_refused():
    with pytest.raises(RequestError, match="zero_init needs a norm"):
        unit(6, norm="none", zero_init=True)


@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
def test_dropout_in_training_only(kind):
    model, plain = unit(16, **{kind: 0.5}), unit(16)
    plain.set_weights([v for v in model.get_weights() if v.dtype == np.float32])
    np.testing.assert_allclose(model([X, REAL]), plain([X, REAL]), rtol=1e-4, atol=1e-5)
    first, second = (np.asarray(model([X, REAL], training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    if kind == "recurrent_dropout":  # The first step has no state to drop from.
        np.testing.assert_array_equal(first[:, 0], second[:, 0])
