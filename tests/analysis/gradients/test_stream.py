import keras
import numpy as np
import pytest

from zoo.analysis.gradients.confusion import BatchGradients, cosines
from zoo.analysis.gradients.depth import draw_batches
from zoo.analysis.gradients.stream import Stream
from zoo.data.dataset import Split
from zoo.models import build
from zoo.tasks.regression import REGRESSION

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(128, 6)).astype(np.float32)
SPLIT = Split(X, np.arange(128) % 3)


def mlp(**config):
    keras.utils.set_random_seed(0)
    small = {"depth": 4, "width": 8, "norm": "none", "zero_init": False, "dropout": 0.0}
    return build("residual_mlp", num_classes=3, input_shape=(6,), **{**small, **config})


def test_the_stream_against_the_outputs_of_the_units():
    model = mlp()
    halves = [Split(X[half], SPLIT.y[half]) for half in (slice(64), slice(64, 128))]
    mean, deviation, positive = Stream(model)(halves)
    for place in range(4):
        layer = model.get_layer(f"block{place + 1}_relu")
        values = np.asarray(keras.Model(model.input, layer.output)(X))
        assert mean[place] == pytest.approx(values.mean(), rel=1e-5)
        assert deviation[place] == pytest.approx(values.std(), rel=1e-4)
        assert positive[place] == pytest.approx((values > 0).mean())


def test_residuals_that_are_not_negative_lift_the_mean():
    means = {order: Stream(mlp(order=order, norm="layer"))(draw_batches(SPLIT, 2, 0))[0]
             for order in ("relu_output", "linear_output")}  # fmt: skip
    assert (np.diff(means["relu_output"]) > 0).all()
    assert means["relu_output"][-1] > 2 * abs(means["linear_output"][-1])


def test_cosines_by_hand():
    angles = cosines(np.array([[1e30, 0], [1e-30, 1e-30], [0, -2], [-3, 0]]))
    half = 0.5**0.5
    np.testing.assert_allclose(angles, [half, 0, -1, -half, -half, 0], atol=1e-7)
    assert np.isnan(cosines(np.array([[0, 0], [1, 1]]))).all()
    assert cosines(np.ones((1, 3))).size == 0


def test_gradients_of_batches_that_want_the_opposite():
    """One weight: a batch whose values are higher pulls it up, one whose are lower down."""
    x = keras.Input((1,))
    model = keras.Model(x, keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(x))
    ones = np.ones((4, 1), np.float32)
    batches = [Split(ones, np.full(4, y, np.float32), task=REGRESSION) for y in (1, 0.5, -1)]
    np.testing.assert_allclose(BatchGradients(model, REGRESSION)(batches), [1, -1, -1])
