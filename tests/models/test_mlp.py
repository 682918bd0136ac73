import keras
import numpy as np
import pytest

from zoo.errors import RequestError
from zoo.models import build

ORDERS = ("post_activation", "relu_output", "linear_output")
X = np.random.default_rng(0).normal(5, 3, size=(8, 10)).astype(np.float32)


def mlp(**config):
    keras.utils.set_random_seed(0)
    small = {"depth": 3, "width": 16, "num_classes": 3, "input_shape": (10,)}
    return build("residual_mlp", **{**small, **config})


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize("shortcut", ["auto", "pad", "projection", "identity", "none"])
@pytest.mark.parametrize("order", ORDERS)
def test_every_variant(order, shortcut, norm):
    model = mlp(order=order, shortcut=shortcut, norm=norm)
    affine = 16 if norm == "none" else 2 * 16  # A bias, or gamma and beta.
    dense = 16 * 16 + affine
    parameters = 10 * 16 + affine + 3 * 2 * dense + 16 * 3 + 3
    parameters += 3 * dense if shortcut == "projection" else 0
    # A norm of its own before the head, since no sum has an activation there.
    parameters += affine if order == "linear_output" and norm != "none" else 0
    assert trainable(model) == parameters
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == (0 if shortcut == "none" else 3)
    assert model.input.name == "features"
    logits = np.asarray(model(X))
    assert logits.shape == (8, 3)
    assert np.isfinite(logits).all()
    assert logits.std(axis=0).min() > 0  # Something reaches the head, in the plain net too.


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_a_model_of_any_depth_starts_as_its_stem_and_head(norm):
    """`zero_init`, the default, against the stem and the head by hand."""
    model = mlp(norm=norm, depth=6, zero_init=True)
    until_stem = keras.Model(model.input, model.get_layer("stem_relu").output)
    kernel, bias = model.get_layer("logits").get_weights()
    expected = np.asarray(until_stem(X)) @ kernel + bias
    np.testing.assert_allclose(np.asarray(model(X)), expected, rtol=1e-5, atol=1e-6)
    assert not np.allclose(np.asarray(mlp(norm=norm, depth=6, zero_init=False)(X)), expected)


def test_the_plain_network_is_a_stack_of_dense_layers():
    """`shortcut="none"` by hand: nothing but dense layers and their ReLUs."""
    model = mlp(shortcut="none", norm="none", mean=[1.0] * 10, std=[2.0] * 10)
    y = (X - 1) / 2
    names = ["stem", *(f"block{i}_{j}" for i in (1, 2, 3) for j in (1, 2))]
    for name in names:
        kernel, bias = model.get_layer(f"{name}_dense").get_weights()
        y = np.maximum(y @ kernel + bias, 0)
    kernel, bias = model.get_layer("logits").get_weights()
    np.testing.assert_allclose(np.asarray(model(X)), y @ kernel + bias, rtol=1e-4, atol=1e-5)


def test_dropout_in_training_only():
    model = mlp(zero_init=False, norm="none")
    assert np.array_equal(model(X), model(X))
    assert not np.array_equal(model(X, training=True), model(X, training=True))
    still = mlp(zero_init=False, norm="none", dropout=0.0)
    assert np.array_equal(still(X, training=True), still(X))


@pytest.mark.parametrize(("num_classes", "output"), [(5, 5), (1, 1), (0, 16)])
def test_heads(num_classes, output):
    """Classes, the one value of a regression, or the features of the last unit."""
    assert mlp(num_classes=num_classes).output_shape == (None, output)


WRONG = [
    ({"depth": 0}, "depth must be a whole number from 1 up, not 0"),
    ({"depth": 2.5}, "depth must be a whole number from 1 up, not 2.5"),
    ({"depth": True}, "depth must be a whole number from 1 up, not True"),
    ({"width": -1}, "width must be a whole number from 1 up, not -1"),
    ({"width": "wide"}, "width must be a whole number from 1 up, not 'wide'"),
    ({"dropout": 1.0}, r"dropout must be in \[0, 1\), not 1.0"),
    ({"dropout": "much"}, r"dropout must be in \[0, 1\), not 'much'"),
    ({"zero_init": "no"}, "zero_init must be true or false, not 'no'"),
    ({"norm": "bach"}, "unknown norm 'bach'; did you mean 'batch'"),
    ({"order": "odd"}, "unknown order 'odd'"),
    ({"shortcut": "skip"}, "unknown shortcut 'skip'"),
    ({"block": "lsmt"}, "unknown block 'lsmt'; did you mean 'lstm'"),
    ({"block": "basic"}, "residual_mlp cannot be built with .*block='basic'"),
    ({"block": "lstm"}, "residual_mlp cannot be built with .*block='lstm'"),
    ({"input_shape": (8, 8)}, r"takes features of shape \(features,\), not \(8, 8\)"),
    ({"input_shape": (None,)}, r"takes features of shape \(features,\), not \(None,\)"),
    ({"mean": [0.0]}, "mean has 1 values for an input of 10 channels"),
    ({"pool": "mean"}, "unknown configuration of residual_mlp: 'pool'"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_requests_are_refused(arguments, message):
    with pytest.raises(RequestError, match=message) as error:
        mlp(**arguments)
    assert "\n" not in str(error.value)
