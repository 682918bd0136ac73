"""The loss as a function of weights, on models whose loss is known in closed form."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.analysis.landscape.curvature import extreme_eigenvalues, negative_curvature, nonconvexity
from zoo.analysis.landscape.measured import random_surface
from zoo.analysis.landscape.objective import Objective
from zoo.data.dataset import Split
from zoo.forms import Vector
from zoo.tasks.regression import REGRESSION

_RANDOM = np.random.default_rng(0)
_X = _RANDOM.standard_normal((40, 2)).astype(np.float32)
_Y = (_X @ [1.5, -0.5] + 0.1 * _RANDOM.standard_normal(40)).astype(np.float32)


def _linear():
    """The loss is a quadratic of two weights."""
    x = keras.Input((2,))
    model = keras.Model(x, layers.Dense(1, use_bias=False, name="logits")(x))
    model.layers[-1].kernel.assign([[0.7], [0.2]])
    return model


def _gated():
    """y = b · relu(a · x), a model of two parameters: no quadratic, and not convex."""
    x = keras.Input((1,))
    inner = layers.Dense(1, use_bias=False, activation="relu", name="inner")(x)
    model = keras.Model(x, layers.Dense(1, use_bias=False, name="logits")(inner))
    model.layers[1].kernel.assign([[0.8]])
    model.layers[2].kernel.assign([[-0.6]])
    return model


def _classifier():
    """30 values, two layers, smooth."""
    x = keras.Input((2,))
    inner = layers.Dense(5, activation="tanh", name="inner")(x)
    return keras.Model(x, layers.Dense(3, name="logits")(inner))


def _quadratic(weights):
    return np.mean((_X @ weights - _Y) ** 2)


def test_surface_of_a_quadratic():
    objective = Objective(_linear(), Split(_X, _Y, task=REGRESSION))
    ways = [{"logits/kernel": np.float32([[1], [0.5]])}, {"logits/kernel": np.float32([[0], [2]])}]
    measure = objective.measure_along(objective.weights, ways)
    for a in (-1.0, 0.0, 0.4):
        for b in (-0.3, 0.0, 1.0):
            expected = _quadratic([0.7 + a, 0.2 + 0.5 * a + 2 * b])
            assert measure((a, b))[0] == pytest.approx(expected, rel=1e-5)


def test_surface_of_two_parameters():
    x, y = _X[:, :1], _Y
    objective = Objective(_gated(), Split(x, y, task=REGRESSION))
    ways = [{"inner/kernel": np.float32([[1]])}, {"logits/kernel": np.float32([[1]])}]
    measure = objective.measure_along(objective.weights, ways)
    for a in np.linspace(-2, 2, 9):
        for b in np.linspace(-2, 2, 9):
            outputs = np.maximum((0.8 + a) * x[:, 0], 0) * (b - 0.6)
            assert measure((a, b))[0] == pytest.approx(np.mean((outputs - y) ** 2), rel=1e-5)


def test_eigenvalues_of_a_quadratic():
    known = np.linalg.eigvalsh(2 * _X.T.astype(np.float64) @ _X / len(_X))
    objective = Objective(_linear(), Split(_X, _Y, task=REGRESSION))
    # ARPACK finds two of at least three: a third weight that the loss does not depend on.
    weights = {**objective.weights, "idle": np.zeros(1, np.float32)}
    extremes = extreme_eigenvalues(objective, weights, ["logits/kernel", "idle"])
    assert extremes == pytest.approx((0.0, known[-1]), rel=1e-4, abs=1e-6)


def _dense_hessian(model, x, y):
    import tensorflow as tf

    variables = [v.value for v in model.trainable_variables]
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            losses = keras.losses.sparse_categorical_crossentropy(y, model(x), from_logits=True)
            loss = tf.reduce_mean(losses)
        gradients = inner.gradient(loss, variables)
        flat = tf.concat([tf.reshape(g, -1) for g in gradients], 0)
    columns = outer.jacobian(flat, variables)
    return np.concatenate([np.reshape(c, (len(flat), -1)) for c in columns], axis=1)


def test_eigenvalues_equal_those_of_the_dense_hessian():
    keras.utils.set_random_seed(3)
    model = _classifier()
    y = (_Y > 0).astype(np.int64) + (_Y > 1)
    objective = Objective(model, Split(_X, y))
    paths = [v.path for v in model.trainable_variables]
    dense = _dense_hessian(model, _X, y)

    vector = np.random.default_rng(1).standard_normal(len(dense))
    product = objective.hessian_times(objective.weights, paths, vector)
    assert product == pytest.approx(dense @ vector, rel=1e-4, abs=1e-5)

    known = np.linalg.eigvalsh(dense)
    assert known[0] < -1e-3 < 1e-3 < known[-1]  # Both signs, so that both ends are tried.
    extremes = extreme_eigenvalues(objective, objective.weights, paths, tolerance=1e-6)
    assert extremes == pytest.approx((known[0], known[-1]), rel=1e-4)


def test_batches_together_are_the_mean(monkeypatch):
    split = Split(_X, (_Y > 0).astype(np.int64))
    model = _classifier()
    whole = Objective(model, split)
    monkeypatch.setattr("zoo.analysis.landscape.objective._VALUES", 14)  # 7 examples in a batch.
    parts = Objective(model, split)
    paths = whole.kernels
    place = whole.measure_along(whole.weights, [])([])
    assert parts.measure_along(parts.weights, [])([]) == pytest.approx(place, rel=1e-6)
    vector = np.ones(sum(whole.weights[path].size for path in paths))
    expected = whole.hessian_times(whole.weights, paths, vector)
    assert parts.hessian_times(parts.weights, paths, vector) == pytest.approx(expected, rel=1e-4)


def test_the_loss_at_the_middle_is_the_models_own(shipped, digits):
    objective = Objective(shipped.model, digits.test)
    loss, accuracy = objective.measure_along(objective.weights, [])([])
    logits = np.asarray(shipped.model(digits.test.x.astype(np.float32)))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    assert loss == pytest.approx(-log[np.arange(64), digits.test.y].mean(), rel=1e-3, abs=1e-5)
    assert accuracy == pytest.approx((logits.argmax(1) == digits.test.y).mean())


def test_statistics_of_the_batch():
    """They undo any scaling of the layer before; the running ones do not."""
    x = keras.Input((2,))
    inner = layers.BatchNormalization(epsilon=1e-9)(layers.Dense(4, name="inner")(x))
    model = keras.Model(x, layers.Dense(2, name="logits")(inner))
    split = Split(_X, (_Y > 0).astype(np.int64))
    losses = {}
    for statistics in ("running", "batch"):
        objective = Objective(model, split, statistics)
        weights = objective.weights
        measure = objective.measure_along(weights, [{"inner/kernel": weights["inner/kernel"]}])
        losses[statistics] = [measure([place])[0] for place in (0, 2)]
    assert losses["batch"][1] == pytest.approx(losses["batch"][0], rel=1e-4)
    assert losses["running"][1] != pytest.approx(losses["running"][0], rel=1e-2)


def test_overflow_is_no_error():
    objective = Objective(_gated(), Split(_X[:, :1], _Y, task=REGRESSION))
    weights = {path: np.full_like(value, 1e30) for path, value in objective.weights.items()}
    assert not np.isfinite(objective.measure_along(weights, [])([])[0])
    weights["idle"] = np.zeros(1, np.float32)
    assert np.isnan(extreme_eigenvalues(objective, weights, [*objective.kernels, "idle"])).all()


@pytest.mark.parametrize(
    ("lowest", "highest", "ratio", "negative"),
    [
        ([0.0, 1.0], [2.0, 3.0], 0.0, 0.0),
        ([-1.0, 1.0], [2.0, 3.0], 0.25, 0.5),
        ([-1.0, np.nan], [2.0, np.nan], 0.5, 1.0),
        ([-9.0, -3.0, -4.0], [1.0, 1.0, 1.0], 16 / 3, 4.0),
        ([np.nan], [np.nan], np.nan, np.nan),
    ],
)
def test_measures_of_convexity(lowest, highest, ratio, negative):
    lowest, highest = np.array(lowest), np.array(highest)
    assert nonconvexity(lowest, highest) == pytest.approx(ratio, nan_ok=True)
    assert negative_curvature(lowest) == pytest.approx(negative, nan_ok=True)


def test_dropout_does_not_reach_the_surface(tmp_path):
    from zoo.checkpoints.load import load
    from zoo.data.dataset import balanced_sample
    from zoo.data.sources import load_dataset
    from zoo.training.recipes.recipe import Recipe
    from zoo.training.train import train_model

    digits = load_dataset("digits", Vector)
    config = {"depth": 1, "width": 16, "dropout": 0.5}
    train_model("residual_mlp", digits, Recipe(epochs=1), tmp_path / "run", config=config)
    split = balanced_sample(digits.train, 64)
    first, second = (
        random_surface(load(tmp_path / "run"), split, tmp_path / name, points=3, statistics="batch")
        for name in "ab"
    )
    assert (first.loss == second.loss).all()


def test_surface_of_a_checkpoint(shipped, digits, tmp_path):
    surface = random_surface(shipped, digits.test, tmp_path, points=5, reach=1.0)
    assert surface.loss.shape == (5, 5)
    assert surface.loss[2, 2] == surface.loss.min()  # It was trained to lie in a valley.
    assert surface.loss[0, 0] > 10 * surface.loss[2, 2]
    again = random_surface(shipped, digits.test, tmp_path, points=5, reach=1.0)
    assert (again.loss == surface.loss).all()
