import keras
import numpy as np
import pytest

from zoo.blocks.norm import normalise
from zoo.errors import RequestError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(2, 3, size=(4, 5, 6)).astype(np.float32)


def layer_of(norm, **arguments):
    x = keras.Input(X.shape[1:])
    return keras.Model(x, normalise(x, norm, name="n", **arguments))


def standardised(x, axis):
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5)


@pytest.mark.parametrize(
    ("norm", "training", "expected"),
    [
        ("batch", True, standardised(X, (0, 1))),
        ("batch", False, X / np.sqrt(1 + 1e-5)),  # Nothing seen yet: mean 0, variance 1.
        ("layer", True, standardised(X, -1)),
        ("layer", False, standardised(X, -1)),
        ("none", True, X),
        ("none", False, X),
    ],
)
def test_against_numpy(norm, training, expected):
    y = np.asarray(layer_of(norm)(X, training=training))
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def test_batch_norm_does_not_count_padding():
    steps, real = keras.Input((5, 6)), keras.Input((5,), dtype="bool")
    model = keras.Model([steps, real], normalise(steps, "batch", name="n", mask=real))
    mask = np.arange(5) < np.array([5, 1, 3, 2])[:, None]
    x = np.where(mask[..., None], X, 100).astype(np.float32)
    y = np.asarray(model([x, mask], training=True))
    np.testing.assert_allclose(y[mask], standardised(X[mask], 0), rtol=1e-4, atol=1e-4)
    moving = np.asarray(model.get_layer("n_bn").moving_mean)
    np.testing.assert_allclose(moving, 0.1 * X[mask].mean(axis=0), rtol=1e-4)


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_zero_init_gives_zero(norm):
    assert not np.asarray(layer_of(norm, zero_init=True)(X)).any()


def test_unknown_norm_is_refused():
    with pytest.raises(RequestError, match="unknown norm 'batsch'; did you mean 'batch'"):
        layer_of("batsch")
