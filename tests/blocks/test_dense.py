import keras
import numpy as np
import pytest

from zoo.blocks import BLOCKS

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(4, 6)).astype(np.float32)


def unit(width, **arguments):
    x = keras.Input((6,))
    return keras.Model(x, BLOCKS.get("mlp")(x, width, **arguments))


def randomise(model):
    """Gives every weight a value of its own, statistics too; returns them by path."""
    for variable in model.variables:
        if variable.dtype == "float32":
            low = 0.5 if "variance" in variable.path else -1.0
            variable.assign(RANDOM.uniform(low, 1.0, variable.shape))
    return {variable.path: np.asarray(variable) for variable in model.variables}


def relu(x):
    return np.maximum(x, 0)


def norm_of(x, weights, name, norm):
    """The dense layer `name` and its norm, by hand."""
    y = x @ weights[f"{name}_dense/kernel"]
    if norm == "none":
        return y + weights[f"{name}_dense/bias"]
    if norm == "layer":
        y = (y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 1e-5)
        return y * weights[f"{name}_ln/gamma"] + weights[f"{name}_ln/beta"]
    y = (y - weights[f"{name}_bn/moving_mean"]) / np.sqrt(
        weights[f"{name}_bn/moving_variance"] + 1e-5
    )
    return y * weights[f"{name}_bn/gamma"] + weights[f"{name}_bn/beta"]


FORMULAS = {
    "post_activation": lambda x, f, s: relu(f(x) + s),
    "relu_output": lambda x, f, s: relu(f(x)) + s,
    "linear_output": lambda x, f, s: f(relu(x)) + s,
}


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize("order", FORMULAS)
@pytest.mark.parametrize(
    ("shortcut", "width"),
    [("auto", 6), ("auto", 8), ("projection", 6), ("pad", 8), ("identity", 6), ("none", 8)],
)
def test_the_unit_against_numpy(order, shortcut, width, norm):
    """Two dense layers and their norms, the sum and the ReLU of each order, by hand."""
    model = unit(width, order=order, shortcut=shortcut, norm=norm, dropout=0.5)
    weights = randomise(model)

    def branch(x):
        return norm_of(relu(norm_of(x, weights, "mlp_1", norm)), weights, "mlp_2", norm)

    if shortcut == "projection" or (shortcut == "auto" and width != 6):
        added = norm_of(X, weights, "mlp_shortcut", norm)
    else:
        added = 0 if shortcut == "none" else np.pad(X, ((0, 0), (0, width - 6)))
    expected = FORMULAS[order](X, branch, added)
    np.testing.assert_allclose(np.asarray(model(X)), expected, rtol=1e-4, atol=1e-4)
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == (shortcut != "none")


@pytest.mark.parametrize(
    ("norm", "width", "parameters"),
    [
        # Two kernels, of 6×8 and 8×8, a projection of 6×8; a norm has as many again twice.
        ("batch", 8, 48 + 64 + 48 + 3 * 16),
        ("layer", 8, 48 + 64 + 48 + 3 * 16),
        ("none", 8, 48 + 64 + 48 + 3 * 8),
        ("batch", 6, 36 + 36 + 2 * 12),
    ],
)
def test_parameters(norm, width, parameters):
    model = unit(width, norm=norm)
    assert sum(np.prod(v.shape) for v in model.trainable_variables) == parameters
    assert model.output_shape == (None, width)


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize(
    ("order", "start"), [("post_activation", relu(X)), ("relu_output", X), ("linear_output", X)]
)
def test_zero_init_starts_the_unit_as_its_shortcut(norm, order, start):
    model = unit(6, order=order, norm=norm, zero_init=True)
    np.testing.assert_array_equal(np.asarray(model(X)), start)


def test_dropout_in_training_only():
    model = unit(64, norm="none", dropout=0.5, shortcut="none", order="linear_output")
    assert np.array_equal(model(X), model(X))
    assert not np.array_equal(model(X, training=True), model(X, training=True))
    assert not [layer.name for layer in unit(6).layers if isinstance(layer, keras.layers.Dropout)]
