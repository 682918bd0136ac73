import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.blocks import BLOCKS
from zoo.errors import RequestError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 7, 6)).astype(np.float32)
REAL = np.arange(7) < np.array([7, 4, 1])[:, None]


def unit(width, masked=False, **arguments):
    steps, real = keras.Input((7, 6)), keras.Input((7,), dtype="bool")
    y = BLOCKS.get("encoder")(steps, width, mask=real if masked else None, **arguments)
    return keras.Model([steps, real], y)


def randomise(model):
    """Gives every weight a value of its own; returns them by path."""
    for variable in model.trainable_variables:
        variable.assign(RANDOM.uniform(-0.5, 0.5, variable.shape))
    return {variable.path: np.asarray(variable) for variable in model.variables}


class ByHand:
    """The block in numpy, a head at a time."""

    def __init__(self, weights, heads, real):
        self.weights, self.heads, self.real = weights, heads, real

    def dense(self, name, x):
        return x @ self.weights[f"{name}/kernel"] + self.weights.get(f"{name}/bias", 0)

    def norm(self, kind, x):
        gamma, beta = (self.weights[f"encoder_{kind}_ln/{part}"] for part in ("gamma", "beta"))
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(
            x.var(-1, keepdims=True) + 1e-5
        ) * gamma + beta

    def attention(self, x):
        q, k, v = (
            np.split(self.dense(f"encoder_attention_{kind}", x), self.heads, axis=-1)
            for kind in ("query", "key", "value")
        )
        heads = []
        for query, key, value in zip(q, k, v, strict=True):
            scores = query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1])
            parts = np.exp(scores) * self.real[:, None, :]
            heads.append(parts / parts.sum(-1, keepdims=True) @ value)
        return self.dense("encoder_attention_output", np.concatenate(heads, axis=-1))

    def mlp(self, x):
        hidden = np.maximum(self.dense("encoder_mlp_1", x), 0)
        return self.dense("encoder_mlp_output", hidden)


FORMULAS = {
    "post_activation": lambda x, f, norm, skip: norm(f(x) + skip(x)),  # Post-norm.
    "relu_output": lambda x, f, norm, skip: norm(f(x)) + skip(x),
    "linear_output": lambda x, f, norm, skip: f(norm(x)) + skip(x),  # Pre-norm.
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("order", FORMULAS)
@pytest.mark.parametrize(
    ("shortcut", "width"), [("auto", 6), ("auto", 8), ("projection", 6), ("none", 6)]
)
def test_the_block_against_numpy(order, shortcut, width, masked):
    model = unit(width, masked, order=order, shortcut=shortcut, heads=2, dropout=0.5)
    hand = ByHand(randomise(model), 2, REAL if masked else np.ones_like(REAL))
    expected = X
    for kind in ("attention", "mlp"):

        def skip(x, kind=kind):
            projected = f"encoder_{kind}_shortcut"
            if f"{projected}/kernel" in hand.weights:
                return hand.dense(projected, x)
            return 0 if shortcut == "none" else x

        expected = FORMULAS[order](
            expected, getattr(hand, kind), lambda x, kind=kind: hand.norm(kind, x), skip
        )
    y = np.asarray(model([X, REAL]))
    np.testing.assert_allclose(y[hand.real], expected[hand.real], rtol=1e-4, atol=1e-4)
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == (0 if shortcut == "none" else 2)


def test_an_open_number_of_steps_and_an_empty_batch():
    """A worker's part of a small batch may be empty."""
    fixed = unit(8, masked=True, heads=2)
    steps, real = keras.Input((None, 6)), keras.Input((None,), dtype="bool")
    network = keras.Model([steps, real], BLOCKS.get("encoder")(steps, 8, heads=2, mask=real))
    network.set_weights(fixed.get_weights())
    np.testing.assert_allclose(network([X, REAL]), fixed([X, REAL]), rtol=1e-5, atol=1e-6)

    @tf.function
    def gradients(x, real):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(network([x, real], training=True))
        return tape.gradient(loss, network.trainable_variables)

    gradients = gradients.get_concrete_function(
        tf.TensorSpec((None, None, 6)), tf.TensorSpec((None, None), tf.bool)
    )
    derived = gradients(tf.constant(X[:0, :1]), tf.constant(REAL[:0, :1]))
    assert all((gradient.numpy() == 0).all() for gradient in derived)


def test_starting_at_zero_it_is_its_shortcut():
    y = unit(6, zero_init=True, heads=3)([X, REAL])
    np.testing.assert_allclose(np.asarray(y), X, atol=1e-6)


def test_heads_have_to_divide_the_width():
    with pytest.raises(RequestError, match="4 heads cannot share a width of 6"):
        unit(6, heads=4)
